"""`dependsOn` in blueprint order: what Azure Blueprints deployed one after the other waits here as well.

Pieces of one stage (roles, or policies, of one place) are deployed side by side; a template or a resource group is a
stage of its own. Each piece waits for the stage before it, for its resource group, and for what it names.
Source: Microsoft Learn, "Understand the deployment sequence in Azure Blueprints".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, field

from blueprinter.arm import Node
from blueprinter.render.pieces import Piece, bracketed, let_wait


class Stages(Struct):
    """Pieces in order, as stages."""

    stages: list[list[Piece]] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Name of a piece -> its place (placeholder of a resource group, or empty)."""
    _keys: list[tuple[str, str]] = field(default_factory=list)

    def add(self, piece: Piece, place: str, resolve: Callable[[str], str]) -> None:
        """Adds a piece after all others. `resolve`: any name that `dependsOn` may use to the name of a piece."""
        self.places[piece.name] = place
        key = (piece.stage, place)
        inside = {other.name for other in self.stages[-1]} if self.stages else set()
        waits = {resolve(name) for name in piece.after} & inside
        if self.stages and piece.stage and self._keys[-1] == key and not waits:
            self.stages[-1].append(piece)
            return
        self.stages.append([piece])
        self._keys.append(key)

    def pieces(self) -> list[Piece]:
        return [piece for stage in self.stages for piece in stage]


def connect(sequence: Stages, resolve: Callable[[str], str], of_place: Callable[[str], str]) -> None:
    """Writes `dependsOn` into the resources. `of_place`: placeholder -> name of the piece that is that group."""
    known = {piece.name: piece for piece in sequence.pieces()}
    before: list[Node] = []
    for stage in sequence.stages:
        for piece in stage:
            named = [resolve(name) for name in piece.after]
            place = sequence.places[piece.name]
            own = [of_place(place)] if place else []
            # what depends on another resource group waits for everything in it
            others = {name for name in named if name not in own}
            inside = [
                other.name
                for other in known.values()
                if sequence.places[other.name] and of_place(sequence.places[other.name]) in others
            ]
            ids = list(before)
            for name in (*own, *named, *inside):
                ids += known[name].ids if name in known and name != piece.name else []
            _wait(piece, ids)
        made = [id for piece in stage for id in piece.ids]
        before = made or before


def _wait(piece: Piece, ids: Sequence[Node]) -> None:
    """The resources of a piece that wait for nothing of their own wait for these ids."""
    own = {bracketed(id) for id in piece.ids}
    wanted = [text for text in dict.fromkeys(map(bracketed, ids)) if text not in own]
    for resource in piece.resources:
        held = resource.get("dependsOn")
        if isinstance(held, list) and any(text in own for text in held):
            continue
        let_wait(resource, wanted)
