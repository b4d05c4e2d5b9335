"""Records on samples that real life brings: several hosts, runs and jobs, what is over, and what has just begun."""

from pathlib import Path
from typing import Any

import pytest

from tests.rules.promtool import Group, failures

DAY = 24 * 60
PLACES = {
    "": 'job="pipeline-exporter",instance="host:10210"',
    "self": 'job="pipeline-exporter-self",instance="host:10210"',
    "other": 'job="pipeline-exporter",instance="other:10210"',
    "all": 'job="pipeline-exporter"',
}
"""The labels of a scrape, by what series say of their place: `up @other`."""
SUMMED = '{job="pipeline-exporter"}'
SCRAPED = '{job="pipeline-exporter",instance="host:10210"}'


def placed(series: str) -> str:
    """A series with the labels of its scrape; one without a name has all its labels already."""
    series, _, place = series.partition(" @")
    if series.startswith("{"):
        return series
    return f"{series[:-1]},{PLACES[place]}}}" if series.endswith("}") else f"{series}{{{PLACES[place]}}}"


def at(minute: int, expression: str, found: dict[str, float] | None = None) -> dict[str, Any]:
    """What an expression gives at one minute: values by series, or nothing."""
    samples = [{"labels": placed(series), "value": value} for series, value in (found or {}).items()]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def firing(minute: int, alert: str, by: str, found: dict[str, float] | None = None) -> dict[str, Any]:
    """How many alerts of a name fire, by a label."""
    return at(minute, f'count by ({by}) (ALERTS{{alertname="{alert}",alertstate="firing"}})', found)


def case(record: str, name: str, series: dict[str, str], *figures: dict[str, Any], step: int = 1) -> Any:
    table = record.partition(":")[0]
    inputs = [{"series": placed(selector), "values": values} for selector, values in series.items()]
    group = Group(table, f"{record} {name}", inputs, step, 1 if step < DAY else DAY, figures=figures)
    return pytest.param(group, id=group.name)


CASES = (
    case(
        "exporter:down",
        "fires where Prometheus knows of no exporter",
        {},
        firing(2, "ExporterDown", "instance", {'{instance="unknown"}': 1}),
    ),
    case(
        "exporter:down",
        "leaves a process that answers to unserved",
        {"up": "0x20", "up @self": "1x20"},
        firing(14, "ExporterDown", "instance"),
        firing(15, "ExporterUnserved", "instance", {'{instance="host:10210"}': 1}),
    ),
    case(
        "exporter:down",
        "is told for each host, and without a second job",
        {"up": "1x5", "up @other": "0x5"},
        firing(2, "ExporterDown", "instance", {'{instance="other:10210"}': 1}),
    ),
    case(
        "exporter:rejected_ratio",
        "is that of each stream",
        {
            'pipeline_exporter_lines_total{pipeline="a",stream="x"}': "100+10x20",
            'pipeline_exporter_lines_total{pipeline="a",stream="y"}': "100+10x20",
            'pipeline_exporter_rejected_lines_total{pipeline="a",stream="x",reason="r"}': "100+5x20",
            'pipeline_exporter_rejected_lines_total{pipeline="a",stream="y",reason="r"}': "0x20",
        },
        at(
            15,
            "exporter:rejected_ratio",
            {
                'exporter:rejected_ratio{pipeline="a",stream="x"}': 0.5,
                'exporter:rejected_ratio{pipeline="a",stream="y"}': 0,
            },
        ),
    ),
    case(
        "exporter:rejected_ratio",
        "is unknown where nothing is read",
        {
            'pipeline_exporter_lines_total{pipeline="a",stream="x"}': "100x20",
            'pipeline_exporter_rejected_lines_total{pipeline="a",stream="x",reason="r"}': "5x20",
        },
        at(15, "exporter:rejected_ratio"),
    ),
    case(
        "persona:repair_ratio",
        "pages for the run that it is of",
        {
            'persona_batch_repair_ratio{run_id="a"}': "0.25x5",
            'persona_batch_repair_ratio{run_id="b"}': "0.15x5",
            'persona_batch_repair_ratio{run_id="c"}': "0.05x5",
        },
        firing(
            0,
            "PersonaRepairRatio",
            "run_id, severity",
            {
                '{run_id="a",severity="warning"}': 1,
                '{run_id="a",severity="critical"}': 1,
                '{run_id="b",severity="warning"}': 1,
            },
        ),
    ),
    case(
        "persona:repair_trend",
        "is not that of another indicator",
        {'persona_recent_trend_per_batch{run_id="a",indicator="opening_entropy"}': "0.5x5"},
        at(2, "persona:repair_trend"),
    ),
    case(
        "persona:pollyanna",
        "is not the score of another validator",
        {'persona_batch_validator_score_mean{run_id="a",validator="anchor_specificity"}': "0.9x5"},
        at(2, "persona:pollyanna"),
    ),
    case(
        "persona:drift",
        "is judged from a run's fourth batch on",
        {
            'persona_drift_detected{run_id="a",signal="variety"}': "1x5",
            'persona_drift_detected{run_id="b",signal="variety"}': "1x5",
            'persona_batches_total{run_id="a"}': "3 3 3 4 4",
            'persona_batches_total{run_id="b"}': "3x5",
        },
        at(2, "persona:drift"),
        at(3, "persona:drift", {'persona:drift{run_id="a",signal="variety"}': 1}),
    ),
    case(
        "persona:stalled",
        "is told of a run that goes on nowhere, whoever else is busy",
        {
            'persona_run_progress_ratio{run_id="a"}': "0.5x40",
            'persona_run_progress_ratio{run_id="b"}': "0.5x40",
            'persona_run_progress_ratio{run_id="done"}': "1x40",
            'persona_attempts_total{run_id="a",stage="B",status="success"}': "90 100x40",
            'persona_attempts_total{run_id="a",stage="B",status="success"} @other': "0+9x40",
            'persona_attempts_total{run_id="b",stage="B",status="success"}': "100x40",
            'persona_attempts_total{run_id="b",stage="C",status="fail"}': "0+1x40",
            'persona_attempts_total{run_id="done",stage="B",status="success"}': "100x40",
        },
        at(20, "persona:stalled", {'persona:stalled{run_id="a"}': 0.5}),
    ),
    case(
        "persona:stalled",
        "is not told of a run that was history when it was first read, nor of one that stopped long ago",
        {
            'persona_run_progress_ratio{run_id="history"}': "0.5x400",
            'persona_run_progress_ratio{run_id="ended"}': "0.5x400",
            'persona_attempts_total{run_id="history",stage="B",status="success"}': "100x400",
            'persona_attempts_total{run_id="ended",stage="B",status="success"}': "90 100x400",
        },
        at(350, "persona:stalled", {'persona:stalled{run_id="ended"}': 0.5}),
        at(370, "persona:stalled"),
    ),
    case(
        "persona:cost",
        "adds up over hosts",
        {
            'persona_cost_usd_total{run_id="a"}': "1.5x5",
            'persona_cost_usd_total{run_id="a"} @other': "2x5",
        },
        at(2, "persona:cost", {'persona:cost{run_id="a"} @all': 3.5}),
    ),
    case(
        "persona:success_ratio",
        "is that of the batch",
        {'persona_batch_success_ratio{run_id="a"}': "0.875x5"},
        at(2, "persona:success_ratio", {'persona:success_ratio{run_id="a"}': 0.875}),
    ),
    case(
        "persona:pollyanna_trend",
        "is that of the score",
        {
            'persona_recent_trend_per_batch{run_id="a",indicator="pollyanna"}': "0.25x5",
            'persona_recent_trend_per_batch{run_id="a",indicator="repair_ratio"}': "0.5x5",
        },
        at(
            2,
            "persona:pollyanna_trend",
            {'persona:pollyanna_trend{run_id="a",indicator="pollyanna"}': 0.25},
        ),
    ),
    case(
        "distillation:stalled",
        "is told for an hour",
        {
            'pipeline_exporter_lines_total{pipeline="distillation",stream="session"}': "0x80",
            'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0x4 40x80",
        },
        at(60, "distillation:stalled", {'distillation:stalled{filter="a"}': 40}),
        at(70, "distillation:stalled"),
    ),
    case(
        "distillation:stalled",
        "is unknown where no session is followed",
        {'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0x4 40x60"},
        at(30, "distillation:stalled"),
    ),
    case(
        "distillation:stalled",
        "is told of the filter whose last summary is that of another day, not of one that ended or goes on",
        {
            'pipeline_exporter_lines_total{pipeline="distillation",stream="session"}': "0x130",
            'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0x90 40x40",
            'distillation_articles_total{filter="b",provider="p",outcome="success"}': "0x90 40x40",
            'distillation_articles_total{filter="c",provider="p",outcome="success"}': "0x90 40+1x40",
            'distillation_session_duration_seconds{filter="a"}': "300x130",
            'distillation_session_duration_seconds{filter="b"}': "300x91 400x40",
            'distillation_session_duration_seconds{filter="c"}': "300x130",
        },
        at(110, "distillation:stalled", {'distillation:stalled{filter="a"}': 40}),
    ),
    case(
        "distillation:stalled",
        "is told of a session that begins when another has ended, and stands still at once",
        {
            'pipeline_exporter_lines_total{pipeline="distillation",stream="session"}': "0x80",
            'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0+2x30 60x4 62 64x60",
            'distillation_articles_total{filter="b",provider="p",outcome="success"}': "0+2x30 60x80",
            'distillation_session_duration_seconds{filter="a"}': "_x31 1800x80",
            'distillation_session_duration_seconds{filter="b"}': "_x31 1800x80",
        },
        at(50, "count by (filter) (distillation:stalled)", {'{filter="a"}': 1}),
        firing(52, "DistillationStalled", "filter", {'{filter="a"}': 1}),
        at(85, "count by (filter) (distillation:stalled)", {'{filter="a"}': 1}),
        firing(95, "DistillationStalled", "filter", {'{filter="a"}': 1}),
    ),
    case(
        "distillation:stalled",
        "is not told of a session whose last articles are seen a minute after its summary",
        {
            'pipeline_exporter_lines_total{pipeline="distillation",stream="session"}': "0x80",
            'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0+2x31 62x60",
            'distillation_session_duration_seconds{filter="a"}': "300x29 1800x60",
        },
        *(at(minute, "distillation:stalled") for minute in range(40, 90, 5)),
    ),
    case(
        "distillation:stalled",
        "is told where the exporter is started again while a session stands still, and not where one has ended",
        {
            'pipeline_exporter_lines_total{pipeline="distillation",stream="session"}': "0x90",
            'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0+2x30 60x20 stale _x2 60x50",
            'distillation_articles_total{filter="b",provider="p",outcome="success"}': "0+2x30 60x20 stale _x2 60x50",
            'distillation_session_duration_seconds{filter="a"}': "300x51 stale _x2 300x50",
            'distillation_session_duration_seconds{filter="b"}': "300x30 1800x20 stale _x2 1800x50",
        },
        at(48, "count by (filter) (distillation:stalled)", {'{filter="a"}': 1}),
        at(60, "count by (filter) (distillation:stalled)", {'{filter="a"}': 1}),
        at(80, "count by (filter) (distillation:stalled)", {'{filter="a"}': 1}),
    ),
    case(
        "distillation:success_ratio",
        "adds up over hosts",
        {
            'distillation_articles_total{filter="a",provider="p",outcome="success"}': "0+30x60",
            'distillation_articles_total{filter="a",provider="p",outcome="failure"}': "0+10x60",
            'distillation_articles_total{filter="a",provider="p",outcome="success"} @other': ("0+40x60"),
            'distillation_errors_total{filter="a",provider="p",error_type="timeout"}': "0+8x60",
            'distillation_errors_total{filter="a",provider="p",error_type="unknown"}': "0+2x60",
            'distillation_retried_articles_total{filter="a",provider="p"}': "0+20x60",
            'distillation_json_repaired_total{filter="a",provider="p"}': "0+4x60",
            'distillation_article_duration_seconds_sum{filter="a",provider="p"}': "0+80x60",
            'distillation_article_duration_seconds_count{filter="a",provider="p"}': "0+10x60",
        },
        at(
            60,
            "round(distillation:success_ratio, 0.001)",
            {'{filter="a",provider="p",job="pipeline-exporter"}': 0.875},
        ),
        at(
            60,
            "round(distillation:error_share, 0.001)",
            {
                '{filter="a",provider="p",error_type="timeout",job="pipeline-exporter"}': 0.1,
                '{filter="a",provider="p",error_type="unknown",job="pipeline-exporter"}': 0.025,
            },
        ),
        at(
            60,
            "round(distillation:retried_ratio, 0.001)",
            {'{filter="a",provider="p",job="pipeline-exporter"}': 0.25},
        ),
        at(
            60,
            "round(distillation:repaired_ratio, 0.001)",
            {'{filter="a",provider="p",job="pipeline-exporter"}': 0.05},
        ),
        at(60, "round(distillation:article_seconds, 0.001)", {'{filter="a",provider="p",job="pipeline-exporter"}': 8}),
    ),
    case(
        "crawl:error_ratio",
        "is unknown below 20 pages and failures in the hour",
        {
            'crawl_failures_total{stage="s",exception_type="e",code="none"}': "0x4 10x60",
            'crawl_pages_total{category="c",extraction_method="m",passed="true"}': "0x4 9x10 10x50",
        },
        at(15, "crawl:error_ratio"),
        at(20, "crawl:error_ratio", {"crawl:error_ratio @all": 0.5}),
    ),
    case(
        "crawl:error_ratio",
        "is 1 where no page ever succeeded",
        {'crawl_failures_total{stage="s",exception_type="e",code="none"}': "0x4 30x60"},
        at(20, "crawl:error_ratio", {"crawl:error_ratio @all": 1}),
    ),
    case(
        "crawl:error_ratio",
        "is 0 where no page ever failed",
        {'crawl_pages_total{category="c",extraction_method="m",passed="true"}': "0x4 30x60"},
        at(20, "crawl:error_ratio", {"crawl:error_ratio @all": 0}),
    ),
    case(
        "crawl:error_ratio",
        "adds up over hosts",
        {
            'crawl_failures_total{stage="s",exception_type="e",code="none"}': "0x4 30x60",
            'crawl_pages_total{category="c",extraction_method="m",passed="true"} @other': ("0x4 90x60"),
        },
        at(20, "crawl:error_ratio", {"crawl:error_ratio @all": 0.25}),
    ),
    case(
        "crawl:page_seconds",
        "comes from the health log where no page was crawled, and from pages where some were",
        {
            "crawl_health_crawl_time_seconds": "7x60",
            'pipeline_exporter_records_total{pipeline="crawl",stream="health"}': "0+1x60",
            'crawl_page_duration_seconds_sum{extraction_method="m"}': "0x29 0+20x30",
            'crawl_page_duration_seconds_count{extraction_method="m"}': "0x29 0+10x30",
        },
        at(20, "crawl:page_seconds", {"crawl:page_seconds @all": 7}),
        at(45, "round(crawl:page_seconds, 0.001)", {SUMMED: 2}),
    ),
    case(
        "crawl:cpu_ratio",
        "is forgotten an hour after the health log's last line",
        {
            "crawl_health_cpu_ratio": "0.9x140",
            "crawl_health_cache_hit_ratio": "0.1x140",
            "crawl_health_crawl_time_seconds": "7x140",
            'pipeline_exporter_records_total{pipeline="crawl",stream="health"}': "0+1x30 30x110",
        },
        at(80, "crawl:cpu_ratio", {"crawl:cpu_ratio": 0.9}),
        at(100, "crawl:cpu_ratio"),
        at(100, "crawl:cache_hit_ratio"),
        at(100, "crawl:page_seconds"),
        firing(130, "CrawlCpuRatio", "severity"),
    ),
    case(
        "crawl:threshold_change",
        "counts either way",
        {
            'crawl_threshold_change_ratio{method="up"}': "0.25x5",
            'crawl_threshold_change_ratio{method="down"}': "-0.25x5",
        },
        firing(0, "CrawlThresholdChange", "method", {'{method="up"}': 1, '{method="down"}': 1}),
    ),
    case(
        "crawl:tag_share_change",
        "is unknown below 20 sightings in the week",
        {
            'crawl_tags_total{category="c",tag="seldom"}': "0x30 19 19",
            'crawl_tags_total{category="c",tag="new"}': "_x31 20 20",
            'crawl_tags_total{category="c",tag="rest"}': "0+100x33",
        },
        at(31 * DAY, "count by (tag) (crawl:tag_share_change > 3)", {'{tag="new"}': 1}),
        step=DAY,
    ),
    case(
        "crawl:tags_7d",
        "adds up over hosts, and is all there is where counts were lost",
        {
            'crawl_tags_total{category="c",tag="t"}': "0+10x20",
            'crawl_tags_total{category="c",tag="t"} @other': "0+10x17 5 6 7",
        },
        at(20 * DAY, "crawl:tags_7d", {'crawl:tags_7d{category="c",tag="t"} @all': 77}),
        step=DAY,
    ),
    case(
        "crawl:tag_share_change",
        "does not take a tag of old for a new one where nothing was scraped a week or a month ago",
        {
            'crawl_tags_total{category="c",tag="old"}': "500x9 _ 500x21 _ 500x8",
            'crawl_tags_total{category="c",tag="new"}': "_x15 100+100x17 _ 2000+100x8",
            'crawl_tags_total{category="c",tag="rest"}': "0+100x9 _ 1100+100x21 _ 3400+100x8",
        },
        at(
            40 * DAY,
            "crawl:tags_7d",
            {
                'crawl:tags_7d{category="c",tag="old"} @all': 0,
                'crawl:tags_7d{category="c",tag="new"} @all': 800,
                'crawl:tags_7d{category="c",tag="rest"} @all': 800,
            },
        ),
        at(
            40 * DAY,
            "crawl:tags_30d",
            {
                'crawl:tags_30d{category="c",tag="old"} @all': 0,
                'crawl:tags_30d{category="c",tag="new"} @all': 2600,
                'crawl:tags_30d{category="c",tag="rest"} @all': 3100,
            },
        ),
        at(40 * DAY, 'ALERTS{alertname="CrawlTagShareChange"}'),
        step=DAY,
    ),
    case(
        "crawl:pass_ratio",
        "is that of each category, over hosts",
        {
            'crawl_pages_total{category="c",extraction_method="m",passed="true"}': "0+10x60",
            'crawl_pages_total{category="c",extraction_method="m",passed="false"} @other': ("0+30x60"),
            "crawl_embedding_retry_queue": "3x60",
            "crawl_embedding_retry_queue @other": "4x60",
        },
        at(60, "round(crawl:pass_ratio, 0.001)", {'{category="c",job="pipeline-exporter"}': 0.25}),
        at(60, "crawl:retry_queue", {"crawl:retry_queue @all": 7}),
    ),
    case(
        "clustering:stalled",
        "is told for each host, and not while anything is logged",
        {
            'clustering_events_total{event="clustering_started",level="info"}': "0x4 2x60",
            'clustering_jobs_total{wiki_id="7"}': "_x9 0 1x60",
            'clustering_events_total{event="clustering_started",level="info"} @other': "0x4 1x60",
            'clustering_events_total{event="llm_timeout",level="warning"} @other': "0+1x60",
        },
        at(30, "clustering:stalled", {"clustering:stalled": 1}),
    ),
    case(
        "clustering:stalled",
        "is told of the first job ever",
        {'clustering_events_total{event="clustering_started",level="info"}': "0x4 1x60"},
        at(30, "clustering:stalled", {"clustering:stalled": 1}),
    ),
    case(
        "clustering:stalled",
        "is told for six hours",
        {'clustering_events_total{event="clustering_started",level="info"}': "0x4 1x400"},
        at(360, "clustering:stalled", {"clustering:stalled": 1}),
        at(370, "clustering:stalled"),
    ),
    case(
        "clustering:stalled",
        "takes no notice of what is extrapolated of one counter and not of the other",
        {
            'clustering_events_total{event="clustering_started",level="info"}': "100x60 101x30",
            'clustering_jobs_total{wiki_id="7"}': "_x61 0 1x30",
        },
        at(68 * 7, "clustering:started_6h - clustering:ended_6h > bool 0", {SCRAPED: 1}),
        at(68 * 7, "clustering:stalled"),
        step=7,
    ),
    case(
        "clustering:errors_per_job",
        "is that of each type and wiki, over hosts",
        {
            'clustering_jobs_total{wiki_id="7"}': "0x4 2x60",
            'clustering_jobs_total{wiki_id="7"} @other': "0x4 2x60",
            'clustering_errors_total{wiki_id="7",type="llm_failures"}': "0x4 6x60",
            'clustering_errors_total{wiki_id="7",type="parsing_errors"}': "0x64",
            'clustering_coverage_ratio{wiki_id="7"}': "0.97x60",
        },
        at(
            30,
            "clustering:errors_per_job",
            {
                'clustering:errors_per_job{wiki_id="7",type="llm_failures"} @all': 1.5,
                'clustering:errors_per_job{wiki_id="7",type="parsing_errors"} @all': 0,
            },
        ),
        at(30, "clustering:coverage_ratio", {'clustering:coverage_ratio{wiki_id="7"}': 0.97}),
    ),
    case(
        "tagger:coverage_ratio",
        "adds up over hosts",
        {
            "tagger_results_total": "0+10x60",
            "tagger_results_total @other": "0+30x60",
            "tagger_covered_results_total": "0+10x60",
            "tagger_covered_results_total @other": "0+20x60",
            "tagger_backfills_total": "0+2x60",
            "tagger_agreements_total": "0+80x60",
            "tagger_tags_returned_sum": "0+50x60",
            "tagger_tags_returned_count": "0+10x60",
            'tagger_category_results_total{category="Topic",model="m",outcome="chosen"}': "0+9x60",
            'tagger_category_results_total{category="Topic",model="n",outcome="empty"}': "0+1x60",
            "tagger_possible_misses": "3x60",
            "tagger_lectures": "40x60",
        },
        at(60, "round(tagger:coverage_ratio, 0.001)", {SUMMED: 0.75}),
        at(60, "round(tagger:backfill_ratio, 0.001)", {SUMMED: 0.05}),
        at(60, "round(tagger:agreements_mean, 0.001)", {SUMMED: 2}),
        at(60, "round(tagger:tags_mean, 0.001)", {SUMMED: 5}),
        at(60, "round(tagger:chosen_ratio, 0.001)", {'{category="Topic",job="pipeline-exporter"}': 0.9}),
        at(60, "tagger:possible_miss_ratio", {"tagger:possible_miss_ratio @all": 0.075}),
    ),
    case(
        "host:disk_ratio",
        "is that of each disk",
        {
            'host_disk_used_bytes{mountpoint="/"}': "25x5",
            'host_disk_total_bytes{mountpoint="/"}': "100x5",
        },
        at(2, "host:disk_ratio", {'host:disk_ratio{mountpoint="/"}': 0.25}),
    ),
)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What promtool says of the cases that fail."""
    return failures([case.values[0] for case in CASES], tmp_path_factory.mktemp("promtool"))


@pytest.mark.parametrize("group", CASES)
def test_a_record_is_right(said: dict[str, str], group: Group) -> None:
    """promtool finds what the case expects, and nothing else."""
    if group.name in said:
        pytest.fail(said[group.name], pytrace=False)


def test_each_case_is_told_of_its_own_failures(tmp_path: Path) -> None:
    """Of several cases in a file that fail, none passes in the shadow of the last."""
    groups = [Group("host", name, [], figures=(at(0, "vector(1)"),)) for name in ("first", "second", "third")]
    groups.append(Group("host", "right", [], figures=(at(0, "vector(1) > 1"),)))
    assert ["first", "second", "third"] == sorted(failures(groups, tmp_path))
