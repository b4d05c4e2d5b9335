"""What lines told and was not added to metrics yet: labels, caps and buckets cost less when many values come at once.

In come values by what their lines have in common; a pipeline adds them to its metrics when it settles. Where a key's
order of arrival is that of its series' births, births can wait; where it is not, they must not.
"""

PENDING_CHUNKS = 24
"""The lines of so many chunks wait to be added to their metrics."""


class Pending:
    """What waits; a pipeline's own says what that is, and is replaced when it is settled."""

    chunks = 0

    def is_full(self) -> bool:
        """Takes note of one chunk more, and tells whether that is as many as may wait."""
        self.chunks += 1
        return self.chunks >= PENDING_CHUNKS
