"""What is watched of the exporter itself and of the logs that it follows."""

from exporter.dashboard import Dashboard, Kind, Mark, Panel
from exporter.indicator import Indicator, Unit

INDICATORS = (
    Indicator(
        name="down",
        title="Exporter down",
        unit=Unit.FLAG,
        expr="""
            1 - up{job="pipeline-exporter"} unless on (instance) up{job="pipeline-exporter-self"} == 1
            or label_replace(absent(up{job="pipeline-exporter"}), "instance", "unknown", "", "")
            """,
        of="{instance}",
        absent="It is reached.",
        critical="== 1",
        pending="1m",
        keep_firing_for="1m",
        meaning="Prometheus does not reach the exporter, or knows of none.",
        impact="Nothing is seen of any pipeline. Nothing is lost: what is logged meanwhile is counted after the start.",
        look=(
            "Prometheus' page of targets, for the error",
            "`journalctl -u pipeline-exporter` or `docker compose logs exporter`: its last words",
        ),
        action="Start it. Exit code 2 means a mistake in its configuration: `pipeline-exporter check --config FILE`. "
        "Where Prometheus knows of none, its configuration lacks the job `pipeline-exporter`.",
    ),
    Indicator(
        name="unserved",
        title="Metrics not served",
        unit=Unit.FLAG,
        expr="""
            1 - up{job="pipeline-exporter"} and on (instance) up{job="pipeline-exporter-self"} == 1
            """,
        of="{instance}",
        critical="== 1",
        pending="15m",
        keep_firing_for="1m",
        meaning="The exporter lives, but its /metrics does not answer: it still catches up, can write no snapshot, "
        "or is too slow for the scrape's timeout.",
        impact="Nothing is seen of any pipeline.",
        look=(
            "`curl http://HOST:10210/metrics | head`: how much is left to read, or why no snapshot could be written",
            "`pipeline_exporter_catching_up`, `pipeline_exporter_lag_bytes`, `scrape_duration_seconds`",
        ),
        action="Wait where the rest shrinks. Where the disk is full or read-only, mend that; no restart is needed. "
        "Where it answers, but after the timeout, raise `scrape_timeout`.",
    ),
    Indicator(
        name="catching_up",
        title="Catching up",
        unit=Unit.FLAG,
        expr="pipeline_exporter_catching_up",
        of="{instance}",
        warning="== 1",
        pending="5m",
        keep_firing_for="1m",
        meaning="After its start the exporter still reads what was logged before, for longer than `catchup_timeout`.",
        impact="Counters lag behind; from `catchup_timeout` on they are shown all the same, and rise faster than what "
        "they count did.",
        look=("`pipeline_exporter_lag_bytes`: which stream, and whether it shrinks",),
        action="Wait where it shrinks. `{paths: […], start: end}` skips the history of a stream at first sight.",
    ),
    Indicator(
        name="rejected_ratio",
        title="Rejected lines",
        unit=Unit.RATIO,
        expr="""
            sum without (reason) (increase(pipeline_exporter_rejected_lines_total[15m]))
            / (increase(pipeline_exporter_lines_total[15m]) > 0)
            """,
        of="{pipeline}.{stream}",
        warning="> 1 %",
        critical="> 10 %",
        pending="1m",
        meaning="Share of the lines of the last 15 minutes that could not be read as records.",
        impact="What they told is in no figure.",
        look=(
            "`increase(pipeline_exporter_rejected_lines_total[15m])`: for which reason",
            "`pipeline-exporter lint PIPELINE.STREAM=LOG`: each line, its reason, and how it begins",
        ),
        action="Mend the producer: a renamed field is `missing_field`, two writers in one line are `invalid_json`.",
    ),
    Indicator(
        name="lag",
        title="Lag",
        unit=Unit.BYTES,
        expr="pipeline_exporter_lag_bytes",
        of="{pipeline}.{stream}",
        warning="> 64 MiB",
        pending="10m",
        meaning="Bytes in the logs that are not counted yet.",
        impact="Figures and alerts are late by what it takes to read them.",
        look=(
            "`rate(pipeline_exporter_bytes_total[5m])`: whether it reads at all",
            '`rate(process_cpu_seconds_total{job="pipeline-exporter"}[5m])`: 1 is a full core',
        ),
        action="At a full core, give the stream an exporter of its own. Where it does not read, see its log.",
    ),
    Indicator(
        name="unfollowed_files",
        title="Files that cannot be followed",
        unit=Unit.NUMBER,
        expr="pipeline_exporter_unfollowed_files",
        of="{pipeline}.{stream} ({reason})",
        warning="> 0",
        pending="5m",
        meaning="Paths that match and are not read, by reason.",
        impact="What is in them is not counted until they can be.",
        look=("`pipeline-exporter check --config FILE`: which paths, and why",),
        action="Give it the right to read them, move aside what is no log, or raise `limits.files_per_stream`.",
    ),
    Indicator(
        name="lost_bytes",
        title="Lines lost",
        unit=Unit.BYTES,
        expr="increase(pipeline_exporter_lost_bytes_total[15m])",
        of="{pipeline}.{stream}",
        warning="> 0",
        meaning="Bytes that were seen in a log and went, by truncation or deletion, before they were read.",
        impact="Counters are too low by what was in them, for good.",
        look=("`pipeline_exporter_truncations_total`, `pipeline_exporter_rotations_total`: what happened to the log",),
        action="Rotate by renaming, and keep rotated logs for a while; copytruncate only while nothing is written.",
    ),
    Indicator(
        name="series_capped",
        title="Series over the cap",
        unit=Unit.NUMBER,
        expr="increase(pipeline_exporter_series_capped_total[15m])",
        of="{metric}",
        warning="> 0",
        meaning="Observations of the last 15 minutes that were counted as `other`, as the metric has too many series.",
        impact="Totals stay right; who is new is not told apart.",
        look=("`topk(5, pipeline_exporter_series)`; `count by (LABEL) (METRIC)`: which label grows",),
        action="Ids or free text in a label are a mistake of the producer. Else raise `limits.series_per_metric`.",
    ),
    Indicator(
        name="snapshot_age",
        title="Age of the last snapshot",
        unit=Unit.SECONDS,
        expr="time() - pipeline_exporter_snapshot_timestamp_seconds",
        of="{instance}",
        warning="> 2 min",
        critical="> 10 min",
        meaning="Time since everything counted was durable. Until it is again, /metrics stands still.",
        impact="Alerts see the past. A kill costs time, never counts: what is not durable is read again.",
        look=(
            "`pipeline_exporter_snapshot_failures_total`, and `snapshot_failed` in the exporter's log",
            "`df` and `ls -ld` of the state directory",
        ),
        action="Make room on the disk or make it writable; no restart is needed. If only this alert fires, compare the "
        "clocks of exporter and Prometheus.",
    ),
    Indicator(
        name="state_resets",
        title="Counts lost",
        unit=Unit.NUMBER,
        expr="increase(pipeline_exporter_state_resets_total[1h])",
        of="{reason} on {instance}",
        warning="> 0",
        keep_firing_for="1h",
        meaning="Metrics that began anew at 0: `damaged` where both snapshots could not be read, `definition` where a "
        "new version of the exporter means something else by a metric.",
        impact="`rate` and `increase` go on; absolute values begin anew.",
        look=("The exporter's log at its last start",),
        action="`definition` is as it should be after an upgrade. `damaged`: look at the disk.",
    ),
    Indicator(
        name="reload_failed",
        title="Reload failed",
        unit=Unit.FLAG,
        expr="1 - pipeline_exporter_config_reload_success",
        of="{instance}",
        warning="== 1",
        keep_firing_for="1m",
        meaning="The configuration on disk has a mistake; the one before is in force.",
        impact="What was changed has no effect, and the next start will fail.",
        look=("`pipeline-exporter check --config FILE`: every mistake with its line",),
        action="Mend it, then SIGHUP or POST /-/reload.",
    ),
    Indicator(
        name="web_reload_failed",
        title="Web configuration not in force",
        unit=Unit.FLAG,
        expr="1 - pipeline_exporter_web_config_reload_success",
        of="{instance}",
        absent="There is none.",
        warning="== 1",
        keep_firing_for="1m",
        meaning="The web configuration or its certificates on disk have a mistake; those before are in force.",
        impact="Certificates are not renewed, passwords not changed.",
        look=("`pipeline-exporter check --web.config.file FILE`",),
        action="Mend it; it is read again by itself.",
    ),
)

DASHBOARD = Dashboard(
    metrics="pipeline_exporter",
    span="6h",
    empty="The exporter is not scraped, or follows no log.",
    sections={
        "What is read?": (
            Panel(
                "Lines by stream",
                "As the producers write. A stream at 0 has a producer that is done, or gone.",
                Kind.STACK,
                Unit.PER_SECOND,
                {"{pipeline}.{stream}": "sum by (pipeline, stream) (rate(pipeline_exporter_lines_total[auto]))"},
            ),
            Panel(
                "Bytes by stream",
                "As the producers write; far more after a start, until it has caught up.",
                Kind.STACK,
                Unit.BYTES_PER_SECOND,
                {"{pipeline}.{stream}": "sum by (pipeline, stream) (rate(pipeline_exporter_bytes_total[auto]))"},
            ),
            Panel(
                "Age of the last record",
                "Seconds for a live log. By event time: a producer's clock that is ahead makes it negative.",
                Kind.LINES,
                Unit.SECONDS,
                {"{pipeline}.{stream}": "time() - pipeline_exporter_last_record_timestamp_seconds"},
                empty="No record had a time.",
            ),
        ),
        "What is refused?": (
            Panel(
                "Rejected lines by reason",
                "None. missing_field is a renamed field, invalid_json two writers in one line.",
                Kind.STACK,
                Unit.NUMBER,
                {
                    "{pipeline}.{stream} {reason}": "sum by (pipeline, stream, reason) "
                    "(increase(pipeline_exporter_rejected_lines_total[auto]))"
                },
            ),
            Panel(
                "Rejected in the time shown",
                "No bar. `pipeline-exporter lint PIPELINE.STREAM=LOG` shows the lines.",
                Kind.BARS,
                Unit.NUMBER,
                {
                    "{pipeline}.{stream} {reason}": "topk(12, round(sum by (pipeline, stream, reason) "
                    "(increase(pipeline_exporter_rejected_lines_total[shown]))) > 0)"
                },
                empty="No line was rejected in the time shown.",
            ),
            Panel(
                "Skipped lines",
                "Blank ones, and kinds that are not used: as many as ever.",
                Kind.STACK,
                Unit.PER_SECOND,
                {
                    "{pipeline}.{stream}": "sum by (pipeline, stream) "
                    "(rate(pipeline_exporter_skipped_lines_total[auto]))"
                },
            ),
        ),
        "What becomes of files?": (
            Panel(
                "Rotations and truncations",
                "Rotations as configured; truncations only where copytruncate is in use.",
                Kind.STACK,
                Unit.NUMBER,
                {
                    "{pipeline}.{stream} rotated": "sum by (pipeline, stream) "
                    "(increase(pipeline_exporter_rotations_total[auto]))",
                    "{pipeline}.{stream} truncated": "sum by (pipeline, stream) "
                    "(increase(pipeline_exporter_truncations_total[auto]))",
                },
                width=12,
            ),
            Panel(
                "Files followed",
                "As many as there are; a climb without end is logs that nobody removes.",
                Kind.LINES,
                Unit.NUMBER,
                {"{pipeline}.{stream}": "pipeline_exporter_files"},
                width=12,
            ),
        ),
        "How many series?": (
            Panel(
                "Series by metric",
                "Far below `limits.series_per_metric`, 2000. The longest bar has the label to look at.",
                Kind.BARS,
                Unit.NUMBER,
                {"{metric}": "topk(12, max by (metric) (pipeline_exporter_series))"},
                width=12,
            ),
            Panel(
                "Series in all",
                "Level. Each costs memory here and in Prometheus.",
                Kind.LINES,
                Unit.NUMBER,
                {"{instance}": "sum by (instance) (pipeline_exporter_series)"},
                width=12,
            ),
        ),
        "What does it cost?": (
            Panel(
                "Duration of a snapshot",
                "Some milliseconds: a scrape waits for it.",
                Kind.LINES,
                Unit.SECONDS,
                {"{instance}": "pipeline_exporter_snapshot_duration_seconds"},
            ),
            Panel(
                "CPU",
                "A few percent of a core; a full core is a backlog, or too much for one.",
                Kind.LINES,
                Unit.RATIO,
                {"{instance}": 'rate(process_cpu_seconds_total{job="pipeline-exporter"}[auto])'},
            ),
            Panel(
                "Memory",
                "Level, and below 100 MiB for ordinary logs.",
                Kind.LINES,
                Unit.BYTES,
                {"{instance}": 'process_resident_memory_bytes{job="pipeline-exporter"}'},
            ),
            Panel(
                "Failures to write or to read",
                "None: snapshots that could not be written, and readings of the host that failed.",
                Kind.STACK,
                Unit.NUMBER,
                {
                    "snapshots": "sum(increase(pipeline_exporter_snapshot_failures_total[auto]))",
                    "host {reading}": "sum by (reading) "
                    "(increase(pipeline_exporter_host_reading_failures_total[auto]))",
                },
                width=12,
            ),
            Panel(
                "Version",
                "The same on all hosts.",
                Kind.TABLE,
                Unit.NUMBER,
                {"running": "max by (instance, version) (pipeline_exporter_build_info)"},
                width=12,
            ),
        ),
    },
    marks=(
        Mark(
            "Exporter starts",
            'process_start_time_seconds{job="pipeline-exporter"} > time() - 60',
            "the exporter starts on {instance}",
        ),
    ),
)
