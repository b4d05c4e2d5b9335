"""What is watched of the host. Seed 003 names the limits: its alert thresholds and its health checks."""

from exporter.dashboard import Dashboard, Kind, Panel
from exporter.indicator import Indicator, Unit

INDICATORS = (
    Indicator(
        name="process_memory",
        title="Memory of a watched process",
        unit=Unit.BYTES,
        expr="host_process_resident_memory_bytes",
        of="{process} on {instance}",
        warning="> 1024 MiB",
        pending="5m",
        meaning="Resident memory of the processes that `host.processes` watches under this name.",
        impact="The host runs out of memory, and the kernel ends what it likes.",
        look=("`host_process_resident_memory_bytes`: a steady climb is a leak, a step a bigger batch",),
        action="Restart it between two runs, lower its batch size, or allow more by `render --limits`.",
    ),
    Indicator(
        name="cpu_ratio",
        title="CPU in use",
        unit=Unit.RATIO,
        expr="""
            1 - sum without (mode) (rate(host_cpu_seconds_total{mode=~"idle|iowait"}[5m]))
            / sum without (mode) (rate(host_cpu_seconds_total[5m]))
            """,
        of="{instance}",
        warning="> 80 %",
        pending="5m",
        meaning="Share of the host's CPU time of the last 5 minutes that was not idle.",
        impact="Everything on the host slows down, and timeouts follow.",
        look=("`sum by (mode) (rate(host_cpu_seconds_total[5m]))`; `top` on the host",),
        action="Lower the number of workers, or move one of the pipelines elsewhere.",
    ),
    Indicator(
        name="memory_ratio",
        title="Memory in use",
        unit=Unit.RATIO,
        expr="1 - host_memory_available_bytes / host_memory_total_bytes",
        of="{instance}",
        warning=">= 80 %",
        pending="5m",
        meaning="Share of the host's memory that can't be had without swapping.",
        impact="Swapping, then processes that the kernel ends.",
        look=("`host_process_resident_memory_bytes`; `ps aux --sort -rss | head` on the host",),
        action="Restart what grew, lower batch sizes, or move one of the pipelines elsewhere.",
    ),
    Indicator(
        name="disk_ratio",
        title="Disk in use",
        unit=Unit.RATIO,
        expr="host_disk_used_bytes / host_disk_total_bytes",
        of="{mountpoint} on {instance}",
        meaning="Share of the disk in use, of those that `host.disks` names.",
        action="Remove rotated logs that are read to their end, and caches.",
    ),
)

DASHBOARD = Dashboard(
    span="6h",
    empty="The exporter is not scraped, the kernel does not tell, or `host` names nothing to watch.",
    sections={
        "What takes it?": (
            Panel(
                "CPU by mode",
                "Mostly idle. Much iowait is a disk that is too slow, much steal a neighbour.",
                Kind.STACK,
                Unit.RATIO,
                {
                    "{mode}": "sum by (mode) (rate(host_cpu_seconds_total[auto])) "
                    "/ on () group_left () sum(rate(host_cpu_seconds_total[auto]))"
                },
            ),
            Panel(
                "Memory",
                "Available well above 20 % of the total, and level.",
                Kind.LINES,
                Unit.BYTES,
                {
                    "{instance} total": "host_memory_total_bytes",
                    "{instance} used": "host_memory_used_bytes",
                    "{instance} available": "host_memory_available_bytes",
                },
            ),
            Panel(
                "Disk",
                "Used well below the total, or rotated away in time.",
                Kind.LINES,
                Unit.BYTES,
                {
                    "{instance} {mountpoint} total": "host_disk_total_bytes",
                    "{instance} {mountpoint} used": "host_disk_used_bytes",
                },
                empty="`host.disks` names no disk.",
            ),
        ),
        "What is watched?": (
            Panel(
                "Directories",
                "Level, or growing as slowly as you planned.",
                Kind.LINES,
                Unit.BYTES,
                {"{instance} {directory}": "host_directory_size_bytes"},
                width=12,
                empty="`host.directories` names no folder.",
            ),
            Panel(
                "Processes",
                "Level: a climb without end is workers that do not end.",
                Kind.LINES,
                Unit.NUMBER,
                {"{instance}": "host_processes"},
                width=12,
            ),
        ),
    },
)
