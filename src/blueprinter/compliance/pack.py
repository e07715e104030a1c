"""What a run is judged by, as one hash: runs are comparable only where it is the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from hashlib import sha256

from msgspec import Struct

from blueprinter.blueprint import ResolvedBlueprint
from blueprinter.casing import fold
from blueprinter.policy import AssignedPolicy

_PLACES = frozenset({"position", "pointer", "then_pointer", "root", "file"})
"""Where something was read; the same pack in another folder is the same pack."""


def pack_sha256(resolved: ResolvedBlueprint | None, policies: Sequence[AssignedPolicy]) -> str:
    """The hash of framework, links and policies with their parameters; empty without a blueprint."""
    if resolved is None:
        return ""
    digest = sha256()
    framework = resolved.framework
    controls = framework.controls.values() if framework is not None else ()
    parts: list[object] = [
        framework.id if framework is not None else "",
        list(controls),
        sorted(" ".join(_words(link)) for link in resolved.links),
        sorted(" ".join(_words(_judged_by(policy))) for policy in policies),
    ]
    for piece in _words(parts):
        digest.update(piece.encode(errors="surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def _judged_by(policy: AssignedPolicy) -> tuple[object, ...]:
    """What decides the verdicts of a policy; its texts for people and its place do not."""
    definition = policy.definition
    return (
        fold(definition.id),
        definition.version,
        definition.mode,
        definition.severity,
        definition.parameters,
        definition.rule,
        policy.parameters,
        fold(policy.scope),
        policy.not_scopes,
        policy.enforced,
        policy.resource_selectors,
        policy.overrides,
    )


def _words(value: object) -> list[str]:
    """A value as a sequence of words, the same for equal values whatever their objects are."""
    words: list[str] = []
    _add(value, words)
    return words


def _add(value: object, words: list[str]) -> None:
    if isinstance(value, str):
        words.append(repr(str(value)))
    elif value is None or isinstance(value, (bool, int, float)):
        words.append(str(value))
    elif isinstance(value, Struct):
        words.append(type(value).__name__)
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name not in _PLACES and not callable(inner):
                words.append(name)
                _add(inner, words)
    elif isinstance(value, Mapping):
        words.append("{")
        for key in sorted(value, key=str):
            words.append(str(key))
            _add(value[key], words)
        words.append("}")
    elif isinstance(value, Set):
        _add(sorted(str(one) for one in value), words)
    elif isinstance(value, Iterable):
        words.append("[")
        for one in value:
            _add(one, words)
        words.append("]")
    else:
        words.append(str(value))
