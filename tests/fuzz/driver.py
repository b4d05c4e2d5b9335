"""Runs a fuzz target under atheris, with libFuzzer's options: `python -m tests.fuzz.driver decode -max_total_time=60`.

What it finds is kept in `.fuzz/NAME`: the corpus, and a failure's bytes, for which `TARGET.check` then raises.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
KEPT = FOLDER.parents[1] / ".fuzz"
NAMES = sorted(path.stem.removesuffix("_fuzzer") for path in FOLDER.glob("*_fuzzer.py"))


def run(name: str, *options: str) -> None:
    """Fuzzes a target until it fails or its time is over; does not return."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["exporter"]):
        target = import_module(f"tests.fuzz.{name}_fuzzer").TARGET
    corpus, seeds, words = (KEPT / name / kept for kept in ("corpus", "seeds", "words"))
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (seeds / str(number)).write_bytes(seed)
    words.write_text("".join(f"{quoted(word)}\n" for word in target.words))
    dictionary = [f"-dict={words}"] if target.words else []  # libFuzzer refuses an empty one
    options = (*dictionary, f"-artifact_prefix={KEPT / name}/", *options)
    atheris.Setup([name, *options, str(corpus), str(seeds)], target.check)
    atheris.Fuzz()


def quoted(word: str) -> str:
    """A word as libFuzzer reads it.

    >>> print(quoted('"é"'))
    "\\x22\\xc3\\xa9\\x22"
    """
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'


def main(arguments: list[str]) -> None:
    """Runs what the arguments say. Exit code 2: there is no such target, or no atheris."""
    if not arguments or arguments[0] not in NAMES:
        print(f"fuzz: say which target (there are: {', '.join(NAMES)})", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    if find_spec("atheris") is None:
        print("fuzz: atheris is not installed: pip install -c constraints.txt -e '.[fuzz]'", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    run(*arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
