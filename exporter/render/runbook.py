"""docs/runbook.md: what each alert means, where to look first and what to do, from the tables of indicators.

In come the tables; out goes Markdown, whose very text the exporter also serves as a page. So nothing but CommonMark is
in it, one line per paragraph: a line that is broken inside of PromQL could begin like a quotation or a list.
"""

from collections.abc import Iterable
from inspect import cleandoc

from exporter.indicator import Indicator
from exporter.render.names import alert_name, record_name
from exporter.render.tables import Table

_HEAD = """
# Runbook

An alert's `runbook_url` leads to its heading here. Rendered by `pipeline-exporter render` from the tables of
indicators, at the end of each `exporter/pipelines/*.py` and in `exporter/indicators/`: edit those, not this page.

{contents}

## How to read it

- **critical** pages somebody, **warning** notifies, **info** is recorded. The limits of an indicator are alerts of one
  name; a critical one keeps its warning quiet.
- `persona:repair_ratio` and the like are records: ask Prometheus for one to see how the figure came to where it is.
- `for` is how long a figure has to be beyond a limit until the alert fires, and *stays* how long the alert outlasts it:
  so a figure that wavers pages once, and an alert may still stand when its cause is gone.
- Words in CAPITALS are for you to fill in, mostly from the alert's labels.
- `jq` gives up at a line that is no JSON; `pipeline-exporter lint PIPELINE.STREAM=LOG` lists such lines.

## How to change a limit

Write it into a file of your own, render the rules anew, and have Prometheus reload them:

    # my-limits.yml
    persona:
      repair_ratio: {{warning: ">= 0.12", critical: "> 0.25"}}

    pipeline-exporter render --limits my-limits.yml --out DIR

Where somebody is told of alerts, name that file too (`--receivers my-receivers.yml`): without it nobody is any more.

The exporter, which serves this page at `/runbook`, knows only the limits that it came with. Where rules were rendered
with others, the limit in an alert's own text is the one in force.

## How to silence

One run, for two hours, with a word to whoever comes next:

    amtool --alertmanager.url http://localhost:9093 silence add --duration 2h --comment "the prompt is being mended" \\
      alertname=PersonaRepairRatio run_id=RUN

Without `run_id` this holds for all runs; `pipeline=persona` alone silences the whole pipeline. Alertmanager's own page
does the same by hand. A silence ends by itself.
""".strip()

_OTHERS = "without limits"


def runbook_page(tables: Iterable[Table]) -> str:
    """The whole page."""
    chapters: dict[str, str] = {}
    others: list[str] = []
    for table in tables:
        limited = [indicator for indicator in table.indicators if indicator.limits]
        if limited:
            chapters[table.name] = _chapter(table.name, limited)
        others += [_watched(table.name, indicator) for indicator in table.indicators if not indicator.limits]
    contents = " · ".join(f"[{title}](#{title.replace(' ', '-')})" for title in [*chapters, _OTHERS])
    head = _HEAD.format(contents=contents)
    return "\n\n".join([head, *chapters.values(), f"## {_OTHERS}", "Recorded and shown, never paging.", *others]) + "\n"


def _chapter(table: str, indicators: Iterable[Indicator]) -> str:
    names = [alert_name(table, indicator.name) for indicator in indicators]
    links = "\n".join(f"- [{name}](#{name.lower()})" for name in names)
    return "\n\n".join([f"## {table}", links, *(_alert(table, indicator) for indicator in indicators)])


def _alert(table: str, indicator: Indicator) -> str:
    parts = [
        f"### {alert_name(table, indicator.name)}",
        f"{_subject(table, indicator)} {_limits(indicator)}",
        _part("Meaning", indicator.meaning),
        _part("Impact", indicator.impact),
        _part("First look", "\n".join(f"- {hint}" for hint in indicator.look)),
        _part("What to do", indicator.action),
    ]
    return "\n\n".join(parts)


def _watched(table: str, indicator: Indicator) -> str:
    parts = [f"### {record_name(table, indicator.name)}", _subject(table, indicator)]
    parts.append(_part("Meaning", indicator.meaning))
    if indicator.action:
        parts.append(_part("What to do", indicator.action))
    return "\n\n".join(parts)


def _subject(table: str, indicator: Indicator) -> str:
    """What is watched: title, labels, record and unit."""
    labels = ", ".join(f"`{label}`" for label in indicator.labels)
    each = f" for each {labels}" if labels else ""
    unit = indicator.unit.name.lower().replace("_", " ")
    return f"**{indicator.title}**{each}: `{record_name(table, indicator.name)}` ({unit})."


def _limits(indicator: Indicator) -> str:
    limits = ", ".join(f"{severity} `{limit.text}`" for severity, limit in indicator.limits.items())
    return f"Limits: {limits}; `for` {indicator.pending}, stays for {indicator.keep_firing_for}."


def _part(label: str, text: str) -> str:
    """A labelled paragraph, or a labelled list."""
    text = cleandoc(text)
    return f"**{label}**" + ("\n\n" if text.startswith("- ") else ": ") + text
