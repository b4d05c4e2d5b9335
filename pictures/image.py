"""PNG files: written small, with the stamp of what they were drawn from, which is read again without any library."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEY = "Drawn-from"
COLOURS, EXACT = 256, 64
"""How many colours a file has, and how many of them are those that most of its pixels have."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write(path: Path, image: Any, stamp: str) -> None:
    """Writes an image of Pillow's with a palette of its own, and the stamp."""
    from PIL import Image, PngImagePlugin  # comes with matplotlib

    about = PngImagePlugin.PngInfo()
    about.add_text(KEY, stamp)
    whole = image.convert("RGB")
    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette(whole))
    few = whole.quantize(palette=palette, dither=Image.Dither.NONE)
    path.parent.mkdir(parents=True, exist_ok=True)
    few.save(path, optimize=True, pnginfo=about)


def _palette(image: Any) -> list[int]:
    """The colours of areas as they are, and of those that edges are smoothed with as many as there is room for.

    Of these each counts once: a line's would otherwise be lost to shades of grey.
    """
    from PIL import Image

    colours = [colour for _, colour in sorted(image.getcolors(image.width * image.height), reverse=True)]
    exact, others = colours[:EXACT], colours[EXACT:]
    rest = Image.new("RGB", (len(others) or 1, 1))
    rest.putdata(others)
    few: Any = rest.quantize(COLOURS - EXACT, method=Image.Quantize.FASTOCTREE).getpalette()
    return [*(part for colour in exact for part in colour), *few]


def stamp_of(path: Path) -> str:
    """The stamp of a picture, empty where it has none."""
    for kind, content in _chunks(path.read_bytes()):
        key, _, text = content.partition(b"\0")
        if kind == b"tEXt" and key == KEY.encode():
            return text.decode("latin-1")
    return ""


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk of a PNG file."""
    at = len(_SIGNATURE)
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        yield content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length
