"""Pages as Prometheus itself reads them: promtool makes blocks of OpenMetrics with the server's parser, and dumps them.

Prometheus has no label whose value is empty; here neither.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.tools import find

END = b"# EOF\n"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

_SAMPLE = re.compile(r"\{(?P<labels>.*)\} (?P<value>\S+) (?P<time>\d+)", re.DOTALL)
_LABEL = re.compile(r'(?P<name>[a-zA-Z_]\w*)="(?P<value>(?:[^"\\]|\\.)*)"', re.ASCII | re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))")
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read(pages: Sequence[bytes], folder: Path) -> list[Samples]:
    """The samples of each OpenMetrics page, all read in one go: page after page, one second apart."""
    written = folder / "pages.om"
    written.write_bytes(b"".join(_timed(page, second) for second, page in enumerate(pages)) + END)
    blocks = folder / "blocks"
    _run("tsdb", "create-blocks-from", "openmetrics", "--quiet", str(written), str(blocks))
    (blocks / "wal").mkdir()  # the dump wants one
    found: list[Samples] = [{} for _ in pages]
    for line in _run("tsdb", "dump", str(blocks)).removesuffix("\n").split("\n"):
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        labels = {label["name"]: unquoted(label["value"]) for label in _LABEL.finditer(sample["labels"])}
        name = labels.pop("__name__")
        found[int(sample["time"]) // 1000][name, frozenset(labels.items())] = float(sample["value"])
    return found


def without_empty(samples: Samples) -> Samples:
    """Samples as Prometheus sees them."""
    return {
        (name, frozenset((label, value) for label, value in labels if value)): sample
        for (name, labels), sample in samples.items()
    }


def unquoted(text: str) -> str:
    r"""A text between Go's quotes.

    >>> unquoted(r"a\"b\\c\u2028")
    'a"b\\c\u2028'
    """
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    *codes, letter = found.groups()
    code = next(filter(None, codes), None)
    return _LETTERS.get(letter, letter) if code is None else chr(int(code, 16))


def _timed(page: bytes, second: int) -> bytes:
    """A page whose samples have a time."""
    lines = page.removesuffix(END).split(b"\n")[:-1]
    return b"".join(line + (b"\n" if line.startswith(b"#") else b" %d\n" % second) for line in lines)


def _run(*args: str) -> str:
    done = subprocess.run([find("promtool"), *args], capture_output=True, check=False)
    assert 0 == done.returncode, done.stderr.decode()
    return done.stdout.decode()
