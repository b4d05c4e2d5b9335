"""Host metrics: what is shown of a host, and what when it can't be read."""

import os
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporter.config import HostConfig
from exporter.directory import Run, directory_size
from exporter.host import Host

NOTHING = HostConfig(disks=())
Times = namedtuple("Times", "user nice system idle guest guest_nice")


class FakeProcess:
    """A process as psutil shows it; `memory` may be an exception."""

    def __init__(self, pid: int, memory: int | Exception, *cmdline: str) -> None:
        self.pid = pid
        self.info = {"cmdline": list(cmdline) or None}
        self._memory = memory

    def memory_info(self) -> SimpleNamespace:
        if isinstance(self._memory, Exception):
            raise self._memory
        return SimpleNamespace(rss=self._memory)


def fake_psutil(*processes: FakeProcess, **replaced: object) -> SimpleNamespace:
    """A small host; each call can be replaced by a value to return or an exception to raise."""

    def call(name: str, default: object) -> Callable[..., object]:
        def answer(*_: object) -> object:
            value = replaced.get(name, default)
            if isinstance(value, Exception):
                raise value
            return value

        return answer

    return SimpleNamespace(
        NoSuchProcess=psutil.NoSuchProcess,
        cpu_times=call("cpu_times", Times(1.5, 2, 3, 4, 5, 6)),
        virtual_memory=call("virtual_memory", SimpleNamespace(total=100, used=60, available=40)),
        disk_usage=call("disk_usage", SimpleNamespace(total=1000, used=10)),
        pids=call("pids", [1, 2, 3]),
        process_iter=call("process_iter", processes),
    )


class Clock:
    """A clock that goes on by `step` whenever it is looked at."""

    def __init__(self, *, step: float = 0.0) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        now = self.now
        self.now += self.step
        return now


def at_once(work: Callable[[], None]) -> None:
    work()


def samples(host: Host) -> dict[str, float]:
    """The host's samples, by name and label value; failures only where there were any."""
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in host.collect()
        for sample in family.samples
        if sample.value or "failures" not in sample.name
    }


def failed(reading: str, times: int = 1) -> dict[str, float]:
    return {f"pipeline_exporter_host_reading_failures_total {reading}": times}


def only(host: Host, part: str) -> dict[str, float]:
    return {name: value for name, value in samples(host).items() if part in name or "failures" in name}


def test_a_host_shows_cpu_memory_disks_and_processes() -> None:
    """Every figure is in base units, and guest time is not counted twice."""
    expected = {
        "host_cpu_seconds_total user": 1.5,
        "host_cpu_seconds_total nice": 2,
        "host_cpu_seconds_total system": 3,
        "host_cpu_seconds_total idle": 4,
        "host_memory_total_bytes": 100,
        "host_memory_used_bytes": 60,
        "host_memory_available_bytes": 40,
        "host_disk_total_bytes /": 1000,
        "host_disk_used_bytes /": 10,
        "host_processes": 3,
    }
    assert expected == samples(Host(HostConfig(), psutil=fake_psutil()))


def test_failures_are_born_at_zero() -> None:
    """Each reading has its counter before anything fails."""
    *_, failures = Host(NOTHING, psutil=fake_psutil()).collect()
    readings = ["cpu", "memory", "disk", "processes", "directory", "process"]
    assert [(reading, 0) for reading in readings] == [(s.labels["reading"], s.value) for s in failures.samples]


@pytest.mark.parametrize("error", [psutil.Error(), psutil.AccessDenied(1), OSError(), NotImplementedError()])
@pytest.mark.parametrize(
    ("reading", "call", "part"),
    [
        ("cpu", "cpu_times", "host_cpu"),
        ("memory", "virtual_memory", "host_memory"),
        ("disk", "disk_usage", "host_disk"),
        ("processes", "pids", "host_processes"),
    ],
)
def test_a_reading_that_fails_is_left_out_and_counted(reading: str, call: str, part: str, error: Exception) -> None:
    """The other readings are shown all the same."""
    healthy = samples(Host(HostConfig(), psutil=fake_psutil()))
    expected = {name: value for name, value in healthy.items() if not name.startswith(part)} | failed(reading)
    assert expected == samples(Host(HostConfig(), psutil=fake_psutil(**{call: error})))


def test_a_reading_that_a_platform_lacks_is_left_out_and_counted() -> None:
    """A missing function or field is a failed reading like any other; none of its figures is shown."""
    host = Host(HostConfig(), psutil=SimpleNamespace(disk_usage=lambda _: SimpleNamespace(total=1)))
    assert failed("cpu") | failed("memory") | failed("disk") | failed("processes") == samples(host)


def test_failures_add_up() -> None:
    """Every failed reading counts, at every scrape."""
    host = Host(HostConfig(disks=("/", "/data")), psutil=fake_psutil(disk_usage=OSError()))
    samples(host)
    assert failed("disk", 4) == only(host, "disk")


def test_processes_are_found_by_their_command_line() -> None:
    """The resident memory of all that match is summed; a label that nothing matches is absent."""
    processes = [
        FakeProcess(1, 10, "python", "-m", "crawl"),
        FakeProcess(2, 20, "/usr/bin/python3", "crawl.py"),
        FakeProcess(3, 40, "bash"),
        FakeProcess(4, 80),
    ]
    config = HostConfig(disks=(), processes={"crawler": "python.* .*crawl", "shell": "^bash$", "none": "zsh"})
    expected = {"host_process_resident_memory_bytes crawler": 30, "host_process_resident_memory_bytes shell": 40}
    assert expected == only(Host(config, psutil=fake_psutil(*processes)), "resident")


def test_the_exporter_is_not_the_process_that_it_looks_for() -> None:
    """Its own command line may name the logs of the crawler."""
    config = HostConfig(disks=(), processes={"crawler": "crawl"})
    host = Host(config, psutil=fake_psutil(FakeProcess(os.getpid(), 10, "exporter", "crawl=a.log")))
    assert only(host, "resident") == {}


def test_a_process_that_ends_meanwhile_is_no_failure() -> None:
    """It is just no longer there."""
    config = HostConfig(disks=(), processes={"crawler": "crawl"})
    processes = [FakeProcess(1, psutil.NoSuchProcess(1), "crawl"), FakeProcess(2, 20, "crawl")]
    expected = {"host_process_resident_memory_bytes crawler": 20}
    assert expected == only(Host(config, psutil=fake_psutil(*processes)), "resident")


def test_a_process_that_hides_its_memory_is_a_failure() -> None:
    """A sum with a part missing would be wrong; the other labels are shown."""
    config = HostConfig(disks=(), processes={"crawler": "crawl", "shell": "bash"})
    processes = [FakeProcess(1, psutil.AccessDenied(1), "crawl"), FakeProcess(2, 9, "crawl"), FakeProcess(3, 5, "bash")]
    expected = {"host_process_resident_memory_bytes shell": 5} | failed("process")
    assert expected == only(Host(config, psutil=fake_psutil(*processes)), "resident")


def test_processes_that_cannot_be_listed_are_one_failure() -> None:
    """No label is shown."""
    config = HostConfig(disks=(), processes={"a": "a", "b": "b"})
    assert failed("process") == only(Host(config, psutil=fake_psutil(process_iter=psutil.Error())), "resident")


def test_processes_are_not_listed_for_nothing() -> None:
    """Without patterns no command line is read."""
    assert only(Host(NOTHING, psutil=fake_psutil(process_iter=psutil.Error())), "resident") == {}


def test_a_directorys_size_is_that_of_its_files(tmp_path: Path) -> None:
    """Files below count too, a hard link once, a symbolic link not at all."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "a" / "b" / "ten").write_bytes(b"0123456789")
    (tmp_path / "a" / "again").hardlink_to(tmp_path / "a" / "b" / "ten")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "one")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    assert directory_size(str(tmp_path)) == 11


def test_a_missing_directory_has_no_size(tmp_path: Path) -> None:
    """What is not there is not empty."""
    with pytest.raises(FileNotFoundError):
        directory_size(str(tmp_path / "nothing"))


def directory_host(path: Path, *, run: Run = at_once, clock: Clock | None = None) -> Host:
    config = HostConfig(disks=(), directories={"data": str(path)})
    return Host(config, psutil=fake_psutil(), monotonic=clock or Clock(), run=run)


def size(bytes_: int) -> dict[str, float]:
    return {"host_directory_size_bytes data": bytes_}


def test_a_directory_is_measured_in_the_background(tmp_path: Path) -> None:
    """A scrape never waits: the size is absent until it is known, and only one measuring is under way."""
    (tmp_path / "file").write_bytes(b"12345")
    clock = Clock()
    work: list[Callable[[], None]] = []
    host = directory_host(tmp_path, run=work.append, clock=clock)
    assert only(host, "directory") == {}
    clock.now = 1000
    assert only(host, "directory") == {}
    assert len(work) == 1
    work.pop()()
    assert size(5) == only(host, "directory")
    assert work == []


def test_a_directory_is_measured_once_a_minute(tmp_path: Path) -> None:
    """Between two measurings the last size is shown."""
    (tmp_path / "file").write_bytes(b"1")
    clock = Clock()
    host = directory_host(tmp_path, clock=clock)
    assert size(1) == only(host, "directory")
    (tmp_path / "file").write_bytes(b"12")
    clock.now = 59.9
    assert size(1) == only(host, "directory")
    clock.now = 60
    assert size(2) == only(host, "directory")


def test_a_directory_that_takes_long_is_measured_less_often(tmp_path: Path) -> None:
    """After half a minute's work it rests for five minutes, and the last size is shown."""
    (tmp_path / "file").write_bytes(b"1")
    clock = Clock(step=30)
    host = directory_host(tmp_path, clock=clock)
    assert size(1) == only(host, "directory")
    (tmp_path / "file").write_bytes(b"12")
    clock.step, clock.now = 0, 60 + 299
    assert size(1) == only(host, "directory")
    clock.now = 60 + 300
    assert size(2) == only(host, "directory")


def test_a_directory_that_cannot_be_measured_is_left_out_and_counted(tmp_path: Path) -> None:
    """Its old size is not shown, and it is tried again a minute later."""
    data = tmp_path / "data"
    data.mkdir()
    clock = Clock()
    host = directory_host(data, clock=clock)
    assert size(0) == only(host, "directory")
    data.rmdir()
    clock.now = 60
    assert failed("directory") == only(host, "directory")
    data.mkdir()
    assert failed("directory", 2) == only(host, "directory")
    clock.now = 120
    assert size(0) | failed("directory", 2) == only(host, "directory")


def test_a_thread_that_cannot_start_is_a_failure(tmp_path: Path) -> None:
    """The directory is tried again a minute later."""
    clock, refusals = Clock(), [RuntimeError("can't start new thread")]

    def run(work: Callable[[], None]) -> None:
        if refusals:
            raise refusals.pop()
        work()

    host = directory_host(tmp_path, run=run, clock=clock)
    assert failed("directory") == only(host, "directory")
    clock.now = 60
    assert size(0) | failed("directory") == only(host, "directory")


def test_the_real_host_can_be_read(tmp_path: Path) -> None:
    """psutil itself gives every figure here, and the exposition takes them."""
    host = Host(HostConfig(processes={"any": "."}, directories={"data": str(tmp_path)}), run=at_once)
    registry = CollectorRegistry()
    registry.register(host)
    text = generate_latest(registry).decode()
    assert 'host_disk_total_bytes{mountpoint="/"}' in text
    assert 'host_directory_size_bytes{directory="data"} 0.0' in text
    assert [line for line in text.splitlines() if "failures_total{" in line and not line.endswith(" 0.0")] == []
