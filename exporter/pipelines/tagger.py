"""Lecture tagger: what reasoning chose per category, what the ensemble returned, and what was likely missed. Seed 000.

{"kind": "category_reasoning_result", "lecture_id": "L-17", "category": "Topic", "model": "gpt-4o-mini",
 "chosen_ids": ["ml"], "confidence": {"ml": 0.9}, "rationales_count": 1, "prompt_tokens": 812, "latency_ms": 640,
 "ts": 1769869921234}
{"kind": "ensemble_result", "lecture_id": "L-17", "backfill_triggered": false, "agreement_count": 1, "top3":
 [{"label_id": "ml", "combined": 0.82, "r": 0.9, "p": 0.7, "pth": 0.6}], "total_returned": 4, "ts": 1769869922234}
"""

from collections import defaultdict

import msgspec

from exporter.dashboard import Dashboard, Kind, Panel, buckets, mean, quantiles
from exporter.indicator import Indicator, Unit
from exporter.join import Facts, Join, facts
from exporter.metric import Metrics
from exporter.pipeline import Pipeline, State, Stream
from exporter.promql import quotient
from exporter.record import Count, Identifier, Number, Quantity, Record, Timestamp
from exporter.tally import MILLIONTHS, wholes

SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)

TOPIC = 1
"""Reasoning chose something for the category Topic."""
COVERED = 2
"""The ensemble returned a tag."""
STRONG = 4
"""The prototype suggested a strong tag: p ≥ pth in top3."""


NOTHING = facts(0, 0)
"""Told of a lecture that is there."""
CHOSEN = facts(TOPIC, TOPIC)
EMPTY = facts(TOPIC, 0)
RETURNED = {
    (covered, strong): facts(COVERED | STRONG, covered * COVERED | strong * STRONG)
    for covered in (False, True)
    for strong in (False, True)
}


class CategoryResult(Record, tag_field="kind", tag="category_reasoning_result"):
    """What reasoning chose for a lecture in one category."""

    lecture_id: Identifier
    category: str
    model: str
    chosen_ids: list[Identifier]
    ts: Timestamp = None
    confidence: dict[str, Quantity] | None = None
    prompt_tokens: Count | None = None
    latency_ms: Quantity | None = None


class Candidate(Record):
    """One of the best tags. A prototype score is a cosine, so any of these may be below 0."""

    combined: Number | None = None
    r: Number | None = None
    p: Number | None = None
    pth: Number | None = None


class EnsembleResult(Record, tag_field="kind", tag="ensemble_result"):
    """What reasoning and prototypes together returned for a lecture."""

    lecture_id: Identifier
    total_returned: Count
    ts: Timestamp = None
    backfill_triggered: bool | None = None
    agreement_count: Count | None = None
    top3: list[Candidate] | None = None

    def is_strong(self) -> bool:
        """Whether a prototype score reaches its threshold; seed 000 takes 0 and 1 for missing ones."""
        for candidate in self.top3 or ():
            if (candidate.p or 0) >= (1 if candidate.pth is None else candidate.pth):
                return True
        return False


class TaggerState(State):
    """The lectures, by id."""

    lectures: Join = msgspec.field(default_factory=Join)


_Results = tuple[list[bool], list[float], list[int], list[float]]
"""What waits of results of one category and model: whether each is empty, and the latencies, tokens and scores of some.
Python unpacks a tuple several times faster than a named one."""


class _Pending:
    """What waits of category results, and of ensemble results."""

    def __init__(self) -> None:
        self.categories: defaultdict[tuple[str, str], _Results] = defaultdict(lambda: ([], [], [], []))
        self.returned: list[int] = []
        self.backfills = 0
        self.agreements = 0
        self.scores: defaultdict[str, list[float]] = defaultdict(list)
        """Those of the best tags, by component."""


class Tagger(Pipeline):
    """Folds category results and ensemble results into counters, and joins them by lecture."""

    streams = {
        "events": Stream(
            records=(CategoryResult, EnsembleResult),
            tag="kind",
            help="two lines or more per lecture: one per category, one of the ensemble",
            main=True,
            time="ts",
        )
    }
    state_type = TaggerState

    state: TaggerState

    def declare(self, metrics: Metrics) -> None:
        self._pending = _Pending()
        self.category_results = metrics.counter(
            "tagger_category_results_total",
            "Category results by outcome: tags chosen, or empty.",
            "category",
            "model",
            "outcome",
        )
        self.duration = metrics.histogram(
            "tagger_category_duration_seconds",
            "Time that reasoning took for one category.",
            "category",
            "model",
            bounds=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60),
            per_unit=MILLIONTHS,
        )
        self.tokens = metrics.counter("tagger_tokens_total", "Prompt tokens of reasoning.", "category", "model")
        self.confidence = metrics.histogram(
            "tagger_confidence",
            "Confidence of reasoning in a tag, from 0 to 1.",
            "category",
            bounds=SCORES,
            per_unit=MILLIONTHS,
        )
        self.results = metrics.counter("tagger_results_total", "Ensemble results.")
        self.covered = metrics.counter("tagger_covered_results_total", "Ensemble results with at least one tag.")
        self.backfills = metrics.counter("tagger_backfills_total", "Ensemble results that triggered the backfill.")
        self.agreements = metrics.counter("tagger_agreements_total", "Tags on which reasoning and prototypes agreed.")
        self.tags_returned = metrics.histogram(
            "tagger_tags_returned", "Tags in an ensemble result.", bounds=(0, 1, 2, 3, 5, 8, 13, 21)
        )
        self.top_score = metrics.histogram(
            "tagger_top_score",
            "Scores of an ensemble result's best tag, by component.",
            "component",
            bounds=SCORES,
            per_unit=MILLIONTHS,
        )
        self.lectures = metrics.gauge("tagger_lectures", "Lectures seen.")
        self.lectures_covered = metrics.gauge(
            "tagger_lectures_covered", "Lectures whose last ensemble result has at least one tag."
        )
        self.possible_misses = metrics.gauge(
            "tagger_possible_misses", "Lectures without a Topic chosen though the prototype suggests a strong tag."
        )

    def observe(self, stream: str, log: str, records: list[CategoryResult | EnsembleResult]) -> None:
        categories: list[CategoryResult] = []
        ensembles: list[EnsembleResult] = []
        tellings: list[tuple[Identifier, Facts]] = []
        last: Identifier | None = None
        for record in records:
            lecture = record.lecture_id
            if type(record) is CategoryResult:  # isinstance takes ten times as long where the answer is no
                categories.append(record)
                if record.category == "Topic":
                    tellings.append((lecture, CHOSEN if record.chosen_ids else EMPTY))
                elif lecture != last:  # else the line before has told of it
                    tellings.append((lecture, NOTHING))
            else:
                assert isinstance(record, EnsembleResult)
                ensembles.append(record)
                tellings.append((lecture, RETURNED[record.total_returned > 0, record.is_strong()]))
            last = lecture
        self._take_category_results(categories)
        self._take_results(ensembles)
        self.state.lectures.tell_all(tellings)

    def _take_category_results(self, results: list[CategoryResult]) -> None:
        waiting = self._pending.categories
        for result in results:
            empty, latencies, tokens, scores = waiting[result.category, result.model]
            empty.append(not result.chosen_ids)
            if result.latency_ms is not None:
                if not latencies:
                    self.duration.cell(result.category, result.model, times=0)
                latencies.append(result.latency_ms)
            if result.prompt_tokens is not None:
                if not tokens:
                    self.tokens.cell(result.category, result.model, times=0)
                tokens.append(result.prompt_tokens)
            if result.confidence:
                if not scores:
                    self.confidence.cell(result.category, times=0)
                scores += result.confidence.values()

    def _take_results(self, results: list[EnsembleResult]) -> None:
        pending, scores = self._pending, self._pending.scores
        for result in results:
            pending.returned.append(result.total_returned)
            pending.backfills += result.backfill_triggered is True
            pending.agreements += result.agreement_count or 0
            if result.top3:
                best = result.top3[0]
                if best.combined is not None:
                    scores["combined"].append(best.combined)
                if best.r is not None:
                    scores["reasoning"].append(best.r)
                if best.p is not None:
                    scores["prototype"].append(best.p)

    def settle(self) -> None:
        pending, self._pending = self._pending, _Pending()
        self._settle_category_results(pending)
        lines = len(pending.returned)
        self.results.cell()[0] += lines
        self.covered.cell()[0] += lines - pending.returned.count(0)
        self.backfills.cell()[0] += pending.backfills
        self.agreements.cell()[0] += pending.agreements
        self.tags_returned.observe_all(pending.returned)
        for component, scores in pending.scores.items():
            self.top_score.observe_all(
                wholes(scores if min(scores) >= 0 else [max(0.0, score) for score in scores]), component
            )
        lectures = self.state.lectures
        if lectures.things:
            self.lectures.set(lectures.count())
            self.lectures_covered.set(lectures.count(COVERED))
            self.possible_misses.set(lectures.count(STRONG, but_not=TOPIC))

    def _settle_category_results(self, pending: _Pending) -> None:
        scores_by: defaultdict[str, list[float]] = defaultdict(list)
        for by, (empty, latencies, tokens, scores) in pending.categories.items():
            self.category_results.add(empty.count(False), *by, "chosen", times=empty.count(False))
            self.category_results.add(empty.count(True), *by, "empty", times=empty.count(True))
            if latencies:
                self.duration.observe_all(wholes(latencies, 1000), *by)
            if tokens:
                self.tokens.add(sum(tokens), *by, times=len(tokens))
            scores_by[by[0]] += scores
        for category, scores in scores_by.items():
            if scores:
                self.confidence.observe_all(wholes(scores), category)

    def merges_exactly(self, later: "Tagger") -> bool:
        return super().merges_exactly(later) and self.state.lectures.merges_exactly(later.state.lectures)

    def merge(self, other: "Tagger") -> None:
        super().merge(other)
        self.state.lectures.merge(other.state.lectures)
        self.settle()


Tagger.indicators = (
    Indicator(
        name="coverage_ratio",
        title="Coverage",
        unit=Unit.RATIO,
        expr=quotient("tagger_covered_results_total", "tagger_results_total"),
        more_is_better=True,
        meaning="Share of ensemble results with at least one tag.",
        action="Where it falls, see which category came back empty (`tagger:chosen_ratio`), and sample lectures of it.",
    ),
    Indicator(
        name="backfill_ratio",
        title="Backfill rate",
        unit=Unit.RATIO,
        expr=quotient("tagger_backfills_total", "tagger_results_total"),
        meaning="Share of ensemble results for which neither reasoning nor prototypes suggested anything.",
        action="Where it climbs, both steps lost their input: look at the lectures' text and at the embeddings.",
    ),
    Indicator(
        name="tags_mean",
        title="Tags per result",
        unit=Unit.NUMBER,
        expr=quotient("tagger_tags_returned_sum", "tagger_tags_returned_count"),
        meaning="Mean number of tags in an ensemble result.",
        action="Many more than usual are as suspicious as many fewer: see whether scores shifted, by "
        "`histogram_quantile(0.5, sum by (le, component) (rate(tagger_top_score_bucket[1h])))`.",
    ),
    Indicator(
        name="agreements_mean",
        title="Agreements per result",
        unit=Unit.NUMBER,
        expr=quotient("tagger_agreements_total", "tagger_results_total"),
        meaning="Mean number of tags on which reasoning and prototypes agreed.",
        action="Where it falls while coverage stays, one of the two drifted: compare their scores by "
        "`histogram_quantile(0.5, sum by (le, component) (rate(tagger_top_score_bucket[1h])))`.",
    ),
    Indicator(
        name="chosen_ratio",
        title="Categories with a choice",
        unit=Unit.RATIO,
        expr=quotient(
            'tagger_category_results_total{outcome="chosen"}',
            "tagger_category_results_total",
            without=("model", "outcome"),
        ),
        of="category {category}",
        more_is_better=True,
        meaning="Share of category results for which reasoning chose at least one tag.",
        action="An empty category mostly means answers that can't be parsed, or a list of labels that went missing.",
    ),
    Indicator(
        name="possible_miss_ratio",
        title="Possible misses",
        unit=Unit.RATIO,
        expr="sum without (instance) (tagger_possible_misses) / (sum without (instance) (tagger_lectures) > 0)",
        meaning="Share of lectures without a Topic chosen though the prototype suggests a strong tag.",
        action="Have people look at some of them before changing anything.",
    ),
)
"""Seed 000 names no limits: "No thresholds. Just visibility." So nothing here pages."""

Tagger.dashboard = Dashboard(
    span="24h",
    empty="No lecture was tagged in the time shown, or its lines do not tell this.",
    first=(
        Panel(
            "Lectures",
            "Lectures ever seen, each once. Good: as many as there are.",
            Kind.STAT,
            Unit.NUMBER,
            {"lectures": "sum(tagger_lectures)"},
        ),
        Panel(
            "Lectures possibly missed",
            "Lectures without a Topic chosen though the prototype suggests a strong tag. Good: few enough to read.",
            Kind.STAT,
            Unit.NUMBER,
            {"misses": "sum(tagger_possible_misses)"},
        ),
    ),
    sections={
        "Which category stays empty?": (
            Panel(
                "Categories with a choice, now",
                "Long bars of like length. The shortest is the category that answers can't be parsed for.",
                Kind.BARS,
                Unit.RATIO,
                {"{category}": "sort(tagger:chosen_ratio)"},
            ),
            Panel(
                "Empty results by category",
                "Few and even. A burst in one category is an answer that came back malformed.",
                Kind.STACK,
                Unit.NUMBER,
                {"{category}": 'sum by (category) (increase(tagger_category_results_total{outcome="empty"}[auto]))'},
            ),
            Panel(
                "Choice by model",
                "Models as good as each other, or one that is worth its price.",
                Kind.LINES,
                Unit.RATIO,
                {
                    "{model}": 'sum by (model) (rate(tagger_category_results_total{outcome="chosen"}[auto])) '
                    "/ (sum by (model) (rate(tagger_category_results_total[auto])) > 0)"
                },
            ),
        ),
        "Is anything missed?": (
            Panel(
                "Lectures: covered, and possibly missed",
                "Covered close to all lectures, misses flat.",
                Kind.LINES,
                Unit.NUMBER,
                {
                    "lectures": "sum(tagger_lectures)",
                    "covered": "sum(tagger_lectures_covered)",
                    "possible misses": "sum(tagger_possible_misses)",
                },
                width=12,
            ),
            Panel(
                "Tags in a result",
                "A cloud of some tags each. A row at 0 is lost coverage, a row at the top a prompt that returns all.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets("tagger_tags_returned"),
                width=12,
            ),
        ),
        "Did scores shift?": (
            Panel(
                "Confidence of reasoning",
                "A cloud that keeps its shape. All at 1 means that the model no longer weighs.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets("tagger_confidence"),
            ),
            Panel(
                "Best tag's combined score",
                "A cloud that keeps its shape: a step is a new model or new prototypes.",
                Kind.HEATMAP,
                Unit.NUMBER,
                buckets('tagger_top_score{component="combined"}'),
            ),
            Panel(
                "Best tag's mean score, by component",
                "Three flat lines. Reasoning and prototype that part are two opinions of what a tag means.",
                Kind.LINES,
                Unit.NUMBER,
                mean("tagger_top_score", "component"),
            ),
        ),
        "How long, and how much?": (
            Panel(
                "Latency of reasoning",
                "A narrow band that stays where it is.",
                Kind.HEATMAP,
                Unit.SECONDS,
                buckets("tagger_category_duration_seconds"),
            ),
            Panel(
                "Latency by category: p50, p95, p99",
                "Flat, and alike: a category with a longer list of labels takes longer.",
                Kind.LINES,
                Unit.SECONDS,
                quantiles("tagger_category_duration_seconds", "category"),
            ),
            Panel(
                "Prompt tokens by category",
                "Flat for as many lectures: a step is a longer list of labels.",
                Kind.STACK,
                Unit.PER_SECOND,
                {"{category}": "sum by (category) (rate(tagger_tokens_total[auto]))"},
            ),
        ),
    },
)
