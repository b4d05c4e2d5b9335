"""A whole dashboard in Grafana's classic model: variables, marks and links around what is shown, as text of JSON."""

import json
from collections.abc import Iterable, Mapping

import msgspec
from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from exporter.render.dashboards import colour
from exporter.render.dashboards.field import DATASOURCE
from exporter.render.dashboards.grid import sections
from exporter.render.dashboards.kinds import built as built_panel
from exporter.render.dashboards.promql import legend
from exporter.render.dashboards.tile import Tile
from exporter.render.names import Links

TAG = "pipeline-exporter"
EVERYTHING = VariableOption(selected=True, text=["All"], value=["$__all"])
UNIT_SECONDS = {"h": 3600, "d": 86_400}
"""Of the units that a span is in."""
LIVE_SPAN = 6 * 3600
"""A dashboard that shows no more is refreshed with each scrape, another each minute."""


class Marked(msgspec.Struct, frozen=True):
    """A query whose values are marked on all panels."""

    title: str
    expr: str
    text: str
    colour: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard, whose queries are Grafana's already; `variables` has the series that a label's values come from."""

    uid: str
    title: str
    description: str
    span: str
    tiles: Mapping[str, Iterable[Tile]]
    variables: Mapping[str, str] = {}
    marks: tuple[Marked, ...] = ()

    def text(self, links: Links) -> str:
        """The dashboard's JSON."""
        made = Dashboard(self.title).uid(self.uid).description(self.description).tags([TAG]).editable()
        made.tooltip(DashboardCursorSync.CROSSHAIR).time(f"now-{self.span}", "now").timezone("browser")
        made.refresh("15s" if int(self.span[:-1]) * UNIT_SECONDS[self.span[-1]] <= LIVE_SPAN else "1m")
        made.variables([_datasource(), *(_variable(label, fed) for label, fed in self.variables.items())])
        made.annotations([_annotation(mark) for mark in self.marks]).links(_links(links))
        for number, (shown, place) in enumerate(sections(self.tiles), start=1):
            if isinstance(shown, Tile):
                made.with_panel(built_panel(shown).id(number).grid_pos(place))
            else:
                made.with_row(Row(shown).id(number).grid_pos(place))
        built = made.build()
        for link in built.links or ():
            link.placement = None  # type: ignore[assignment]  # beside the variables, not in a menu
        return json.dumps(built, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def _datasource() -> DatasourceVariable:
    made = DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    return made.current(VariableOption(selected=True, text="Prometheus", value="prometheus"))


def _variable(label: str, fed: str) -> QueryVariable:
    """A label's values to choose from; all of them at first, those without the label included."""
    query = f"label_values({fed}, {label})"
    made = QueryVariable(label).label(label.replace("_", " ")).datasource(DATASOURCE).definition(query)
    made.query({"qryType": 1, "query": query, "refId": f"variable-{label}"})
    made.multi(True).include_all(True).all_value(".*").current(EVERYTHING)
    return made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


def _annotation(mark: Marked) -> AnnotationQuery:
    made = AnnotationQuery().name(mark.title).datasource(DATASOURCE).enable(True).icon_color(mark.colour)
    return made.expr(mark.expr).step("60s").title_format(mark.title).text_format(legend(mark.text))


def _links(links: Links) -> list[Builder[dashboard.DashboardLink]]:
    """To the other dashboards, and to what is beside Grafana."""
    others = DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
    beside = {"Runbook": links.runbook, "Alerts": links.alerts}
    return [
        others.keep_time(True),
        *(
            DashboardLink(title).type(DashboardLinkType.LINK).icon("external link").url(url).target_blank(True)
            for title, url in beside.items()
        ),
    ]


def alerts_mark(expr: str) -> Marked:
    """Firing alerts as marks."""
    return Marked("Alert", expr, "{alertname} ({severity})", colour.SEVERITIES["critical"])
