"""`adopted.yaml`: what is in the live estate already and is taken over, reviewed in git. Rendering reads only files.

```yaml
schema: blueprinter/adopted/1
artifacts:
  audit-vms: {name: 5d0c…, location: westeurope}           # a live policy assignment
  owners: {principalType: Group, names: {<principal>: <GUID of the live role assignment>}}
resourceGroups:
  Hub: {existing: true}                                      # used as it is, never deployed
  Logs: {adopt: true, tags: {cost: "42"}}                    # managed from now on; its own tags stay
roleAssignments: {<the name we would give>: <the live one>}
definitions: {tls-floor: tls-floor-1a2b3c4d}                 # a custom definition or set keeps its name
identities: {<id of a user-assigned identity>: <its principal>}
```
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from blueprinter.blueprint import Blueprint
from blueprinter.casing import fold, key_of
from blueprinter.document import Document, Json, child
from blueprinter.policy import definition_key
from blueprinter.render.faults import Faults
from blueprinter.render.model import Adopted, AdoptedArtifact, AdoptedGroup
from blueprinter.text import did_you_mean

_KEYS = ("schema", "artifacts", "resourceGroups", "roleAssignments", "definitions", "identities")
_ARTIFACT_KEYS = ("name", "location", "principalType", "names")
_GROUP_KEYS = ("existing", "adopt", "tags")


def load_adopted(document: Document, blueprint: Blueprint) -> Adopted:
    """What was adopted for a blueprint. Raises `InvalidInput` with every fault (BP630)."""
    reader = _Reader(document, Faults())
    value = reader.object("", document.value, _KEYS)
    names = [artifact.name for artifact in blueprint.artifacts]
    artifacts: dict[str, AdoptedArtifact] = {}
    for name, row in reader.object("/artifacts", value.get("artifacts"), [*names, "controls"]).items():
        pointer = child("/artifacts", name)
        held = reader.object(pointer, row, _ARTIFACT_KEYS)
        live = reader.texts(f"{pointer}/names", held.get("names"))
        artifacts[fold(name)] = AdoptedArtifact(
            name=reader.text(f"{pointer}/name", held.get("name")),
            location=reader.text(f"{pointer}/location", held.get("location")),
            principal_type=reader.text(f"{pointer}/principalType", held.get("principalType")),
            names={fold(principal): guid for principal, guid in live.items()},
        )
    groups: dict[str, AdoptedGroup] = {}
    listed = reader.object("/resourceGroups", value.get("resourceGroups"), list(blueprint.resource_groups))
    for name, row in listed.items():
        pointer = child("/resourceGroups", name)
        held = reader.object(pointer, row, _GROUP_KEYS)
        if held.get("existing") is True or held.get("adopt") is True:
            tags = reader.texts(f"{pointer}/tags", held.get("tags"))
            groups[fold(name)] = AdoptedGroup(held.get("adopt") is True, tags)
        else:
            place = document.locate(pointer)
            reader.faults.error("BP630", f"what of `{name}`?", place, "`existing: true`, or `adopt: true`")
    found = Adopted(
        artifacts=artifacts,
        groups=groups,
        role_assignments=reader.texts("/roleAssignments", value.get("roleAssignments")),
        definitions={
            definition_key(name): live
            for name, live in reader.texts("/definitions", value.get("definitions")).items()
        },
        principals={
            id.casefold(): principal
            for id, principal in reader.texts("/identities", value.get("identities")).items()
        },
    )
    reader.faults.finish()
    return found


class _Reader:
    """Reads with every fault noted."""

    def __init__(self, document: Document, faults: Faults) -> None:
        self.document, self.faults = document, faults

    def object(self, pointer: str, value: Json, known: Collection[str]) -> Mapping[str, Json]:
        """An object whose keys are known, without regard to case; the known spelling is given back."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.faults.error("BP630", "an object belongs here", self.document.locate(pointer))
            return {}
        found: dict[str, Json] = {}
        spelled = dict.fromkeys(known)
        for key, row in value.items():
            own = key_of(spelled, key)
            if own is None:
                where = self.document.locate(child(pointer, key), key=True)
                hint = did_you_mean(key, known)
                self.faults.error("BP630", f"`{key}` means nothing here", where, hint or "")
            else:
                found[own] = row
        return found

    def text(self, pointer: str, value: Json) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self.faults.error("BP630", "a text belongs here", self.document.locate(pointer))
        return ""

    def texts(self, pointer: str, value: Json) -> Mapping[str, str]:
        """An object of texts with any keys."""
        held = value if isinstance(value, dict) else {}
        if value is not None and not isinstance(value, dict):
            self.faults.error("BP630", "an object belongs here", self.document.locate(pointer))
        return {key: self.text(child(pointer, key), one) for key, one in held.items()}
