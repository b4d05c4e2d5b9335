"""What kinds of panels have in common: queries, links, and how a value is shown."""

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from exporter.render.dashboards.promql import legend
from exporter.render.dashboards.tile import Link, Tile, Words

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def queries(tile: Tile, *, instant: bool) -> Iterator[Dataquery]:
    """A tile's queries, of now or over time."""
    for at, (text, expr) in enumerate(tile.panel.queries.items()):
        query = Dataquery().ref_id(letter(at)).expr(expr).legend_format(legend(text)).datasource(DATASOURCE)
        yield query.instant() if instant else query.range()


def letter(at: int) -> str:
    """What Grafana calls the query at a place.

    >>> letter(0), letter(2)
    ('A', 'C')
    """
    return chr(ord("A") + at)


def mappings(words: Words, *, nothing: str, ground: str) -> list[ValueMapping]:
    """What is shown for some values, and for none, which would otherwise have the colour of the least value."""
    known = ValueMap({str(value): ValueMappingResult(*shown) for value, shown in words.items()})
    none = DashboardSpecialValueMapOptions(SpecialValueMatch.NULL_AND_NAN, ValueMappingResult(nothing, ground))
    return [known, SpecialValueMap(none)] if words else [SpecialValueMap(none)]


def link(to: Link, *, new_tab: bool = False) -> DashboardLink:
    """A link of a panel or its values."""
    return DashboardLink(to.title).type(DashboardLinkType.LINK).url(to.url).target_blank(new_tab)


def setting(name: str, value: object) -> DynamicConfigValue:
    """A setting that holds for some fields only."""
    return DynamicConfigValue(id_val=name, value=value)
