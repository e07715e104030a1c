"""The diagnostics of rendering (BP620 to BP639)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP620",
        "a secret would be written down",
        "A secure parameter may only be a whole parameter of a template artifact, one of type secureString "
        "or secureObject: there the reference to the Key Vault is handed to the nested deployment and read "
        "when it starts. Anywhere else the value would stand in a template, in a policy, or in the history "
        "of deployments.",
        "adminPassword: {value: \"[concat(parameters('password'), '!')]\"}",
        "adminPassword: {value: \"[parameters('password')]\"}",
    ),
    CodeRow(
        "BP621",
        "needed before the deployment starts",
        "Azure has to know names, locations, resource groups, roles and scopes before it deploys anything, "
        "so they cannot be made of the outputs of an artifact. Hand the value in as a parameter, or name "
        "it where both sides use it.",
        "name: \"[artifacts('hub').outputs.groupName]\"",
        "name: \"[parameters('groupName')]\"",
    ),
    CodeRow(
        "BP622",
        "the assignment lacks something that a deployment needs",
        "A rendered assignment needs a scope (a subscription, or a management group), a location for "
        "deployments and identities, and a value for every parameter that has no default.",
    ),
    CodeRow(
        "BP623",
        "nothing is known of a definition",
        "Whether an assignment needs an identity, and which roles, stands in the definition. It is neither "
        "under policies/ nor in the catalog, and no facts of it ship. It is rendered with an identity that "
        "has no roles. Import the built-in definitions: `blueprinter catalog import FOLDER`.",
    ),
    CodeRow(
        "BP624",
        "over or near a limit of Azure",
        "Azure refuses what is over its limits; rendering stops at nine tenths of them, with the number. "
        'Split the blueprint, or shorten what is named. See Microsoft Learn, "Azure subscription and '
        'service limits, quotas, and constraints".',
    ),
    CodeRow(
        "BP625",
        "two resource groups are one",
        "Two placeholders have the same name in this assignment. Azure Blueprints used the one group for "
        "both, and so does the template; the locations must be the same.",
    ),
    CodeRow(
        "BP626",
        "a management group takes policies and roles only",
        "What is deployed at a management group can make policy assignments and role assignments. Resource "
        "groups, template artifacts and the functions of a subscription need subscriptions: name them "
        "under `subscriptions`.",
    ),
    CodeRow(
        "BP627",
        "locks stop the blueprint's own policies",
        "The identity of an assignment that deploys or modifies is refused by the deny settings of the "
        "stack, unless its principal is an exception, and principals of system-assigned identities are not "
        "known beforehand. Give the assignment one user-assigned identity and name its principal under "
        "`locks.excludedPrincipals`.",
    ),
    CodeRow(
        "BP628",
        "a right is needed in another subscription",
        "The identity of an assignment needs a role on a resource that lies elsewhere. The template grants "
        "it there, so who deploys needs the right to assign roles there as well; the locks of the stack do "
        "not reach it.",
    ),
    CodeRow(
        "BP629",
        "a text is cut",
        "Azure takes 128 characters for the display name of a policy assignment and 512 for its "
        "description; Azure Blueprints took more for names.",
    ),
    CodeRow(
        "BP630",
        "what was adopted cannot be used",
        "`adopted.yaml` names, for artifacts and resource groups, what is there already. Keys that mean "
        "nothing, and names that the blueprint does not have, are refused.",
    ),
    CodeRow(
        "BP631",
        "the order cannot be kept",
        "With `--split roles` role assignments are deployed by somebody else, after everything: an "
        "artifact cannot wait for one of them. Remove the `dependsOn`, or render without the split.",
    ),
    CodeRow(
        "BP632",
        "an expression cannot be rendered",
        "Expressions of a blueprint become expressions of the template. This one asks for something that "
        "neither has.",
    ),
)
