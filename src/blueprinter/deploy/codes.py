"""The diagnostics of deploying (BP640 to BP669)."""

from __future__ import annotations

from blueprinter.diagnostics import CodeRow

CODES: tuple[CodeRow, ...] = (
    CodeRow(
        "BP640",
        "somebody else deployed meanwhile",
        "A deployment stack is its own lock: while one deployment runs, a second one waits for it. When the stack "
        "then holds other content than was to be assigned, another assignment was faster, and nothing is undone "
        "silently. Look with `blueprinter status`, agree on who is right, and assign again.",
    ),
    CodeRow(
        "BP641",
        "the live state is not what the plan was made of",
        "`assign --plan FILE` does what was reviewed or nothing: something was changed between the plan and now. "
        "Make a new plan, and have it reviewed.",
    ),
    CodeRow(
        "BP642",
        "the file is no plan of this assignment",
        "A plan is what `blueprinter plan --out FILE` writes, for the same assignment files and content.",
    ),
    CodeRow(
        "BP643",
        "something of ours is still in use",
        "A definition that other initiatives or assignments use cannot be deleted. It is kept, and what uses it is "
        "named; delete it when that is gone.",
    ),
    CodeRow(
        "BP644",
        "an exemption or attestation has nothing to act on",
        "The assignment makes no policy assignment that contains what the entry names, or (an attestation) none "
        "whose effect is Manual. The entry counts in evaluations, and is not sent to Azure.",
    ),
    CodeRow(
        "BP645",
        "a definition that this cloud does not have",
        "The blueprint assigns a built-in definition, or one that is named by its id, and Azure does not know it: "
        "it was deleted, or never was in this cloud. Assign another one, or import the catalog of this cloud.",
    ),
    CodeRow(
        "BP646",
        "a policy would refuse a resource of this blueprint",
        "A policy that is in force at the scope, or that this blueprint assigns itself, has an effect that denies "
        "what a template of the blueprint makes. Policies that the blueprint assigns act from the second assignment "
        "at the latest, so these count too. Change the template, the parameters, or exclude the resource group.",
    ),
    CodeRow(
        "BP647",
        "an API version that Azure does not have",
        "A template uses an API version of a resource type that the provider does not list any more; Azure refuses "
        "such a request. Change the template to a version that is there.",
    ),
    CodeRow(
        "BP648",
        "a resource provider that is not registered",
        "The subscription has not registered the provider of a resource, or Microsoft.PolicyInsights, without which "
        "there are no policy states. `az provider register -n NAMESPACE` registers it.",
    ),
    CodeRow(
        "BP649",
        "role assignments get in the way",
        "A role assignment of ours whose identity is gone is deleted before the deployment, since Azure never moves "
        "one to another principal. One that somebody else made for the same principal, role and scope is taken over "
        "under its own name; write that name into `adopted.yaml`.",
    ),
    CodeRow(
        "BP650",
        "the scope holds almost as much as Azure allows",
        "Azure limits how many definitions, assignments and role assignments a scope holds. With what the blueprint "
        "adds, the limit is near or passed.",
    ),
    CodeRow(
        "BP651",
        "a right that is missing, or is not known",
        "The roles of whoever asks do not contain an action that the deployment needs. Conditions of role "
        "assignments, deny assignments and eligible roles do not show here, so a right that seems to be there may "
        "still be missing.",
    ),
    CodeRow(
        "BP652",
        "a lock of the old service is in force",
        "Deny assignments of Azure Blueprints refuse what a deployment stack does. The assignment of the old "
        "service can be changed until 31 December 2026; on 31 January 2027 its locks vanish. The steps: export it, "
        "set its lock to None or delete the assignment, assign here with adoption, compare the locks, then delete "
        "the old assignment.",
    ),
    CodeRow(
        "BP653",
        "there is something live that could be adopted",
        "An object that the blueprint makes is there already under this or another name and without our mark. "
        "`blueprinter plan --adopt` writes `adopted.yaml`; review it and keep it with the assignment.",
    ),
    CodeRow(
        "BP654",
        "`blueprinter.yaml` is not as it should be",
        "The file names environments, each with a cloud, a tenant, scopes and files of parameters. "
        "`blueprinter schema environments` prints what may stand in it.",
    ),
    CodeRow(
        "BP655",
        "a version that is published already",
        "Published versions never change. Give the blueprint a new version with its change notes.",
    ),
    CodeRow(
        "BP656",
        "the assignment names another version",
        "The assignment file says which version of the blueprint it wants, and the blueprint at hand is another. "
        "Name a published version, or change the assignment.",
    ),
    CodeRow(
        "BP657",
        "nothing was changed: the answer to a question is missing",
        "What writes to Azure asks first on a terminal. Elsewhere, such as in a pipeline, give --yes.",
    ),
    CodeRow(
        "BP658",
        "there is no such assignment in Azure",
        "Neither a deployment stack nor objects with our mark were found for this assignment.",
    ),
    CodeRow(
        "BP659",
        "a remediation did not succeed",
        "Some deployments of a remediation task failed, or it was cancelled. The task in Azure names the resources.",
    ),
    CodeRow(
        "BP660",
        "a ring is not let in yet",
        "The ring's `promoteWhen` asks how the ring before it did: at most `maxGaps` gaps, for `days` days. It counts "
        "saved runs (`blueprinter evaluate -a ASSIGNMENT --save`) since this content was deployed in the ring before. "
        "A run counts where it looks at every subscription of that ring and decided every test, and nothing of it is "
        "stale or unreadable; from one run to the next, and to now, at most 3 days may pass. With `days: 0` and no "
        "saved run, policy states are read at once. Nothing of the refused ring is written, and the rings before it "
        "stay as they are. With --ring the exit code is 3. To go on all the same, change `promoteWhen` in the file: "
        "the review of that is the record.",
    ),
    CodeRow(
        "BP661",
        "a ring is let in",
        "What `promoteWhen` of the ring asks for holds. What is deployed in a ring stays in it, whatever later runs "
        "say, until the blueprint has other content.",
    ),
    CodeRow(
        "BP662",
        "a version cannot be kept in this template spec",
        "`blueprinter publish --template-spec ID` keeps a version, at most 2 MB, in a template spec of the blueprint's "
        "own. The resource group has to be there.",
    ),
    CodeRow(
        "BP663",
        "a subscription is new in the management group",
        "An assignment on a management group is put on each subscription that is in it when `assign` runs. This one "
        "came since the last time, and gets everything with this run.",
    ),
    CodeRow(
        "BP664",
        "a subscription left the management group",
        "Leaving a management group changes nothing in a subscription: the stack, its locks and its policies are still "
        "there, and no run looks after them any more. Take them back with `unassign --subscription ID`, or give the "
        "subscription an assignment of its own.",
    ),
)
