"""What a run is judged by, as one hash: runs are comparable only where it is the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
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
        sorted(" ".join(_text(link)) for link in resolved.links),
        sorted(" ".join(_text(_judged_by(policy))) for policy in policies),
    ]
    for piece in _text(parts):
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


def _text(value: object) -> Iterator[str]:
    """A value as a sequence of words, the same for equal values whatever their objects are."""
    if isinstance(value, Struct):
        yield type(value).__name__
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if name not in _PLACES and not callable(inner):
                yield name
                yield from _text(inner)
    elif isinstance(value, Mapping):
        yield "{"
        for key in sorted(value, key=str):
            yield str(key)
            yield from _text(value[key])
        yield "}"
    elif isinstance(value, Set):
        yield from _text(sorted(str(one) for one in value))
    elif isinstance(value, Iterable) and not isinstance(value, str):
        yield "["
        for one in value:
            yield from _text(one)
        yield "]"
    else:
        yield repr(str(value)) if isinstance(value, str) else str(value)
