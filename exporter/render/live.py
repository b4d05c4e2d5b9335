"""The metrics that are read when they are scraped, and not kept: those of the host, the process, and the snapshots.

They come from outside as they are, so no declaration names them; this table does, and a test compares.
"""

from typing import NamedTuple


class Live(NamedTuple):
    """Metrics of one meaning."""

    names: tuple[str, ...]
    type: str
    labels: tuple[str, ...]
    meaning: str


LIVE = (
    Live(("host_cpu_seconds_total",), "counter", ("mode",), "CPU time by mode"),
    Live(
        ("host_memory_total_bytes", "host_memory_used_bytes", "host_memory_available_bytes"),
        "gauge",
        (),
        "memory of the host",
    ),
    Live(
        ("host_disk_total_bytes", "host_disk_used_bytes"), "gauge", ("mountpoint",), "the disks named in `host.disks`"
    ),
    Live(("host_processes",), "gauge", (), "processes on the host"),
    Live(("host_directory_size_bytes",), "gauge", ("directory",), "the folders named in `host.directories`"),
    Live(("host_process_resident_memory_bytes",), "gauge", ("process",), "the processes named in `host.processes`"),
    Live(
        ("pipeline_exporter_host_reading_failures_total",),
        "counter",
        ("reading",),
        "readings that failed and were left out",
    ),
    Live(
        ("pipeline_exporter_snapshot_duration_seconds",), "gauge", (), "how long the last snapshot took to be written"
    ),
    Live(
        ("pipeline_exporter_snapshot_timestamp_seconds",),
        "gauge",
        (),
        "when everything counted was last known to be durable",
    ),
    Live(
        ("pipeline_exporter_config_reload_success",),
        "gauge",
        (),
        "1 where the last reading of the configuration succeeded",
    ),
    Live(
        ("pipeline_exporter_web_config_reload_success",),
        "gauge",
        (),
        "1 where the web configuration is in force as it is now",
    ),
    Live(("pipeline_exporter_build_info",), "gauge", ("version",), "always 1"),
)

PROCESS = {
    "process_cpu_seconds_total": (),
    "process_resident_memory_bytes": (),
    "process_open_fds": (),
    "process_start_time_seconds": (),
}
"""Those of the exporter's own process that are used, with their labels."""
