"""`controls.yaml`: links from the controls of a framework to tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from blueprinter.blueprint.artifacts import by_alias
from blueprinter.blueprint.checks import is_definition_id
from blueprinter.blueprint.faults import Faults
from blueprinter.blueprint.model import (
    OWN_MAPPING,
    Artifact,
    AutomationClass,
    Control,
    Framework,
    Link,
    LinkTarget,
    Strength,
)
from blueprinter.blueprint.parts import items, mapping, text
from blueprinter.casing import fold, key_of
from blueprinter.document import Document, Json, child
from blueprinter.policy import definition_key, is_initiative_id
from blueprinter.text import did_you_mean

_WITHOUT_TESTS = frozenset(
    {AutomationClass.MANUAL, AutomationClass.INHERITED, AutomationClass.INHERITED_AND_ATTESTED}
)
_TARGETS = ("policyDefinition", "policyDefinitionId", "artifact")


class Controls(Struct, frozen=True):
    """What a controls.yaml says."""

    framework: Framework | None
    links: tuple[Link, ...]
    deliberately_empty: tuple[str, ...]


def read_controls(
    document: Document,
    *,
    frameworks: Mapping[str, Framework],
    artifacts: Sequence[Artifact],
    policies: Mapping[str, Sequence[Path]] | None,
    faults: Faults,
) -> Controls:
    """The links of a controls.yaml. `policies`: `definition_key` -> files of that name; None = not checked."""
    from blueprinter.blueprint.schemas.controls import ControlsFile  # pydantic is slow

    faults.shape(document, ControlsFile)
    value = mapping(document.value)
    named = text(value, "framework")
    framework = frameworks.get(named)
    if named and framework is None:
        hint = did_you_mean(named, frameworks) or f"known frameworks: {', '.join(frameworks)}"
        faults.error("BP234", f"no framework `{named}`", document.locate("/framework"), hint)
    source = text(value, "mappedBy") or OWN_MAPPING
    reader = _Reader(document, framework, by_alias(tuple(artifacts)), policies, source, faults)
    links: list[Link] = []
    empty: list[str] = []
    for control, rows in mapping(value.get("controls")).items():
        reader.control(control)
        if rows == []:
            empty.append(control)
        links.extend(reader.links(control, items(rows)))
    return Controls(framework, tuple(links), tuple(empty))


class _Reader(Struct, frozen=True):
    document: Document
    framework: Framework | None
    artifacts: Mapping[str, Artifact]
    policies: Mapping[str, Sequence[Path]] | None
    source: str
    faults: Faults

    def control(self, name: str) -> None:
        """Checks that the control exists and is one that can be judged."""
        if self.framework is None:
            return
        known = self.framework.controls
        where = self.document.locate(child("/controls", name), key=True)
        if name not in known:
            near = key_of(known, name)
            hint = f"did you mean `{near}`?" if near else did_you_mean(name, known)
            self.faults.error("BP240", f"`{self.framework.id}` has no control `{name}`", where, hint)
        elif not known[name].leaf:
            below = [one for one in known if one.startswith(name + ".") and known[one].leaf]
            hint = f"link what stands below it: {', '.join(below)}"
            self.faults.error("BP240", f"`{name}` is a heading, not a requirement", where, hint)

    def links(self, control: str, rows: Collection[Json]) -> list[Link]:
        found: list[Link] = []
        seen: dict[str, int] = {}
        for index, row in enumerate(map(mapping, rows)):
            pointer = f"{child('/controls', control)}/{index}"
            link = self._link(control, row, pointer)
            if link is None:
                continue
            for test in filter(None, (link.test, link.equivalent)):
                if test in seen:
                    where = self.document.locate(pointer)
                    hint = "one test counts once for a control; an `equivalent` is the same test"
                    self.faults.error("BP245", f"`{control}` is linked to `{test}` twice", where, hint)
                    break
            seen.update((test, index) for test in (link.test, link.equivalent) if test)
            self._strength(link, pointer)
            found.append(link)
        return found

    def _link(self, control: str, row: Mapping[str, Json], pointer: str) -> Link | None:
        given = [key for key in _TARGETS if text(row, key)]
        where = self.document.locate(pointer)
        if len(given) != 1:
            hint = f"exactly one of {', '.join(f'`{key}`' for key in _TARGETS)}"
            self.faults.error("BP242", f"a link of `{control}` names no single test", where, hint)
            return None
        key, name = given[0], text(row, given[0])
        test, target = definition_key(name), LinkTarget.POLICY
        place = self.document.locate(child(pointer, key))
        if key == "artifact":
            target = LinkTarget.ARTIFACT
            artifact = self.artifacts.get(fold(name))
            test = artifact.name if artifact is not None else name
            if artifact is None:
                near = did_you_mean(name, (one.name for one in self.artifacts.values()))
                self.faults.error("BP208", f"no artifact `{name}`", place, near)
        elif key == "policyDefinition":
            self._policy(name, child(pointer, key))
        elif is_initiative_id(name):
            hint = "link the members that speak to this control, one by one"
            self.faults.error("BP224", "an initiative is no single test", place, hint)
        elif not is_definition_id(name):
            hint = "a full id, or a built-in's GUID; a name under policies/ is a `policyDefinition`"
            self.faults.error("BP224", f"`{name}` is no id of a definition", place, hint)
        equivalent = text(row, "equivalent")
        if equivalent and not is_definition_id(equivalent):
            hint = "a full id, or a built-in's GUID"
            other = self.document.locate(child(pointer, "equivalent"))
            self.faults.error("BP224", f"`{equivalent}` is no id of a definition", other, hint)
        return Link(
            control=control,
            target=target,
            test=test,
            strength=_strength(text(row, "strength")),
            why=text(row, "why"),
            live_only=text(row, "source") == "live",
            equivalent=definition_key(equivalent) if equivalent else "",
            source=self.source,
            position=where,
        )

    def _policy(self, name: str, pointer: str) -> None:
        check_policy_name(name, self.policies, self.document, pointer, self.faults)

    def _strength(self, link: Link, pointer: str) -> None:
        where = self.document.locate(child(pointer, "strength"))
        if link.target is LinkTarget.ARTIFACT and link.strength is Strength.FULL:
            hint = "that it is deployed and unchanged is partial at most"
            self.faults.error("BP244", f"the artifact `{link.test}` is no full test", where, hint)
        if link.source != OWN_MAPPING:
            # what somebody else maps to a control is reported as theirs, and proves nothing alone
            if link.strength is Strength.FULL:
                hint = "what others map to a control is partial at most"
                self.faults.error("BP244", f"a link of {link.source}'s is no full test", where, hint)
            return
        control = self._known(link.control)
        if control is not None and link.strength.direct and control.automation in _WITHOUT_TESTS:
            message = f"`{control.id}` is {control.automation}, so no test can be direct evidence for it"
            hint = "`indicative` shows what the test found without judging the control by it"
            self.faults.error("BP241", message, where, hint)

    def _known(self, control: str) -> Control | None:
        return self.framework.controls.get(control) if self.framework is not None else None


def check_policy_name(
    name: str,
    policies: Mapping[str, Sequence[Path]] | None,
    document: Document,
    pointer: str,
    faults: Faults,
) -> None:
    """Adds to `faults` when no definition under policies/, or more than one, has this name."""
    if policies is None:
        return
    files = policies.get(definition_key(name), ())
    where = document.locate(pointer)
    if not files:
        hint = did_you_mean(name, policies) or "a built-in is named by `policyDefinitionId`"
        faults.error("BP243", f"no policy definition `{name}` under policies/", where, hint)
    elif len(files) > 1:
        hint = f"rename one of {', '.join(str(file.parent) for file in files)}"
        faults.error("BP243", f"the name `{name}` is not unique under policies/", where, hint)


def _strength(name: str) -> Strength:
    return Strength(name) if name in set(Strength) else Strength.INDICATIVE
