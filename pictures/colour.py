"""Grafana's colours in its dark theme, by the names that dashboards have for them."""

CANVAS, PANEL, BORDER = "#111217", "#181b1f", "#25272d"
HEADER, FIELD = "#181b1f", "#111217"
TEXT, FAINT, LINK, GRID = "#ccccdc", "#8e8f9b", "#6e9fff", "#2a2c32"
TRACK = "#22252b"
"""What of a bar is not filled."""
INK = "#ffffff"
"""Text on a coloured ground."""

NAMED = {
    "green": "#73bf69",
    "dark-green": "#37872d",
    "yellow": "#fade2a",
    "semi-dark-yellow": "#f2cc0c",
    "orange": "#ff9830",
    "semi-dark-orange": "#ff780a",
    "red": "#f2495c",
    "blue": "#5794f2",
    "light-blue": "#8ab8ff",
    "dark-blue": "#1f60c4",
    "purple": "#b877d9",
    "text": TEXT,
}
PALETTE = (
    *("green", "semi-dark-yellow", "light-blue", "semi-dark-orange", "red", "blue", "purple", "#705da0", "dark-green"),
    *("yellow", "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62", "#584477", "#b7dbab", "#f4d598", "#70dbed"),
    *("#f9ba8f", "#f29191", "#82b5d8", "#e5a8e2", "#aea2e0", "#629e51", "#e5ac0e", "#64b0c8", "#e0752d", "#bf1b00"),
    *("#0a50a1", "#962d82", "#614d93", "#9ac48a", "#f2c96d", "#65c5db", "#f9934e", "#ea6460", "#5195ce", "#d683ce"),
    *("#806eb7", "#3f6833", "#967302", "#2f575e", "#99440a", "#58140c", "#052b51", "#511749", "#3f2b5b", "#e0f9d7"),
    *("#fceaca", "#cffaff", "#f9e2d2", "#fce2de", "#badff4", "#f9d9f9", "#dedaf7"),
)
"""The classic palette."""


LEAST_CONTRAST = 3.0
CONTINUOUS = {"continuous-blues": (CANVAS, NAMED["dark-blue"])}
"""Schemes that go from the least value to the greatest."""
DEEPER = 0.86


def rgb(name: str) -> str:
    """A colour by Grafana's name, or as it is written.

    >>> rgb("green"), rgb("#808080")
    ('#73bf69', '#808080')
    """
    return name if name.startswith("#") else NAMED[name]


def deeper(ink: str) -> str:
    """Somewhat darker, as the ground of a number is.

    >>> deeper("#ff8000")
    '#db6e00'
    """
    return between(DEEPER, "#000000", ink)


def between(share: float, low: str, high: str) -> str:
    """A colour so far from one to another.

    >>> between(0.5, "#000000", "#204060")
    '#102030'
    """
    parts = [(int(low[at : at + 2], 16), int(high[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(start + share * (end - start)):02x}" for start, end in parts)


def contrast(ink: str, ground: str) -> float:
    """How well one colour can be told from another, from 1 to 21, as accessibility guidelines define it.

    >>> contrast("#ffffff", "#000000")
    21.0
    """
    brighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def by_name(name: str) -> str:
    """The colour that a series has by its name, as Grafana picks it: the same on all panels."""
    number = 0
    for letter in map(ord, name):
        number = (31 * number + letter) & 0xFFFFFFFF
    signed = number - (1 << 32) if number >> 31 else number
    return READABLE[abs(signed) % len(READABLE)]


READABLE = [rgb(name) for name in PALETTE if contrast(rgb(name), PANEL) >= LEAST_CONTRAST]
"""What of the palette can be seen on a panel."""
