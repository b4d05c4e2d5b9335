"""What a batch of personas holds until it is full, within bounds, and the figures that come of it. Seed 001.

In come columns of what attempts said; out go figures, and how many observations were over a bound. Knows no runs, and
not when a batch is full.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec

from exporter.batch import Distribution, entropy
from exporter.join import shortened
from exporter.metric import OTHER, label_value
from exporter.record import Identifier
from exporter.tally import MILLIONTHS

BATCH_ANCHORS = 200_000
"""At most so many distinct anchors of an open batch are remembered."""
BATCH_VALUES = 1000
"""At most so many opening moves of an open batch are told apart, and so many validators."""


class Batch(msgspec.Struct):
    """An open batch."""

    personas: set[Identifier] = set()
    attempts: int = 0
    successes: int = 0
    repaired: int = 0
    latencies: Distribution = msgspec.field(default_factory=Distribution)
    openings: dict[str, int] = {}
    anchors: set[str] = set()
    has_anchors: bool = False
    scores: dict[str, tuple[int, int]] = {}

    def score_mean(self, validator: str) -> float:
        """The validator's mean over the attempts that have it."""
        attempts, millionths = self.scores[validator]
        return millionths / attempts / MILLIONTHS

    def figures(self) -> dict[str, float]:
        """What trends are drawn of, by indicator; what the batch has no data for is left out."""
        figures = {
            "repair_ratio": self.repaired / self.attempts,
            "latency_mean_seconds": self.latencies.total / self.attempts / 1000,
        }
        if self.openings:
            figures["opening_entropy"] = entropy(self.openings.values())
        if "pollyanna" in self.scores:
            figures["pollyanna"] = self.score_mean("pollyanna")
        return figures

    # Each of these returns how many observations were over a bound

    def take_openings(self, openings: Mapping[str, int]) -> int:
        """Counts opening moves, those over the bound as `other`."""
        over = 0
        for opening, times in openings.items():
            opening = label_value(opening)
            if opening not in self.openings and len(self.openings) >= BATCH_VALUES:
                opening = OTHER
                over += times
            self.openings[opening] = self.openings.get(opening, 0) + times
        return over

    def take_scores(self, scores: Mapping[str, tuple[int, int]]) -> int:
        """Adds up the scores of validators; those of validators over the bound are left out."""
        over = 0
        for validator, (scored, millionths) in scores.items():
            validator = label_value(validator)
            if validator not in self.scores and len(self.scores) >= BATCH_VALUES:
                over += scored
                continue
            before = self.scores.get(validator, (0, 0))
            self.scores[validator] = (before[0] + scored, before[1] + millionths)
        return over

    def take_anchors(self, used: Sequence[list[str]]) -> int:
        """Remembers the anchors that attempts used; those over the bound are left out."""
        self.has_anchors = self.has_anchors or bool(used)
        anchors = shortened(list(chain.from_iterable(used)))
        if len(self.anchors) + len(anchors) <= BATCH_ANCHORS:
            self.anchors.update(anchors)
            return 0
        over = 0
        for anchor in anchors:
            if len(self.anchors) < BATCH_ANCHORS:
                self.anchors.add(anchor)
            else:
                over += anchor not in self.anchors
        return over
