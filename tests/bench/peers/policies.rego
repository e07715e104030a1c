# Eight of the shipped policies in Rego: `violations` holds the names of those that a row does not meet.
# The type is asked first and letter case is folded where Azure Policy folds it.
package policies

import rego.v1

kind := lower(input.type)

violations contains "storage-https-only" if {
	kind == "microsoft.storage/storageaccounts"
	input.properties.supportsHttpsTrafficOnly == false
}

violations contains "storage-tls-version" if {
	kind == "microsoft.storage/storageaccounts"
	not safe_tls
}

safe_tls if lower(input.properties.minimumTlsVersion) in {"tls1_2", "tls1_3"}

violations contains "storage-no-anonymous-blobs" if {
	kind == "microsoft.storage/storageaccounts"
	input.properties.allowBlobPublicAccess != false
}

violations contains "storage-no-anonymous-blobs" if {
	kind == "microsoft.storage/storageaccounts"
	object.get(input.properties, "allowBlobPublicAccess", null) == null
	object.get(input.properties, "primaryEndpoints", null) != null
}

violations contains "vm-encryption-at-host" if {
	kind == "microsoft.compute/virtualmachines"
	not encrypted_at_host
}

encrypted_at_host if input.properties.securityProfile.encryptionAtHost == true

violations contains "key-vault-purge-protection" if {
	kind == "microsoft.keyvault/vaults"
	not purge_protected
}

purge_protected if input.properties.enablePurgeProtection == true

violations contains "nic-ip-forwarding-off" if {
	kind == "microsoft.network/networkinterfaces"
	input.properties.enableIPForwarding == true
}

violations contains "app-https-only" if {
	kind == "microsoft.web/sites"
	not contains(lower(object.get(input, "kind", "")), "azurecontainerapps")
	not https_only
}

https_only if input.properties.httpsOnly == true

violations contains "disk-public-access-off" if {
	kind == "microsoft.compute/disks"
	lower(object.get(input.properties, "publicNetworkAccess", "")) != "disabled"
	lower(object.get(input.properties, "networkAccessPolicy", "")) != "denyall"
}
