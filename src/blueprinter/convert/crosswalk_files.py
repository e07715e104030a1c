"""What a crosswalk becomes: a framework file with its mapping, or a controls.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import yaml

from blueprinter.blueprint import AutomationClass, Control, Framework, Responsibility
from blueprinter.casing import key_of
from blueprinter.convert.crosswalk import Crosswalk, LinkLine, MappingLine
from blueprinter.diagnostics import Diagnostic, InvalidInput, error
from blueprinter.policy import definition_key
from blueprinter.text import did_you_mean

_GROUP_ENDS = re.compile(r"[.\-_ ]")
_GUID = re.compile(r"[0-9a-z]{8}-([0-9a-z]{4}-){3}[0-9a-z]{12}\Z", re.IGNORECASE)
_TESTABLE = (AutomationClass.TECHNICAL, AutomationClass.PARTIAL)


def framework_text(crosswalk: Crosswalk, name: str, title: str, edition: str, known: Framework) -> str:
    """A framework file (YAML) of the controls that a crosswalk names, mapped to a known framework.

    Class and responsibility come from the counterparts: an `equal` one gives its own, any other that can be tested
    gives `partial`, else the control is `manual`. They are proposals to be reviewed. A control's group is the first
    part of its id. Raises `InvalidInput` for counterparts that the known framework does not have.
    """
    faults: list[Diagnostic] = []
    by_control: dict[str, list[tuple[MappingLine, Control]]] = {}
    for line in crosswalk.mappings:
        spelled = _known_control(line.mapped, known, line, faults)
        if spelled is not None:
            by_control.setdefault(line.control, []).append((line, known.controls[spelled]))
    if faults:
        raise InvalidInput(faults)
    groups: dict[str, int] = {}
    controls: list[dict[str, Any]] = []
    for control, lines in by_control.items():
        group = _GROUP_ENDS.split(control, maxsplit=1)[0] or control
        groups[group] = groups.get(group, 0) + 1
        automation, responsibility = _class(lines)
        counterparts = ", ".join(counterpart.id for _, counterpart in lines)
        controls.append(
            {
                "id": control,
                "title": next((line.title for line, _ in lines if line.title), control),
                "group": group,
                "kind": "control",
                "leaf": True,
                "automation": str(automation),
                "responsibility": str(responsibility),
                "reason": f"proposed from {counterparts} of {known.id}",
            }
        )
    value = {
        "schema": "blueprinter/framework/1",
        "id": name,
        "title": title,
        "edition": edition,
        "counts": {"controls": len(controls), "groups": groups},
        "groups": [{"id": group, "title": group} for group in groups],
        "controls": controls,
        "mappings": [
            {"framework": known.id, "from": control, "to": counterpart.id, "relation": line.relation}
            for control, lines in by_control.items()
            for line, counterpart in lines
        ],
    }
    return _yaml(value)


def controls_text(crosswalk: Crosswalk, framework: Framework, policies: Collection[str]) -> str:
    """A controls.yaml of the links that a crosswalk names.

    `policies` are the `definition_key`s under policies/. Raises `InvalidInput` for what is not known, and for direct
    links to controls that no test can be direct evidence for.
    """
    faults: list[Diagnostic] = []
    links: dict[str, list[dict[str, str]]] = {}
    for line in crosswalk.links:
        spelled = _known_control(line.control, framework, line, faults)
        target = _target(line, policies, faults)
        if spelled is None:
            continue
        control = framework.controls[spelled]
        if line.strength.direct and control.automation not in _TESTABLE:
            message = f"`{spelled}` is {control.automation}, so no test can be direct evidence for it"
            faults.append(error("BP298", message, line.position, "make the link indicative"))
        links.setdefault(spelled, []).append({**target, "strength": str(line.strength), "why": line.why})
    if faults:
        raise InvalidInput(faults)
    ordered = {control: links[control] for control in framework.controls if control in links}
    return _yaml({"schema": "blueprinter/controls/1", "framework": framework.id, "controls": ordered})


def _class(lines: Iterable[tuple[MappingLine, Control]]) -> tuple[AutomationClass, Responsibility]:
    found = list(lines)
    equal = next((control for line, control in found if line.relation == "equal"), None)
    if equal is not None and len(found) == 1:
        return equal.automation, equal.responsibility
    shared = any(control.responsibility is not Responsibility.CUSTOMER for _, control in found)
    testable = any(control.automation in _TESTABLE for _, control in found)
    return (
        AutomationClass.PARTIAL if testable else AutomationClass.MANUAL,
        Responsibility.SHARED if shared else Responsibility.CUSTOMER,
    )


def _known_control(
    name: str, framework: Framework, line: MappingLine | LinkLine, faults: list[Diagnostic]
) -> str | None:
    spelled = key_of(framework.controls, name)
    if spelled is None:
        hint = did_you_mean(name, framework.controls) or ""
        faults.append(error("BP297", f"`{framework.id}` has no control `{name}`", line.position, hint))
    elif not framework.controls[spelled].leaf:
        hint = "name a requirement below it"
        faults.append(error("BP297", f"`{spelled}` is a heading, not a requirement", line.position, hint))
        return None
    return spelled


def _target(line: LinkLine, policies: Collection[str], faults: list[Diagnostic]) -> Mapping[str, str]:
    if line.policy.startswith("/") or _GUID.match(line.policy):
        return {"policyDefinitionId": line.policy}
    if definition_key(line.policy) not in policies:
        hint = did_you_mean(line.policy, policies) or "a built-in is named by its GUID or full id"
        faults.append(error("BP297", f"no policy definition `{line.policy}`", line.position, hint))
    return {"policyDefinition": line.policy}


def _yaml(value: object) -> str:
    return str(
        yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=118, default_flow_style=False)
    )
