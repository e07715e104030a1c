"""HTML as a tree, read strictly: every element is closed in order, or it is one of those without an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_WITHOUT_END = frozenset({"meta", "link", "br", "wbr", "col", "input", "img", "hr"})


@dataclass(eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [
            found
            for found in self.walk()
            if found.tag == tag
            and all(found.attributes.get(name) == value for name, value in attributes.items())
        ]

    def by_id(self, id: str) -> Element:
        (found,) = [element for element in self.walk() if element.attributes.get("id") == id]
        return found

    def within(self, attribute: str) -> Element:
        """The nearest element around this one that has the attribute."""
        element: Element | None = self
        while element is not None and attribute not in element.attributes:
            element = element.parent
        assert element is not None
        return element


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#document", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open[-1])
        self._open[-1].children.append(element)
        if tag not in _WITHOUT_END:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert tag not in _WITHOUT_END, f"</{tag}> has nothing to end"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}> at {self.getpos()}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def finish(self) -> Element:
        self.close()
        assert len(self._open) == 1, f"never closed: {[element.tag for element in self._open[1:]]}"
        return self.root


def read_page(text: str) -> Element:
    builder = _Builder()
    builder.feed(text)
    return builder.finish()
