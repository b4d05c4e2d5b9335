"""What all pages for people share: the same head, the same plain style, no script.

In comes a title, and a body that is HTML already; out goes a page.
"""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --good: #1e8449; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; } small, .quiet { opacity: .65; }
h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; } :target { background: #fc03; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: var(--bad); } .good { color: var(--good); }
code { font-size: .9em; overflow-wrap: anywhere; } pre { overflow-x: auto; }
"""


def framed(title: str, body: str, *, refresh_seconds: int | None = None) -> str:
    """The page, which a browser asks for again every few seconds where that is wanted."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_seconds}">' if refresh_seconds else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">{refresh}
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
{body}
</body></html>
"""
