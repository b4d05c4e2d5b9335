"""The status page: which pipelines are on, what they read, what was refused. Plain HTML, nothing unescaped.

In comes an engine between two chunks; out goes a page for people.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

import msgspec

from exporter import __version__
from exporter.engine import Engine
from exporter.intake import Intake
from exporter.web.frame import framed

FILES_SHOWN = 10
_SPANS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SIZES = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
"""Units in seconds and in bytes, the largest first."""


class StreamStatus(msgspec.Struct):
    """One stream at one moment."""

    pipeline: str
    stream: str
    paths: list[str]
    lines: int
    rejected: dict[str, int]
    lag: int
    last_record: float | None
    unfollowed: dict[str, str]


def describe(engine: Engine) -> list[StreamStatus]:
    """Every stream as it stands now."""
    engine.settle()
    return [_stream(engine, intake) for intake in engine.intakes if intake.counted]


def _stream(engine: Engine, intake: Intake) -> StreamStatus:
    itself = engine.itself
    key = intake.pipeline.name, intake.name
    return StreamStatus(
        *key,
        paths=intake.paths(),
        lines=itself.lines.cell(*key)[0],
        rejected={
            labels[2]: cell[0] for labels, cell in itself.rejected.cells.items() if labels[:2] == key and cell[0]
        },
        lag=intake.lag(),
        last_record=itself.last_record.values.get(key),
        unfollowed=intake.unfollowed(),
    )


def page(streams: Iterable[StreamStatus], *, backlog: int, failure: str | None, now: float) -> str:
    """The status page. `backlog` are bytes still to be read before metrics are shown, `failure` is of the snapshot."""
    by_pipeline: dict[str, list[StreamStatus]] = {}
    for stream in streams:
        by_pipeline.setdefault(stream.pipeline, []).append(stream)
    state = f'<p class="bad">Catching up: {_size(backlog)} still to be read.</p>' if backlog else ""
    if failure:
        state += f'<p class="bad">The last snapshot could not be written: {escape(failure)}</p>'
    tables = "".join(_table(name, streams, now) for name, streams in by_pipeline.items())
    body = f"""<h1>pipeline-exporter <small>{escape(__version__)}</small></h1>
<p><a href="/metrics">/metrics</a> · <a href="/metrics/self">/metrics/self</a> ·
<a href="/-/healthy">/-/healthy</a> · <a href="/-/ready">/-/ready</a> · <a href="/runbook">/runbook</a></p>
{state}{tables}"""
    return framed("pipeline-exporter", body, refresh_seconds=5)


def _table(pipeline: str, streams: list[StreamStatus], now: float) -> str:
    rows = "".join(_row(stream, now) for stream in streams)
    return f"""<h2>{escape(pipeline)}</h2>
<table><tr><th>stream</th><th>files</th><th class="n">lines</th><th class="n">lag</th><th>last record</th>
<th>rejected</th></tr>{rows}</table>"""


def _row(stream: StreamStatus, now: float) -> str:
    rejected = ", ".join(f"{escape(reason)}: {count:,}" for reason, count in sorted(stream.rejected.items()))
    files = [f"<code>{escape(path)}</code>" for path in stream.paths[:FILES_SHOWN]]
    if len(stream.paths) > FILES_SHOWN:
        files.append(f"and {len(stream.paths) - FILES_SHOWN} more")
    files += [
        f'<span class="bad"><code>{escape(path)}</code>: {escape(why)}</span>'
        for path, why in list(stream.unfollowed.items())[:FILES_SHOWN]
    ]
    return (
        f"<tr><td>{escape(stream.stream)}</td>"
        f"<td>{'<br>'.join(files) or '<span class=quiet>waiting for the first file</span>'}</td>"
        f'<td class="n">{stream.lines:,}</td><td class="n">{_size(stream.lag)}</td>'
        f"<td>{_moment(stream.last_record, now)}</td>"
        f'<td class="{"bad" if rejected else "good"}">{rejected or "none"}</td></tr>'
    )


def _moment(time: float | None, now: float) -> str:
    if time is None:
        return '<span class="quiet">none yet</span>'
    try:
        text = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return escape(str(time))
    return f"{text} <small>({_age(now - time)})</small>"


def _age(seconds: float) -> str:
    """A span of time in its largest unit.

    >>> _age(5), _age(7300), _age(-90)
    ('5 s ago', '2 h ago', '1 min ahead')
    """
    unit, length = next((each for each in _SPANS if abs(seconds) >= each[1]), _SPANS[-1])
    return f"{int(abs(seconds) // length)} {unit} {'ago' if seconds >= 0 else 'ahead'}"


def _size(count: float) -> str:
    """A number of bytes in its largest unit.

    >>> _size(0), _size(2048), _size(5 * 1024**3)
    ('0 B', '2.0 KiB', '5.0 GiB')
    """
    if count < 1024:
        return f"{count:.0f} B"
    unit, size = next(each for each in _SIZES if count >= each[1])
    return f"{count / size:.1f} {unit}"
