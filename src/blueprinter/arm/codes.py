"""The diagnostics of templates and their expressions (BP5xx)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP525",
        "the expression does not parse",
        "A string that starts with `[` and ends with `]` is an expression: calls of functions, strings in single "
        "quotes, whole numbers, and access to properties and elements. A function that does not exist, one that "
        "this language does not have, and a wrong number of arguments are found here too, even where the call is "
        "never reached. A string that shall start with `[` is written with `[[`.",
        bad="[concat('a', lenght(parameters('names')))]",
        good="[concat('a', length(parameters('names')))]",
    ),
    CodeRow(
        "BP527",
        "the expression has no value",
        "The expression is well formed, but cannot be computed: an argument has the wrong type, a property or "
        "element is missing, a number leaves its 64 bits, or `fail` was called. Unlike in Azure Policy, a missing "
        "property is an error in a template: `tryGet` gives null instead.",
        bad="[parameters('settings').nmae]",
        good="[tryGet(parameters('settings'), 'name')]",
    ),
    CodeRow(
        "BP520",
        "the template is not well formed",
        "A part of the template has the wrong form: `resources` must be an array (or an object of symbolic names), "
        "parameters, variables and outputs objects; a resource needs a `type` and a `name`, a parameter a type that "
        "exists, an output a value.",
        bad='"parameters": {"size": {"type": "number"}}',
        good='"parameters": {"size": {"type": "int"}}',
    ),
    CodeRow(
        "BP521",
        "a limit of templates is passed",
        "Azure takes at most 256 parameters, 512 variables, 64 outputs and 800 resources with all copies in one "
        "template, 4 MB of template or of parameters, 1 MB in one resource. Deployments may stand in each other 16 "
        "levels deep here, so that a template that links itself comes to an end; and loops, lambdas and functions "
        "are counted, so that they do. Split the template into linked ones, or loop over less.",
    ),
    CodeRow(
        "BP522",
        "the value does not fit its parameter",
        "A value, or a default, has another type than the parameter, is not among `allowedValues`, or passes "
        "`minLength`, `maxLength`, `minValue` or `maxValue`. Texts in `allowedValues` are compared without regard "
        "to case; an array fits when each of its elements is allowed.",
        bad='"defaultValue": 3, "maxValue": 2',
        good='"defaultValue": 2, "maxValue": 2',
    ),
    CodeRow(
        "BP523",
        "a parameter has no value",
        "A parameter without a default needs a value. In the template itself it stays symbolic, with a warning, "
        "and what depends on it is printed as an expression; `--strict` makes it an error. A nested template "
        "gets its values from its deployment, so there it is always an error. A file of parameter values holds "
        '`{"parameters": {"name": {"value": …}}}`.',
    ),
    CodeRow(
        "BP524",
        "a value for a parameter that does not exist",
        "Azure refuses values for parameters that the template does not declare. Most often the name is misspelt.",
    ),
    CodeRow(
        "BP526",
        "the copy loop is not valid",
        "A copy loop has a `name`, a `count` from 0 to 800 and, for properties, variables and outputs, an `input`. "
        "`batchSize` is at least 1.",
        bad='"copy": {"name": "disks", "count": -1}',
        good='"copy": {"name": "disks", "count": 2}',
    ),
    CodeRow(
        "BP528",
        "a linked template was not expanded",
        "Templates are read from files: a `relativePath` beside the template is followed, an address on the network, "
        "a template spec and an address that only Azure knows are not. The resources of such a deployment are missing "
        "from the result. Put the linked template beside its parent and use `relativePath`.",
    ),
    CodeRow(
        "BP529",
        "a condition is not known",
        "Whether the resource or output is deployed depends on something that only Azure knows, or on a parameter "
        "without a value. It is kept, and what is wrong with it is a warning: it may never be deployed.",
    ),
    CodeRow(
        "BP530",
        "the number of copies is not known",
        "How often the loop turns depends on something that only Azure knows, or on a parameter without a value. "
        "One copy is shown, with its index as an expression.",
    ),
    CodeRow(
        "BP531",
        "type and name have different numbers of segments",
        "A type has one segment more than its name, for its namespace: the type `Microsoft.Sql/servers/databases` "
        "needs a name such as `server/database`.",
        bad='"type": "Microsoft.Sql/servers/databases", "name": "orders"',
        good='"type": "Microsoft.Sql/servers/databases", "name": "main/orders"',
    ),
    CodeRow(
        "BP532",
        "resources depend on each other in a circle",
        "Through `dependsOn` or `reference` each resource of the circle waits for the next, so none can be first. "
        "Take one dependency out, for example by making a child resource of its own.",
    ),
    CodeRow(
        "BP533",
        "a dependency is not in the template",
        "`dependsOn` names resources of the same template only: by symbol, name, resource id or copy loop. What "
        "exists already, or is made by another deployment, needs no dependency.",
    ),
    CodeRow(
        "BP534",
        "a resource stands twice in the template",
        "Two resources have the same type and name, and no condition leaves one of them out.",
    ),
    CodeRow(
        "BP535",
        "an assertion does not hold",
        "A template of Bicep's experiment with assertions says under `asserts` what must be true. With these "
        "parameters it is not.",
    ),
    CodeRow(
        "BP536",
        "the Bicep CLI is not installed",
        "Bicep files are compiled by the Bicep CLI of this computer: `bicep` on the PATH, or the one that `az bicep "
        "install` installs. Neither is there. A compiled template (`bicep build FILE` makes one) is read as it is.",
    ),
    CodeRow(
        "BP537",
        "the Bicep file does not compile",
        "The Bicep CLI refuses the file; its own codes start with BCP. It may also have failed to restore a module "
        "from a registry that cannot be reached from here.",
    ),
    CodeRow(
        "BP538",
        "a template is deployed where nothing is judged",
        "The policies of an assignment act in the subscriptions that it names. A template is judged in one of them: "
        "the only one, or the one that `--subscription` names. Anywhere else no policy of the assignment looks at it, "
        "so the population has a hole, and the run is partial.",
        bad="blueprinter evaluate -a assignments/several-scopes.yaml main.bicep",
        good="blueprinter evaluate -a assignments/several-scopes.yaml main.bicep --subscription ID",
    ),
)
