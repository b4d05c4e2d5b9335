"""Where panels are: from left to right, a new row where the width is used up, each section below its heading."""

from collections.abc import Iterable, Iterator, Mapping

from grafana_foundation_sdk.models.dashboard import GridPos

from exporter.render.dashboards.tile import Tile

COLUMNS = 24
HEADING_HEIGHT = 1


def placed(tiles: Iterable[Tile], top: int) -> Iterator[tuple[Tile, GridPos]]:
    """Tiles with their places, from row `top` down."""
    x, y, height = 0, top, 0
    for tile in tiles:
        if x + tile.panel.width > COLUMNS:
            x, y, height = 0, y + height, 0
        yield tile, GridPos(h=tile.panel.height, w=tile.panel.width, x=x, y=y)
        x, height = x + tile.panel.width, max(height, tile.panel.height)


def sections(tiles: Mapping[str, Iterable[Tile]]) -> Iterator[tuple[str | Tile, GridPos]]:
    """Headings and tiles with their places; a section without a heading has the key ''."""
    y = 0
    for heading, members in tiles.items():
        if heading:
            yield heading, GridPos(h=HEADING_HEIGHT, w=COLUMNS, x=0, y=y)
            y += HEADING_HEIGHT
        for tile, place in placed(members, y):
            yield tile, place
            y = max(y, place.y + place.h)
