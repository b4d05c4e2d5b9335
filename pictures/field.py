"""How a panel shows one of its fields: defaults and overrides, limits' colours, and words for some values."""

import re
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isnan

from pictures.board import Json
from pictures.colour import CONTINUOUS, between, by_name, rgb
from pictures.unit import written

CLEAR = "transparent"


@dataclass(frozen=True)
class Shown:
    """A value as it is shown: in words, and the colour that says how it is, if any."""

    text: str
    colour: str | None


class Field:
    """The settings for a field of that name."""

    def __init__(self, panel: Json, name: str, *, kind: str = "number") -> None:
        config = panel["fieldConfig"]
        self.name = name
        self._all: Json = {**_flat(config["defaults"]), **_overrides(config["overrides"], name, kind)}

    @property
    def unit(self) -> str:
        unit: str = self._all.get("unit", "short")
        return unit

    @property
    def empty(self) -> str:
        """What stands where there is nothing."""
        text: str = self._all.get("noValue", "No data")
        return text

    @property
    def links(self) -> bool:
        """Whether its values lead somewhere."""
        return bool(self._all.get("links"))

    @property
    def width(self) -> int | None:
        width: int | None = self._all.get("custom.width")
        return width

    @property
    def is_on_colour(self) -> bool:
        """Whether a cell's ground has the colour of its value."""
        return bool(self._all.get("custom.cellOptions", {}).get("type") == "color-background")

    @property
    def colour(self) -> str:
        """The colour of its line or bar."""
        color = self._all.get("color", {})
        return rgb(color["fixedColor"]) if color.get("mode") == "fixed" else by_name(self.name)

    def number(self, key: str) -> float | None:
        """A setting that is a number, such as `min` or `custom.axisSoftMax`."""
        value = self._all.get(key)
        return None if value is None else float(value)

    def word(self, key: str) -> str:
        """A setting that is a word, such as `custom.lineInterpolation`."""
        return str(self._all.get(key, ""))

    @property
    def bands(self) -> list[tuple[float, float, str]]:
        """From where, to where which colour holds, from below; colours by Grafana's names."""
        steps = self._all.get("thresholds", {}).get("steps", ())
        edges = [-inf if step["value"] is None else float(step["value"]) for step in steps]
        return [(*edge, step["color"]) for edge, step in zip(pairwise([*edges, inf]), steps, strict=True)]

    def shown(self, value: float, *, now: float = 0, extent: tuple[float, float] = (0, 1)) -> Shown:
        """A value, or none, with the words and colours that are set for it; `extent` is that of all values."""
        for mapping in self._all.get("mappings", ()):
            if mapping["type"] == "special" and isnan(value):
                return _result(mapping["options"]["result"])
            if mapping["type"] == "value" and f"{value:g}" in mapping["options"]:
                return _result(mapping["options"][f"{value:g}"])
        if isnan(value):
            return Shown(self.empty, None)
        return Shown(written(value, self.unit, now=now), self._colour_of(value, extent))

    def _colour_of(self, value: float, extent: tuple[float, float]) -> str | None:
        scheme = CONTINUOUS.get(self._all.get("color", {}).get("mode"))
        if scheme:
            least, greatest = extent
            return between((value - least) / ((greatest - least) or 1), *scheme)
        names = [name for low, high, name in self.bands if low <= value < high]
        return _solid(names[0]) if names else None


def _result(result: Json) -> Shown:
    return Shown(result.get("text", ""), _solid(result.get("color", CLEAR)))


def _solid(name: str) -> str | None:
    return None if name == CLEAR else rgb(name)


def _flat(defaults: Json) -> Json:
    custom = {f"custom.{key}": value for key, value in defaults.get("custom", {}).items()}
    return {**defaults, **custom}


def _overrides(overrides: list[Json], name: str, kind: str) -> Json:
    found = [each for each in overrides if _matches(each["matcher"], name, kind)]
    return {one["id"]: one["value"] for each in found for one in each["properties"]}


def _matches(matcher: Json, name: str, kind: str) -> bool:
    """By the name, by a pattern between slashes, or by the kind of its values."""
    if matcher["id"] == "byName":
        return bool(matcher["options"] == name)
    if matcher["id"] == "byRegexp":
        return re.search(matcher["options"].strip("/"), name) is not None
    if matcher["id"] == "byType":
        return bool(matcher["options"] == kind)
    raise ValueError(f"no such matcher `{matcher['id']}`")
