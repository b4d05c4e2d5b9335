"""A page as a browser takes it apart."""

from html.parser import HTMLParser
from typing import Any

VOID = {"br", "hr", "meta"}
"""Elements that have no end."""


class Parsed(HTMLParser):
    """The page's text with `|` for each tag, its elements, what can be linked to, and what it links to.

    Fails where ends do not fit starts.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert [] == self._open

    @property
    def text(self) -> str:
        return "|".join(self.texts)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
