"""Markdown as a page: what people see, and that nothing of it is live."""

import pytest

from exporter.web.document import document
from tests.web.page import Parsed


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("<p>a <code>b &lt; c</code> d</p>", "a `b < c` d"),
        ("<p><strong>What to do</strong>: rest</p>", "**What to do**: rest"),
        ("<ul>\n<li>one\ntwo</li>\n<li>three</li>\n</ul>", "- one\n  two\n- three"),
        ("<pre><code>one &gt; 2\n</code></pre>", "    one > 2"),
        ('<h3 id="personarepairratio">PersonaRepairRatio</h3>', "### PersonaRepairRatio"),
        ('<h2 id="how-to-read-it-1">How to <code>read</code> it, 1</h2>', "## How to `read` it, 1"),
        ("<p>min_cluster_size and max_tokens</p>", "min_cluster_size and max_tokens"),
    ],
)
def test_markdown_becomes_html(expected: str, text: str) -> None:
    """Headings can be linked to by what GitHub links them by."""
    page = document(text, title="A page")
    assert expected in page
    assert "A page" in Parsed(page).text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <b onclick=x>b</b>",
        "`<script>`",
        "    <script>",
        "# <script>x",
        "<!-- <script> -->",
        "- <script>",
        "&lt;script>",
    ],
)
def test_html_is_text(text: str) -> None:
    """What looks like HTML is shown, and does nothing."""
    parsed = Parsed(document(text, title="<script>"))
    assert set() == parsed.tags & {"script", "b"}
    assert "<script>" in parsed.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "&#106;avascript:x"])
def test_no_link_is_a_script(address: str) -> None:
    """A link that would run something is none."""
    assert ["/"] == Parsed(document(f"[here]({address}) <{address}>", title="A page")).links
