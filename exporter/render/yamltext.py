"""YAML as people write it: PromQL line by line, prose folded, short things on one line."""

from typing import Any

import yaml

FOLD_COLUMNS = 110


class Line(dict[str, Any]):
    """A mapping that stands on one line."""


class Words(list[str]):
    """A list that stands on one line, as far as there is room."""


def yaml_text(data: Any) -> str:
    """Data as YAML, members in their order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=FOLD_COLUMNS)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ">" if len(text) > FOLD_COLUMNS - 20 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _line(dumper: yaml.SafeDumper, line: Line) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True)


def _words(dumper: yaml.SafeDumper, words: Words) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", words, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Line, _line)
_Dumper.add_representer(Words, _words)
