"""docs/detection.md: what was simulated, what came of it, and what it does not show."""

from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.detection import figures, plan
from benchmarks.detection.attempts import WAVER
from benchmarks.detection.figures import Targets, spread
from benchmarks.detection.outcome import Outcome
from benchmarks.detection.plan import ASPECTS, Size
from benchmarks.detection.truth import TABLE, Key

_HEAD = """\
# Detection

How well, and how soon, do the alerts of `prometheus/rules/persona.yml` see that the "feel" of a run is collapsing?
Written by `make detection`, seed {seed}: the numbers are the same each time.

![From the beginning of a collapse to the page, by aspect and slope, and three runs](detection.svg)

{runs} runs of {personas:,} personas in batches of {size.personas:,}, every other one healthy. Seed 001's own
aggregation, written apart from the exporter, says in which closed batch a run is first beyond a limit; the rules say
when they alert.

"""
_LIMITS = """\
## Limit by limit

*Beyond*: runs with a closed batch beyond the limit, by the seed. *Disagree*: runs in which it is beyond and the alert
is not there, or the other way round. *Late*: scrapes from the first that shows the batch to the alert, at most.
*False*: runs with the alert while nothing is wrong. *Nearest*: the worst closed batch of all healthy runs.

Drift is the slope over all of the run's batches, judged from the fourth on: a share that climbs by 0.5 a batch is at 1
after two, so of its three signals only variety can be expected here.
"""
_SLOPES = """\
## Slope by slope

Batches of a collapse that are generated until it is seen, the one that shows it included. The slope is that of the
aspect that falls fastest: batches from the run's own level to the critical limit.
"""
_METHOD = """
## What was simulated

- A persona takes one to three attempts; {failed[0]:.0%} to {failed[1]:.0%} of a run's attempts fail. Each attempt is
  drawn alone, so a batch's figures scatter as those of a real one do. Every level also wavers from batch to batch, by
  {waver:.0%} of itself at most.
- A healthy run has levels of its own: {levels}.
  Its latency is stable. Levels keep more than three standard deviations of a batch's figure from the warning limits.
  One that is closer crosses them by chance, and rightly warns: that would tell how runs were drawn, not what rules see.
- A collapse begins with one of the batches 2 to {last}. One aspect falls in half of the runs, several in a third, all
  in a sixth, each at a slope of its own: it takes {fastest:g} to {slowest:g} batches to the critical limit, and ends
  somewhere between {shallow:g} and {deep:g} times the way.
- The log is a file that grows while the exporter's own follower, decoder and pipeline read it; only the HTTP server is
  left out. A batch takes a minute, which is {size.steps} scrapes, and closes just after one of them: the worst moment.
- What is scraped goes to the rules as they lie in the repository. `promtool test rules` evaluates them after each
  scrape: Prometheus' own rule manager, `for` and `keep_firing_for` included, with a clock that is moved by hand. It
  goes on for {quiet} minutes after the last line, longer than it takes to call a run stalled.

## What it does not show

- Collapses of other shapes, aspects that hang together, runs in several logs, producers that write late or seldom.
- That the last batch of a run is bad: it is never closed, as no log says that a run has ended.
- A run that is bad from its first batch on: it has no stable latency, so `PersonaLatencyChange` compares bad with bad.
  In part so does one that falls during its first three batches.
- How long a page takes to a phone. What comes on top is one scrape interval, one evaluation interval, and
  Alertmanager's `group_wait`.
- How often runs collapse at all. Where they seldom do, few false warnings are still many among the true ones.
"""
RUNS = {
    "runs": "runs",
    "crossed": "beyond a critical limit in a closed batch",
    "paged": "with a page",
    "open": "beyond one only in the last batch, which never closes: no page",
    "never": "never beyond one",
    "never_warned": "of these, with a warning since the collapse began",
    "warned": "with a warning",
    "early": "with a warning while nothing is wrong",
}
"""How the page calls what became of runs."""


def page(outcomes: Sequence[Outcome], *, seed: int, quiet: int) -> str:
    """The page, without anything that depends on the machine or the time."""
    size = outcomes[0].plan.size
    head = _HEAD.format(seed=seed, runs=len(outcomes), personas=size.batches * size.personas, size=size)
    parts = [_targets(figures.targets(outcomes)), _runs(outcomes), _limits(outcomes), _slopes(outcomes)]
    return head + "\n".join("\n".join(part) + "\n" for part in parts) + method(size, quiet)


def _targets(found: Targets) -> Iterator[str]:
    yield from _table("|what has to be reached|target|found|", "---", "--:", "--:")
    yield _row("runs beyond a critical limit without its page", 0, found.missed)
    yield _row("batches from that one to the page, at most", "≤ 1", found.late)
    yield _row("runs with a page while nothing is wrong", 0, found.false)


def _runs(outcomes: Sequence[Outcome]) -> Iterator[str]:
    collapsing = figures.share(run for run in outcomes if run.collapses)._asdict()
    healthy = figures.share(run for run in outcomes if not run.collapses)._asdict()
    yield from _table("|runs|collapsing|healthy|", "---", "--:", "--:")
    for name, text in RUNS.items():
        yield _row(text, collapsing[name], healthy[name])


def _limits(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield _LIMITS
    head = "|figure|alert|severity|limit|beyond|alerts|disagree|late|false|nearest|"
    yield from _table(head, *["---"] * 4, *["--:"] * 6)
    for row in TABLE:
        for severity, limit in row.limits.items():
            seen = figures.seen(outcomes, (row.alert, severity))
            nearest = f"{figures.nearest(outcomes, row):.3f}"
            yield _row(row.title, f"`{row.alert.split()[0]}`", severity, f"`{limit}`", *seen, nearest)
    stalled = sum(("PersonaStalled", "warning") in run.fired for run in outcomes)
    yield f"\n`PersonaStalled` fires in {stalled} runs; none is left unfinished."
    yield from _false(outcomes)


def _false(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """When the false alerts came, if there are any."""
    early = Counter((key, run.seen(key) + 1) for run in outcomes for key in run.fired if run.seen(key) < run.sound)
    if early:
        yield "\nFalse alerts, and in how many runs with which batch:\n"
        for key in dict.fromkeys(key for key, _ in sorted(early)):
            batches = [f"batch {batch} in {times}" for (of, batch), times in sorted(early.items()) if of == key]
            yield f"- {_name(key)}: {', '.join(batches)}"


def _name(key: Key) -> str:
    alert, _, signal = key[0].partition(" ")
    return f"`{alert}`{f' ({signal})' if signal else ''}, {key[1]}"


def _slopes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield _SLOPES
    head = "|batches to the limit|runs|warned|median, worst batches to the warning|paged|median, worst to the page|"
    yield from _table(head, "---", *["--:"] * 5)
    for some in figures.classes(outcomes):
        took = [cell for values in (some.warned, some.paged) for cell in (len(values), spread(values))]
        yield _row(f"{some.over:g} to {some.to:g}", some.runs, *took)


def method(size: Size, quiet: int) -> str:
    """How runs of a size are simulated, and what that leaves out."""
    wide = (
        "{repairs.low:.0%} to {repairs.high:.0%} of attempts repaired, "
        "{openings.low} to {openings.high} bits of entropy,\n"
        "  pollyanna {pollyanna.low} to {pollyanna.high}, {anchors.low} to {anchors.high} anchors for each attempt"
    )
    return _METHOD.format(
        failed=plan.FAILURES,
        waver=WAVER,
        levels=wide.format(**ASPECTS),
        last=size.batches - 4,
        fastest=plan.FASTEST,
        slowest=plan.SLOWEST,
        shallow=plan.SHALLOWEST,
        deep=plan.DEEPEST,
        size=size,
        quiet=quiet,
    )


def _table(head: str, *alignments: str) -> Iterator[str]:
    yield head
    yield f"|{'|'.join(alignments)}|"


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
