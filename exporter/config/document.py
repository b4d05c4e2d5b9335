"""A YAML text as values that know their place. In come text and environment; out go texts, numbers, lists and
mappings, asked for one by one, and mistakes. What the values mean is for the reader to say.

Not handled: YAML's merge keys (`<<`). `1:30`, `0x10` and `yes`, which YAML 1.1 takes for numbers and a boolean, are
neither here; write text that looks so in quotes.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import yaml

from exporter.config.mistake import ConfigError, Mistake, shown
from exporter.config.variables import expanded

Scalar = str | int | float | bool

_TEXT_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp")
_NULL_TAG = "tag:yaml.org,2002:null"
_NUMBER = re.compile(r"[-+]?\d[\d_]*(\.\d*)?([eE][-+]?\d+)?", re.ASCII)
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_HOLDS_NO_TEXT = "holds a NUL or a lone surrogate, which no path, address or label can"
_NAMED = re.compile(r" '!?[\w-]+!?'", re.ASCII)
"""An anchor, alias or tag as YAML's own messages name it."""
_PLAIN_KEY = re.compile(r"[\w.@ -]*:?")


def text_of(path: str) -> str:
    """What is in a file. Raises ConfigError."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError([Mistake(path, f"cannot be read: {error.strerror}")]) from error
    return decoded(content, source=path)


def decoded(content: bytes, *, source: str) -> str:
    """The text that these bytes are. Raises ConfigError."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Mistake(f"{source}:{line}", "not UTF-8; save the file as UTF-8")]) from None


class Document:
    """One YAML text: where it comes from, what its variables stand for, and the mistakes found in it.

    Without `environ` there are no variables: `${` is text. In a secret one mistakes tell the place and what is expected
    there, and quote nothing that was written.
    """

    def __init__(self, text: str, *, source: str, environ: Mapping[str, str] | None, secret: bool = False) -> None:
        self.source = source
        self.environ = environ
        self.secret = secret
        self._mistakes: list[tuple[int, str]] = []
        self.root = Value(self._compose(text), path="", line=1, document=self)

    def mistake(self, line: int, message: str) -> None:
        """Notes a mistake."""
        self._mistakes.append((line, message))

    def check(self) -> None:
        """Raises ConfigError where there was a mistake, with all of them in the order of their lines."""
        if self._mistakes:
            by_line = sorted(self._mistakes, key=lambda mistake: mistake[0])
            raise ConfigError(Mistake(f"{self.source}:{line}", message) for line, message in by_line)

    def _compose(self, text: str) -> yaml.Node | None:
        loader: yaml.SafeLoader | None = None
        try:
            loader = yaml.SafeLoader(text)
            return loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line if mark else 0
            problem = _problem(error, text, line)
            self.mistake(line + 1, f"not YAML: {_NAMED.sub('', problem) if self.secret else problem}")
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position)
            self.mistake(line + 1, f"not YAML: the character U+{error.character:04X} is not allowed")
        except RecursionError:
            self.mistake(1, "not YAML that can be read: it is nested too deeply")
        except (ValueError, OverflowError):
            line = loader.line if loader else 0
            self.mistake(line + 1, "not YAML: an escaped character or a version is out of range")
        self.check()
        return None


def _problem(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    if "${" in "".join(text.splitlines()[line : line + 1]):
        problem += ' (within {} and [] a variable needs quotes: "${NAME}")'
    if error.context == "while scanning a block scalar":
        problem += " (a text that begins with > or | needs quotes)"
    return problem


class Value:
    """One value: `path` is its key path, `line` the line of its key. It is asked for what it should be: where it
    is not, the mistake is noted, and the answer is None or empty."""

    def __init__(self, node: yaml.Node | None, *, path: str, line: int, document: Document) -> None:
        self.path = path
        self._node = node
        self._line = line
        self._document = document
        self._noted = False

    @property
    def place(self) -> str:
        """Where it is written, for mistakes that are found later."""
        return f"{self._document.source}:{self._line}: {self.path}"

    @property
    def empty(self) -> bool:
        """Whether nothing was written here."""
        return self._node is None or (isinstance(self._node, yaml.ScalarNode) and self._node.tag == _NULL_TAG)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    def mistake(self, message: str) -> None:
        """Notes what is wrong with this value."""
        self._noted = True
        self._document.mistake(self._line, f"{self.path}: {message}" if self.path else message)

    def wrong(self, expected: str) -> None:
        """Notes that this value is not what it has to be, unless something worse is known of it."""
        if self._noted:
            return
        if self.empty:
            self.mistake(f"is empty; give {expected}, or leave it out")
        elif self._document.secret:
            self.mistake(f"is not {expected}")
        elif isinstance(self._node, yaml.ScalarNode):
            self.mistake(f"{self._as_written(self._node)} is not {expected}")
        else:
            self.mistake(f"a {'list' if self.is_list else 'mapping'} is not {expected}")

    def _as_written(self, node: yaml.ScalarNode) -> str:
        quote = node.style if node.style in ("'", '"') else ""
        return shown(f"{quote}{self._expand(node.value) or node.value}{quote}")

    @cached_property
    def members(self) -> dict[str, "Value"]:
        """The values of a mapping by key; nothing written is an empty one. Keys are unique texts."""
        members: dict[str, Value] = {}
        if not isinstance(self._node, yaml.MappingNode):
            if not self.empty:
                self.wrong("a mapping (key: value)")
            return members
        for key, node in self._node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            told = self._told(name)
            member = self._child(node, f"{self.path}.{told}" if self.path else told, key)
            if not isinstance(key, yaml.ScalarNode):
                member.mistake("a key is a text")
            elif _NO_TEXT.search(name):
                member.mistake(_HOLDS_NO_TEXT)
            elif name in members:
                member.mistake(f"is given twice, first on line {members[name]._line}; keep one")
            else:
                members[name] = member
        return members

    def _told(self, key: str) -> str:
        """A key as messages name it; in a secret document as far as it is a plain name.

        `user:password` is a likely slip there, and so is `hash: user`.
        """
        plain = _PLAIN_KEY.match(key)
        return key if plain is None or plain[0] == key or not self._document.secret else f"{plain[0]}…"

    def items(self, expected: str) -> list["Value"]:
        """The values of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            self.wrong(expected)
            return []
        return [self._child(node, f"{self.path}[{at}]", node) for at, node in enumerate(self._node.value)]

    def text(self, expected: str) -> str | None:
        """A text that is not empty, its variables expanded."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode) or self.empty:
            self.wrong(expected)
            return None
        if node.tag not in _TEXT_TAGS:
            self.wrong(f"{expected}; put it in quotes if it is")
            return None
        text = self._expand(node.value)
        if text == "":
            self.mistake(f"is empty; give {expected}")
        return text or None

    def literal(self) -> str | None:
        """A text as it is written, whatever it looks like; None where there is none."""
        return self._node.value if isinstance(self._node, yaml.ScalarNode) and not self.empty else None

    def scalar(self) -> Scalar | None:
        """A text, number or boolean; None for anything else. What a variable stands for is read like plain text."""
        node = self._node
        if not isinstance(node, yaml.ScalarNode) or self.empty:
            return None
        text = self._expand(node.value)
        is_quoted = node.style is not None and text == node.value
        return text if is_quoted or text is None else _plain(text)

    def _child(self, node: yaml.Node, path: str, at: yaml.Node) -> "Value":
        return Value(node, path=path, line=at.start_mark.line + 1, document=self._document)

    def _expand(self, text: str) -> str | None:
        """The text with its variables replaced; None, after it has noted why, where one means nothing."""
        if self._document.environ is None:
            return text
        meant, mistakes = expanded(text, self._document.environ)
        if not mistakes and _NO_TEXT.search(meant):
            mistakes = [_HOLDS_NO_TEXT]
        for mistake in mistakes:
            self.mistake(mistake)
        return None if mistakes else meant


def _plain(text: str) -> Scalar:
    number = _NUMBER.fullmatch(text)
    if not number:
        return {"true": True, "false": False}.get(text, text)
    try:
        return float(text) if number[1] or number[2] else int(text)
    except ValueError:  # 1__0, or thousands of digits
        return text
