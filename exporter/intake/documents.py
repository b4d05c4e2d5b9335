"""Files that are read as a whole, and folders that are counted.

In come documents that changed, and the numbers of files beside them; out go records to be folded.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from exporter.config import Limits
from exporter.decode import Decoded
from exporter.follow.document import DocumentFollower, FolderFollower
from exporter.intake.intake import Intake, StoredStream, whole
from exporter.pipeline import FolderSize


class DocumentIntake(Intake):
    """Reads documents, each as one line whenever it changed."""

    def __init__(self, *args: Any, patterns: tuple[str, ...], limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patterns = patterns
        self._follower = DocumentFollower(
            patterns, self._stored.documents, limit=limits.line_bytes, most_files=limits.files_per_stream
        )

    def scan(self, *, settled: bool = False) -> None:
        self._follower.scan(settled=settled)

    def steps(self) -> Iterator[None]:
        for document in self._follower.documents():
            if document.content is None:
                self._fold(document.path, 0, document.size, Decoded(0, []), too_long=1)
            else:
                self._fold(document.path, 0, document.size, self._decoder.decode_document(document.content))
            document.take()
            yield

    def stored(self) -> StoredStream:
        self._forget_all_but(self._stored.documents)
        return self._stored

    def paths(self) -> list[str]:
        return sorted(self._follower.paths())

    def unfollowed(self) -> dict[str, str]:
        return self._follower.unfollowed()


class FolderIntake(Intake):
    """Counts the files in folders beside the pipeline's other files. Nothing is stored: they are counted anew."""

    counted = False

    def __init__(self, *args: Any, beside: Callable[[], Iterable[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._beside = beside
        self._follower = FolderFollower(self._stream.folder or self.name)
        self._due = False

    def scan(self, *, settled: bool = False) -> None:
        self._due = True

    def steps(self) -> Iterator[None]:
        if self._due:
            self._due = False
            for folder in self._follower.counts(self._beside()):
                self.pipeline.observe(self.name, whole(folder.path), [FolderSize(files=folder.files)])
                yield

    def paths(self) -> list[str]:
        return []

    def measure(self) -> None:
        pass
