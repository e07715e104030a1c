"""Finds the route of a path: a tree of segments, in which the most specific pattern wins.

More fixed segments win; with as many, fewer `{name*}`, then fewer `{name}`. Where `{scope*}` could end at several
places it takes as much as it can, since in an id the last `providers` says what the id is of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from blueprinter.casing import fold
from blueprinter.sandbox.model import Handler, Route


class Matched(Struct, frozen=True):
    """A route that fits, and what stood in its braces."""

    handler: Handler
    values: Mapping[str, str]


class _End(Struct):
    """Where patterns end: a handler for each method, with the names that its pattern gives to the captures."""

    rank: tuple[int, int, int]
    methods: dict[str, tuple[Handler, tuple[str, ...]]] = field(default_factory=dict)


class _Node(Struct):
    fixed: dict[str, _Node] = field(default_factory=dict)
    one: _Node | None = None
    many: _Node | None = None
    end: _End | None = None


class Router:
    """All routes of a sandbox."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names, fixed, many = self._root, [], 0, 0
        for segment in _segments(route.pattern):
            if segment.startswith("{") and segment.endswith("*}"):
                names.append(segment[1:-2])
                many += 1
                node.many = node = node.many or _Node()
            elif segment.startswith("{"):
                names.append(segment[1:-1])
                node.one = node = node.one or _Node()
            else:
                fixed += 1
                node = node.fixed.setdefault(fold(segment), _Node())
        if node.end is None:
            node.end = _End((fixed, -many, -(len(names) - many)))
        if route.method in node.end.methods:
            raise ValueError(f"two handlers for {route.method} {route.pattern}")
        node.end.methods[route.method] = (route.handler, tuple(names))

    def find(self, method: str, path: str) -> Matched | frozenset[str]:
        """The route of a request; else the methods that the best pattern for the path does take (none: unknown)."""
        segments = _segments(path)
        best: tuple[_End, tuple[str, ...]] | None = None
        for end, captures in _walk(self._root, segments, [fold(segment) for segment in segments], 0):
            if best is None or end.rank > best[0].rank:
                best = (end, captures)
        if best is None:
            return frozenset()
        end, captures = best
        found = end.methods.get(method)
        if found is None:
            return frozenset(end.methods)
        return Matched(found[0], dict(zip(found[1], captures, strict=True)))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _walk(
    node: _Node, segments: list[str], folded: list[str], place: int
) -> Iterator[tuple[_End, tuple[str, ...]]]:
    """All patterns below a node that fit from a place on, each with what its braces take."""
    if place == len(segments):
        if node.end is not None:
            yield node.end, ()
    else:
        following = node.fixed.get(folded[place])
        if following is not None:
            yield from _walk(following, segments, folded, place + 1)
        if node.one is not None:
            for end, captures in _walk(node.one, segments, folded, place + 1):
                yield end, (segments[place], *captures)
    if node.many is not None:
        for stop in range(len(segments), place - 1, -1):
            if not _may_go_on(node.many, folded, stop):
                continue
            taken = segments[place:stop]
            for end, captures in _walk(node.many, segments, folded, stop):
                yield end, ("/" + "/".join(taken) if taken else "", *captures)


def _may_go_on(node: _Node, folded: list[str], place: int) -> bool:
    """Whether anything below a node can fit from here: most places of a path are ruled out at once."""
    if place == len(folded):
        return node.end is not None or node.many is not None
    return folded[place] in node.fixed or node.one is not None or node.many is not None
