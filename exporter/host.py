"""What the host spends: CPU, memory, disks, processes, directories. In comes what to look at; out go metric families,
read when somebody asks. A reading that fails is left out and counted; it never fails a scrape. Knows no pipeline.

Not handled: a mount point whose file server hangs, which holds up whoever asks for its size; don't name one in `disks`.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from exporter.config import HostConfig
from exporter.directory import Directory, Run, in_background

READINGS = ("cpu", "memory", "disk", "processes", "directory", "process")

GUEST_MODES = ("guest", "guest_nice")
"""Linux counts these within user and nice; left out, the modes add up to all the time there was."""


class Host:
    """Reads the host. One caller at a time; `failures` counts failed readings by name and may be carried over."""

    def __init__(
        self,
        config: HostConfig,
        *,
        psutil: Any = psutil,
        monotonic: Callable[[], float] = time.monotonic,
        run: Run = in_background,
    ) -> None:
        self.failures = dict.fromkeys(READINGS, 0)
        self._psutil = psutil
        self._disks = config.disks
        self._processes = {name: re.compile(regex) for name, regex in config.processes.items()}
        self._directories = {
            name: Directory(path, monotonic=monotonic, run=run) for name, path in config.directories.items()
        }

    def collect(self) -> Iterator[Metric]:
        """The families that have data, and the failures."""
        for read in (self._cpu, self._memory, self._disk, self._count, self._directory, self._process):
            yield from (family for family in read() if family.samples)
        failures = CounterMetricFamily(
            "pipeline_exporter_host_reading_failures", "Readings of the host that failed.", labels=["reading"]
        )
        for reading, times in self.failures.items():
            failures.add_metric([reading], times)
        yield failures

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Counts whatever is raised: psutil reads what kernels and containers make of /proc, so it may be anything."""
        try:
            yield
        except Exception:
            self.failures[name] += 1

    def _cpu(self) -> list[Metric]:
        seconds = CounterMetricFamily("host_cpu_seconds", "CPU time of the host by mode.", labels=["mode"])
        with self._reading("cpu"):
            for mode, value in self._psutil.cpu_times()._asdict().items():
                if mode not in GUEST_MODES:
                    seconds.add_metric([mode], value)
        return [seconds]

    def _memory(self) -> list[Metric]:
        with self._reading("memory"):
            memory = self._psutil.virtual_memory()
            return [
                GaugeMetricFamily("host_memory_total_bytes", "Memory of the host.", value=memory.total),
                GaugeMetricFamily("host_memory_used_bytes", "Memory in use, caches aside.", value=memory.used),
                GaugeMetricFamily(
                    "host_memory_available_bytes", "Memory to be had without swapping.", value=memory.available
                ),
            ]
        return []

    def _disk(self) -> list[Metric]:
        total = GaugeMetricFamily("host_disk_total_bytes", "Size of the file system.", labels=["mountpoint"])
        used = GaugeMetricFamily("host_disk_used_bytes", "Space in use on the file system.", labels=["mountpoint"])
        for mountpoint in self._disks:
            with self._reading("disk"):
                disk = self._psutil.disk_usage(mountpoint)
                size, in_use = disk.total, disk.used
                total.add_metric([mountpoint], size)
                used.add_metric([mountpoint], in_use)
        return [total, used]

    def _count(self) -> list[Metric]:
        with self._reading("processes"):
            return [GaugeMetricFamily("host_processes", "Processes on the host.", value=len(self._psutil.pids()))]
        return []

    def _directory(self) -> list[Metric]:
        sizes = GaugeMetricFamily(
            "host_directory_size_bytes", "Size of the files in the directory and below.", labels=["directory"]
        )
        for name, directory in self._directories.items():
            with self._reading("directory"):
                size = directory.size()
                if size is not None:
                    sizes.add_metric([name], size)
        return [sizes]

    def _process(self) -> list[Metric]:
        resident = GaugeMetricFamily(
            "host_process_resident_memory_bytes", "Resident memory of the matching processes.", labels=["process"]
        )
        commands: list[tuple[Any, str]] = []
        if self._processes:
            with self._reading("process"):
                commands = list(self._commands())
        for name, pattern in self._processes.items():
            with self._reading("process"):
                found = [self._resident(process) for process, command in commands if pattern.search(command)]
                if sizes := [size for size in found if size is not None]:
                    resident.add_metric([name], sum(sizes))
        return [resident]

    def _commands(self) -> Iterator[tuple[Any, str]]:
        """Every process with its command line, but this one: its own may well name the logs of those looked for."""
        for process in self._psutil.process_iter(["cmdline"]):
            if process.info["cmdline"] and process.pid != os.getpid():
                yield process, " ".join(process.info["cmdline"])

    def _resident(self, process: Any) -> int | None:
        try:
            return int(process.memory_info().rss)
        except self._psutil.NoSuchProcess:  # it ended since it was listed
            return None
