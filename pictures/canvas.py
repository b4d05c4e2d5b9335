"""A picture in pixels, counted from its upper left corner, drawn by matplotlib: boxes, lines, text, axes."""

from dataclasses import dataclass, replace
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from pictures import colour

DPI = 100
SMALL, NORMAL = 10.5, 12.5
"""Heights of letters' fonts in pixels."""
ELLIPSIS = "…"


@dataclass(frozen=True)
class Place:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def inset(self, *, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> "Place":
        return Place(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)

    def upper(self, height: float) -> "Place":
        """So much of it from its top."""
        return replace(self, height=height)

    def lower(self, height: float) -> "Place":
        """So much of it from its bottom."""
        return Place(self.x, self.bottom - height, self.width, height)


class Canvas:
    """A picture of that size."""

    def __init__(self, width: int, height: int) -> None:
        self.place = Place(0, 0, width, height)
        self._figure: Any = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=colour.CANVAS)
        self._agg: Any = FigureCanvasAgg(self._figure)
        self._all = self._figure.add_axes((0, 0, 1, 1))
        self._all.set(xlim=(0, width), ylim=(height, 0))
        self._all.axis("off")

    def box(self, place: Place, fill: str, *, edge: str | None = None, radius: float = 0) -> None:
        """A filled rectangle."""
        looks: dict[str, Any] = {"facecolor": fill, "edgecolor": edge or "none", "linewidth": 0.72 if edge else 0}
        corner, width, height = (place.x, place.y), place.width, place.height
        if radius:
            style = f"round,pad=0,rounding_size={radius}"
            self._all.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, mutation_aspect=1, **looks))
        else:
            self._all.add_patch(Rectangle(corner, width, height, snap=True, **looks))

    def line(self, start: tuple[float, float], end: tuple[float, float], ink: str) -> None:
        """A line of a pixel's width."""
        self._all.add_line(Line2D(*zip(start, end, strict=True), color=ink, linewidth=0.72, snap=True))

    def text(
        self,
        at: tuple[float, float],
        text: str,
        *,
        size: float = NORMAL,
        ink: str = colour.TEXT,
        align: str = "left",
        bold: bool = False,
        room: float | None = None,
    ) -> None:
        """A line of text around that height; what is wider than its room ends in an ellipsis."""
        self._all.text(
            *at,
            text if room is None else self.fitted(text, room, size=size, bold=bold),
            color=ink,
            ha=align,
            va="center_baseline",
            fontproperties=_font(size, bold=bold),
            parse_math=False,
        )

    def wide(self, text: str, *, size: float = NORMAL, bold: bool = False) -> float:
        """How wide a text is."""
        width: float = self._agg.get_renderer().get_text_width_height_descent(text, _font(size, bold=bold), False)[0]
        return width

    def fitted(self, text: str, room: float, *, size: float = NORMAL, bold: bool = False) -> str:
        """As much of a text as there is room for."""
        if self.wide(text, size=size, bold=bold) <= room:
            return text
        while text and self.wide(f"{text}{ELLIPSIS}", size=size, bold=bold) > room:
            text = text[:-1]
        return f"{text.rstrip()}{ELLIPSIS}" if text else ""

    def lines(self, text: str, room: float, *, size: float = NORMAL) -> list[str]:
        """A text in lines that have room."""
        found = [""]
        for word in text.split():
            longer = f"{found[-1]} {word}".strip()
            if self.wide(longer, size=size) <= room:
                found[-1] = longer
            else:
                found.append(word)
        return found

    def note(self, place: Place, text: str) -> None:
        """A few words in the middle of a place, where there is nothing else."""
        lines = self.lines(text, place.width - 24)
        x, y = place.middle
        for at, line in enumerate(lines):
            self.text((x, y + 18 * (at - (len(lines) - 1) / 2)), line, ink=colour.FAINT, align="center")

    def axes(self, place: Place) -> Any:
        """Axes of matplotlib's for a plot, with Grafana's grid and ticks."""
        x, y, width, height = self.place.width, self.place.height, place.width, place.height
        made = self._figure.add_axes((place.x / x, 1 - place.bottom / y, width / x, height / y))
        made.set_facecolor("none")
        made.set_axisbelow(True)
        made.grid(visible=True, color=colour.GRID, linewidth=0.6)
        made.tick_params(length=0, pad=5, colors=colour.FAINT, labelsize=SMALL * 72 / DPI)
        for spine in made.spines.values():
            spine.set_visible(False)
        return made

    def image(self) -> Any:
        """What was drawn, as an image of Pillow's."""
        from PIL import Image

        self._agg.draw()
        buffer = self._agg.buffer_rgba()
        return Image.frombuffer("RGBA", (buffer.shape[1], buffer.shape[0]), buffer)


def _font(size: float, *, bold: bool) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size * 72 / DPI, weight="bold" if bold else "normal")
