"""A page that is written in Markdown, as HTML: each heading can be linked to, and nothing in it is live.

In comes CommonMark; out goes a page. Knows nothing of what it says.
"""

import re
from itertools import pairwise

from markdown_it import MarkdownIt

from exporter.web.frame import framed

_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


def document(text: str, *, title: str) -> str:
    """The page. HTML in the text is shown as it is written."""
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(text)
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(content.content))
    html = markdown.renderer.render(tokens, markdown.options, {})
    return framed(title, f'<p><a href="/">pipeline-exporter</a></p>\n{html}')


def anchor(heading: str) -> str:
    """What a heading is linked by, as GitHub makes it.

    >>> anchor("PersonaRepairRatio"), anchor("How to read it"), anchor("`persona:cost`")
    ('personarepairratio', 'how-to-read-it', 'personacost')
    """
    return _NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")
