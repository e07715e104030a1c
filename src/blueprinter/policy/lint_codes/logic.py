"""What is said of the rules about what can never be, what always is, and counts (BP42x)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

LOGIC: tuple[CodeRow, ...] = (
    CodeRow(
        "BP420",
        "condition that is never true",
        "No resource can meet this condition together with another that must hold as well, such as two "
        "different types in one `allOf`. What it guards is never reached.",
        bad="""{
  "allOf": [
    {"field": "type", "equals": "Microsoft.Sql/servers"},
    {"field": "type", "equals": "Microsoft.Sql/servers/databases"}
  ]
}""",
        good='{"field": "type", "in": ["Microsoft.Sql/servers", "Microsoft.Sql/servers/databases"]}',
    ),
    CodeRow(
        "BP421",
        "condition that is always true",
        "One of these conditions holds whatever the resource is like, so the `anyOf` says nothing: "
        "everything differs from one of two texts.",
        bad="""{
  "anyOf": [
    {"field": "location", "notEquals": "westeurope"},
    {"field": "location", "notEquals": "northeurope"}
  ]
}""",
        good='{"field": "location", "notIn": ["westeurope", "northeurope"]}',
    ),
    CodeRow(
        "BP422",
        "condition that does not depend on anything",
        "Two constants are compared, a list is empty, or every allowed value of a parameter comes out alike.",
        bad='{"allOf": [{"field": "name", "like": "prod-*"}, {"value": "audit", "equals": "deny"}]}',
        good='{"field": "name", "like": "prod-*"}',
    ),
    CodeRow(
        "BP423",
        "condition that stands twice",
        "One `allOf` or `anyOf` holds the same condition twice. Most often the second was meant to be "
        "another.",
        bad='{"anyOf": [{"field": "name", "like": "dev-*"}, {"field": "name", "like": "dev-*"}]}',
        good='{"anyOf": [{"field": "name", "like": "dev-*"}, {"field": "name", "like": "test-*"}]}',
    ),
    CodeRow(
        "BP424",
        "count that always comes out alike",
        "A count is a whole number from 0, and 0 for a missing array: comparing it so says nothing.",
        bad="""{
  "count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]"},
  "greaterOrEquals": 0
}""",
        good="""{
  "count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]"},
  "greater": 0
}""",
    ),
    CodeRow(
        "BP425",
        "`where` that does not look at the member",
        "The `where` of a count is asked of every member. One that reads only other things counts all or "
        "none.",
        bad="""{
  "count": {
    "field": "Microsoft.Network/networkSecurityGroups/securityRules[*]",
    "where": {"field": "name", "like": "nsg-*"}
  },
  "greater": 0
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/networkSecurityGroups/securityRules[*]",
    "where": {
      "field": "Microsoft.Network/networkSecurityGroups/securityRules[*].access",
      "equals": "Allow"
    }
  },
  "greater": 0
}""",
    ),
    CodeRow(
        "BP426",
        "count without a name inside of another",
        "Inside of another count a value count must have a `name`, so that `current('name')` tells the two "
        "apart.",
        bad="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]",
    "where": {
      "count": {
        "value": ["10.0.0.0/8"],
        "where": {
          "value": "[current()]",
          "equals": "[current('Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]')]"
        }
      },
      "equals": 0
    }
  },
  "greater": 0
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]",
    "where": {
      "count": {
        "value": ["10.0.0.0/8"],
        "name": "range",
        "where": {
          "value": "[current('range')]",
          "equals": "[current('Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]')]"
        }
      },
      "equals": 0
    }
  },
  "greater": 0
}""",
    ),
    CodeRow(
        "BP427",
        "name of a count that is no name",
        "The `name` of a value count is made of English letters and digits.",
        bad="""{
  "count": {
    "value": ["dev-*", "test-*"],
    "name": "name pattern",
    "where": {"field": "name", "like": "[current('name pattern')]"}
  },
  "equals": 0
}""",
        good="""{
  "count": {
    "value": ["dev-*", "test-*"],
    "name": "pattern",
    "where": {"field": "name", "like": "[current('pattern')]"}
  },
  "equals": 0
}""",
    ),
    CodeRow(
        "BP428",
        "`current()` without a name inside of nested counts",
        "`current()` stands for the counted member where one count stands around it. Inside of nested counts it needs "
        "the name of a value count, or the alias of a field count.",
        bad="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]",
    "where": {
      "count": {
        "value": ["10.0.0.0/8"],
        "name": "range",
        "where": {
          "value": "[current()]",
          "equals": "[current('Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]')]"
        }
      },
      "equals": 0
    }
  },
  "greater": 0
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]",
    "where": {
      "count": {
        "value": ["10.0.0.0/8"],
        "name": "range",
        "where": {
          "value": "[current('range')]",
          "equals": "[current('Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]')]"
        }
      },
      "equals": 0
    }
  },
  "greater": 0
}""",
    ),
    CodeRow(
        "BP429",
        "count of another array inside of a count",
        "A field count inside of another can only count arrays of the members that the other looks at. Others hang on "
        "nothing that changes with the member: they are counted outside.",
        bad="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/subnets[*]",
    "where": {
      "count": {"field": "Microsoft.Network/virtualNetworks/addressSpace.addressPrefixes[*]"},
      "greater": 1
    }
  },
  "greater": 0
}""",
        good="""{
  "count": {
    "field": "Microsoft.Network/virtualNetworks/subnets[*]",
    "where": {
      "count": {"field": "Microsoft.Network/virtualNetworks/subnets[*].serviceEndpoints[*]"},
      "greater": 1
    }
  },
  "greater": 0
}""",
    ),
)
