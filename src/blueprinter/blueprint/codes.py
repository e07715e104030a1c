"""The diagnostics of blueprints, frameworks, registers and assignments (BP2xx)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP201",
        "the folder holds no single blueprint",
        "A blueprint is a folder with exactly one definition: `blueprint.yaml` or `blueprint.json` (exports of "
        "Azure Blueprints call it `Blueprint.json` or `01-blueprint.json`).",
    ),
    CodeRow(
        "BP202",
        "a name or text is beyond Azure's limits",
        "Names of blueprints and artifacts have at most 48 characters, versions 20, display names 256, "
        "descriptions and change notes 500, strong types 64. Source: Microsoft Learn, limits of Azure Blueprints.",
        bad="properties: {version: 1.0 final}",
        good="properties: {version: 1.0-final}",
    ),
    CodeRow(
        "BP203",
        "unknown kind of artifact",
        "An artifact is a `policyAssignment`, a `roleAssignment` or a `template`.",
        bad="kind: policy",
        good="kind: policyAssignment",
    ),
    CodeRow(
        "BP204",
        "one of several keys is needed",
        "Some things can be said in two ways, and exactly one of them must be used: a definition by its name or by "
        "its id, a template inline or by its file, a parameter by value or by reference.",
    ),
    CodeRow(
        "BP205",
        "a name is taken",
        "Artifacts, and parameters, are known by their names; two of one name cannot be told apart. Letter case "
        "makes no difference. In a folder of Azure Blueprints two artifacts may have one `name`, since its tools "
        "call them after their files: there it is a warning, and they go by their files.",
    ),
    CodeRow(
        "BP206",
        "unknown parameter of the blueprint",
        "An expression uses `parameters('name')`, but the blueprint declares no such parameter. Parameters of "
        "policies and templates are other ones: a blueprint hands its own on to them.",
    ),
    CodeRow(
        "BP207",
        "unknown resource group placeholder",
        "Artifacts that deploy into a resource group name a placeholder under `resourceGroups` of the definition.",
    ),
    CodeRow(
        "BP208",
        "unknown artifact",
        "`dependsOn`, `artifacts('name')` or a link names an artifact that the blueprint does not have. Artifacts go "
        "by their `name`, else by their file's name. In a folder of Azure Blueprints a dependency on nothing is a "
        "warning, and is passed over.",
    ),
    CodeRow(
        "BP209",
        "the expression is not valid",
        "Outside of templates, blueprints know `parameters`, `concat`, `artifacts`, `resourceGroup`, "
        "`resourceGroups` and `subscription`. A text that only looks like an expression starts with `[[`.",
        bad="\"[parameter('location')]\"",
        good="\"[parameters('location')]\"",
    ),
    CodeRow(
        "BP210",
        "`resourceGroup()` has no meaning here",
        "It stands for the resource group that an artifact is deployed into; a definition, or an artifact that "
        "targets the subscription, has none. `resourceGroups('placeholder')` works everywhere.",
    ),
    CodeRow(
        "BP211",
        "a circle",
        "Artifacts, resource groups or default values wait for each other, so that none can be first.",
    ),
    CodeRow(
        "BP212",
        "a default does not fit its parameter",
        "The default value has another type than the parameter, or is not among its allowed values.",
    ),
    CodeRow(
        "BP213",
        "a secure parameter has a default",
        "A `secureString` or `secureObject` is given by a Key Vault reference of the assignment; a default would "
        "be a secret in a file.",
    ),
    CodeRow(
        "BP214",
        "a secret in a plain parameter",
        "Values of plain parameters are kept in the history of deployments, where many can read them.",
        bad="adminPassword: {type: string}",
        good="adminPassword: {type: secureString}",
    ),
    CodeRow(
        "BP215",
        "the parameters of a template do not match",
        "An artifact gives its template exactly the parameters that the template declares; those with a default "
        "may be left out.",
    ),
    CodeRow(
        "BP216",
        "a template fetches something when it is deployed",
        "Scripts, archives and linked templates at an address elsewhere can change or vanish; then the deployment "
        "does something else, or fails.",
    ),
    CodeRow(
        "BP217",
        "a built-in is deprecated",
        "Microsoft marks definitions as deprecated when nothing maintains them; most are Disabled by default. "
        "A control that rests on one is not tested.",
    ),
    CodeRow(
        "BP218",
        "nothing is known of a built-in",
        "The id has the form of a built-in, but neither the facts that ship with blueprinter nor the catalog hold it.",
    ),
    CodeRow(
        "BP219",
        "the parameters of a built-in do not match",
        "Azure refuses an assignment with a parameter that the definition does not have, and one without a value "
        "for a parameter that has no default.",
    ),
    CodeRow(
        "BP220",
        "a parameter is never used",
        "Nothing in the blueprint refers to this parameter, so its value changes nothing.",
    ),
    CodeRow(
        "BP221",
        "a resource group depends on nothing known",
        "`dependsOn` of a resource group names neither an artifact nor a placeholder. Azure ignored that, and so "
        "does blueprinter.",
    ),
    CodeRow(
        "BP222",
        "the target scope is a management group",
        "Azure Blueprints reserved the value and never accepted it. Assign at a management group instead.",
    ),
    CodeRow(
        "BP224",
        "this must be known when the blueprint is written",
        "Ids of policy and role definitions cannot be computed by an expression, and the name and location of a "
        "resource group cannot come from an artifact: Azure needs them before anything is deployed.",
    ),
    CodeRow(
        "BP225",
        "the template file cannot be used",
        "`templateFile` names a JSON or Bicep file inside the repository, relative to the artifact or to the "
        "blueprint's folder.",
    ),
    CodeRow(
        "BP226",
        "a secure value would be stored in plain text",
        "A secure parameter can only be handed on, whole, to a parameter of a template. In a policy assignment, a "
        "name, a tag or a concatenation it would be readable for everybody.",
    ),
    CodeRow(
        "BP230",
        "a framework file does not hold what it says",
        "`counts` declares how many controls, clauses and leaves the file holds, in all and in each group, so that "
        "a lost or doubled row is found.",
    ),
    CodeRow("BP231", "a control stands twice", "The ids of a framework are unique."),
    CodeRow("BP232", "unknown group", "Every control belongs to one of the `groups` of its framework."),
    CodeRow(
        "BP233",
        "a mapping does not hold",
        "`from` is a control of this framework, `to` one of the other. `equal` is one to one, `merge` has several "
        "sources for a target, `split` several targets for a source.",
    ),
    CodeRow(
        "BP234",
        "unknown framework",
        "Frameworks are files under `blueprints/frameworks`, shipped or your own, and are called by their `id`. "
        "`blueprinter show frameworks` lists them.",
    ),
    CodeRow(
        "BP240",
        "unknown control",
        "A link names a control that the framework does not have, or a heading that is no requirement of its own.",
        bad="A.8.42: []",
        good="A.8.24: []",
    ),
    CodeRow(
        "BP241",
        "a test cannot be evidence for this control",
        "Controls that are manual or inherited are not decided by configuration, whatever a test finds. "
        "A link of strength `indicative` shows what it found and judges nothing.",
    ),
    CodeRow(
        "BP242",
        "a link names no single test",
        "A link names exactly one of `policyDefinition`, `policyDefinitionId` and `artifact`.",
    ),
    CodeRow(
        "BP243",
        "unknown policy definition",
        "`policyDefinition` is the name of a folder `policies/<category>/<name>`, unique over all categories.",
    ),
    CodeRow(
        "BP244",
        "an artifact is no full test",
        "That a template is deployed and unchanged is a precondition; what a control asks for is read by policies.",
    ),
    CodeRow(
        "BP245",
        "a control is linked to one test twice",
        "The same definition, or its `equivalent`, counts once for a control.",
    ),
    CodeRow(
        "BP246",
        "a test is declared live without need",
        "`source: live` is for definitions that cannot be decided from an inventory. For any other, an offline run "
        "would leave out what it could find.",
    ),
    CodeRow(
        "BP250",
        "a scope is no full id",
        "Scopes are full ARM ids of a management group, subscription, resource group or resource.",
        bad="scope: my-subscription",
        good="scope: /subscriptions/00000000-0000-0000-0000-000000000000",
    ),
    CodeRow(
        "BP251",
        "an entry does not say what it is about",
        "An exemption names policies or controls; an attestation names a control or a policy. One of the two.",
    ),
    CodeRow(
        "BP252",
        "a mitigation without evidence",
        "An exemption of category Mitigated shows what mitigates the risk. Without evidence it counts as a waiver.",
    ),
    CodeRow("BP253", "dates that cannot be", "An entry ends before it begins, or is dated after the run."),
    CodeRow("BP254", "a name stands twice in a register", "Entries are referred to by their names."),
    CodeRow(
        "BP255",
        "attestor and approver are one person",
        "An attestation needs a second pair of eyes; without them it counts as lapsed.",
    ),
    CodeRow(
        "BP256",
        "Compliant without evidence",
        "Who attests that a control holds names at least one file or address that shows it; else it counts as lapsed.",
    ),
    CodeRow("BP257", "evidence without a place", "Evidence is a `path` in the registers folder, or a `uri`."),
    CodeRow(
        "BP258",
        "evidence is missing or was changed",
        "The file is gone, or its SHA-256 is not the one that was written down when it was reviewed.",
    ),
    CodeRow(
        "BP260",
        "the Statement of Applicability is not complete",
        "It lists every counted control of its framework exactly once, and nothing else.",
    ),
    CodeRow(
        "BP261",
        "an entry of the Statement of Applicability is not complete",
        "An exclusion says why, who approved it and when; what is planned has a date. Some standards allow no "
        "exclusions.",
        bad="A.8.30: {applicable: false}",
        good="A.8.30: {applicable: false, justification: nothing is outsourced, approver: ciso@contoso.example, "
        "approvedOn: 2026-10-01}",
    ),
    CodeRow(
        "BP262",
        "a register speaks of another framework",
        "The entry names a control that the framework of this run does not have, or the statement is about another "
        "framework.",
    ),
    CodeRow(
        "BP263",
        "unknown or retired cloud",
        "Evidence is given for AzureCloud, AzureUSGovernment or AzureChinaCloud. AzureGermanCloud was closed.",
    ),
    CodeRow(
        "BP264",
        "a form is not filled in",
        "The register ships as a form. Until the certificate was downloaded, read and its dates entered, nothing is "
        "inherited from it.",
    ),
    CodeRow(
        "BP265",
        "a definition is not available",
        "The blueprint assigns or links a definition that is neither under policies/ nor in the catalog, so nothing "
        "is tested by it. `blueprinter catalog import FOLDER` reads built-ins from a checkout.",
    ),
    CodeRow(
        "BP266",
        "an expression has no value",
        "The expression is well formed, but cannot be evaluated with the values given.",
    ),
    CodeRow(
        "BP267",
        "a resource group is not known without an assignment",
        "A policy that the blueprint assigns to a resource group is judged on everything, since without an "
        "assignment nobody knows which group that is.",
    ),
    CodeRow(
        "BP268",
        "a resource selector, an override or a message is wrong",
        "A selector has a `kind` and a list `in` or `notIn`; at most 10 of them, with at most 50 values each. An "
        "override replaces `policyEffect` or `definitionVersion`, and an effect only by one that the definition allows "
        "and has the details of. A message is for a reference id that the initiative has. Azure refuses anything else.",
    ),
    CodeRow(
        "BP269",
        "a value that the definition does not take",
        "The blueprint gives a parameter that the policy definition does not declare, or a value of another type "
        "or outside of the allowed ones. Azure refuses such an assignment.",
    ),
    CodeRow(
        "BP270",
        "the assignment has no usable scope",
        "An assignment names one or more subscriptions as `scope`, or a `managementGroup` with `subscriptions`.",
    ),
    CodeRow(
        "BP271",
        "a parameter has no value",
        "It has no default, and the assignment gives none, or gives one that only Azure knows, such as a secret of a "
        "Key Vault. Tests that need it are undecided (`parameter-missing`); Azure refuses a policy without it.",
    ),
    CodeRow(
        "BP272",
        "the assignment gives what the blueprint does not take",
        "A parameter or resource group that the blueprint does not declare, or a value that does not fit.",
    ),
    CodeRow(
        "BP273",
        "a secret in an assignment",
        "A secure parameter is given by a reference to Key Vault, never by value.",
    ),
    CodeRow(
        "BP274",
        "a resource group has no name or location",
        "What the definition leaves open, the assignment gives under `resourceGroups`.",
    ),
    CodeRow(
        "BP275",
        "a setting of the assignment is not valid",
        "Locks, identity, rings and version have the forms that `blueprinter schema assignment` shows.",
    ),
    CodeRow(
        "BP276",
        "another version of the definition is at hand",
        "An assignment or initiative asks for a version of a definition (`1.*.*`). The catalog holds one version of "
        "each built-in, which may judge otherwise. Azure refuses a pin that no version of a custom definition meets.",
    ),
    CodeRow(
        "BP277",
        "unknown kind of file",
        "A file says what it is by its first key, `schema: blueprinter/<kind>/1`, or by its name and folder.",
    ),
)
