"""Logs, read line by line.

In come the follower's chunks; out go decoded lines to be folded, and only then is each chunk taken.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from exporter.config import Limits
from exporter.follow.descriptors import Descriptors
from exporter.follow.follower import Piece, StreamFollower
from exporter.follow.known import Events
from exporter.intake.intake import Intake, StoredStream


class LineIntake(Intake):
    """Reads logs."""

    def __init__(
        self,
        *args: Any,
        patterns: tuple[str, ...],
        limits: Limits,
        descriptors: Descriptors,
        skip_history: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.patterns = patterns
        self._follower = StreamFollower(
            patterns,
            self._stored.files,
            line_bytes=limits.line_bytes,
            skip_history=skip_history,
            descriptors=descriptors,
            most_files=limits.files_per_stream,
        )

    def scan(self, *, settled: bool = False) -> None:
        self._follower.scan()

    def steps(self) -> Iterator[None]:
        for piece in self._follower.pieces():
            self._take(piece)
            yield

    def unread(self) -> bool:
        return self._follower.unread()

    def logs(self) -> dict[str, int]:
        return self._follower.logs()

    def read(self, logs: Iterable[str]) -> Iterator[None]:
        for log in logs:
            for piece in self._follower.whole(log):
                self._take(piece)
                yield

    def only(self, logs: Iterable[str]) -> StoredStream:
        return StoredStream(self._follower.only(logs))

    def is_undisturbed(self) -> bool:
        return not (self.lag() or self.unfollowed()) and self._follower.state.events == Events()

    def take_over(self, other: "LineIntake") -> None:
        self._follower.take_over(other._follower)
        self._stored.times |= other._stored.times

    def _take(self, piece: Piece) -> None:
        chunk = piece.chunk
        decoded = self._decoder.decode(chunk.data, at_start=chunk.start == 0)
        self._fold(piece.log, chunk.start, chunk.end - chunk.start, decoded, chunk.too_long)
        piece.take()

    def stored(self) -> StoredStream:
        files = self._stored.files = self._follower.stored()
        self._forget_all_but(files.logs)
        return self._stored

    def paths(self) -> list[str]:
        return self._follower.paths()

    def unfollowed(self) -> dict[str, str]:
        return self._follower.unfollowed()

    def lag(self) -> int:
        return self._follower.lag()

    def backlog(self) -> int:
        return self._follower.backlog()

    def aim(self) -> None:
        self._follower.aim()

    def close(self) -> None:
        self._follower.close()

    def measure(self) -> None:
        super().measure()
        events = self._follower.state.events
        labels = self.pipeline.name, self.name
        self._itself.rotations.cell(*labels)[0] = events.rotations
        self._itself.truncations.cell(*labels)[0] = events.truncations
        self._itself.lost.cell(*labels)[0] = events.lost_bytes
