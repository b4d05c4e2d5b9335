"""`serve` as a real process: scraped, reloaded, killed, ended."""

import gzip
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from tests.e2e.serving import SLOWLY, Serving, until
from tests.engines import attempt
from tests.exposition import key, samples
from tests.tools import check_metrics
from tests.web.page import Parsed

LINES = 'pipeline_exporter_lines_total{pipeline="persona",stream="attempts"}'
BYTES = 'pipeline_exporter_bytes_total{pipeline="persona",stream="attempts"}'
ATTEMPTS = 'persona_attempts_total{run_id="25K_1",stage="A",status="success"}'
LOSSES = 'pipeline_exporter_state_resets_total{reason="damaged"}'
RELOADED = "pipeline_exporter_config_reload_success"
FAILURES = "pipeline_exporter_snapshot_failures_total"

TELLING = """
import structlog
from exporter.engine import Engine
steps = Engine.steps
def tell(self):
    for step in steps(self):
        structlog.get_logger().info("read")
        yield step
Engine.steps = tell
"""
"""Makes the own log say whenever something was read."""


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    serving.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One that has read three lines, for tests that only look."""
    serving = Serving(tmp_path_factory.mktemp("shared"))
    serving.write(attempt() * 3)
    yield serving.start()
    serving.close()


# What is served


def test_metrics_are_served_in_both_formats_and_compressed(shared: Serving) -> None:
    """Prometheus gets what it asks for, and promtool has nothing to say."""
    classic = shared.get("/metrics")
    assert "text/plain; version=0.0.4; charset=utf-8" == classic.headers["Content-Type"]
    assert "" == check_metrics(classic.content)
    assert (3, 3) == (samples(classic.text)[LINES], samples(classic.text)[ATTEMPTS])
    asked = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"}
    openmetrics = shared.get("/metrics", **asked)
    assert "application/openmetrics-text; version=1.0.0; charset=utf-8" == openmetrics.headers["Content-Type"]
    names = [family.name for family in parse_openmetrics(openmetrics.text)]
    assert "persona_attempts" in names
    assert len(set(names)) == len(names)
    compressed = shared.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert "gzip" == compressed.headers["Content-Encoding"]
    assert LINES in gzip.decompress(compressed.content).decode()


@pytest.mark.invariant(11)
@pytest.mark.parametrize("accept", ["", "*/*", "nonsense", "text/plain;version=x", ";;,q=,;q=x", "a;q=nan"])
def test_no_header_stops_a_scrape(shared: Serving, accept: str) -> None:
    """What nobody understands means the classic format."""
    answer = shared.get("/metrics", Accept=accept, **{"Accept-Encoding": accept})
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (answer.status, answer.headers["Content-Type"])


def test_the_other_pages(shared: Serving) -> None:
    """Health, readiness, the exporter's own metrics, and nothing more."""
    assert (200, "healthy\n") == ((answer := shared.get("/-/healthy")).status, answer.text)
    assert (200, "ready\n") == ((answer := shared.get("/-/ready")).status, answer.text)
    assert 200 == shared.ask("HEAD", "/metrics").status
    assert {404} == {shared.get(path).status for path in ("/debug", "/metrics/x", "/%00", "/-/quit")}
    assert 405 == shared.get("/-/reload").status
    own = shared.own()
    assert LINES in own
    assert not [name for name in own if name.startswith("persona_")]


def test_the_status_page_escapes_what_it_shows(serving: Serving) -> None:
    """A log's name may be any text."""
    name = "generation<b>&'.log"
    serving.write(attempt(), b"nope\n", name=name)
    serving.start()
    page = serving.get("/")
    assert "text/html; charset=utf-8" == page.headers["Content-Type"]
    assert "generation&lt;b&gt;&amp;&#x27;.log" in page.text
    assert "<b>" not in page.text
    assert "invalid_json: 1" in page.text


def test_an_alert_leads_to_the_runbook(shared: Serving) -> None:
    """The page that alerts link to is served by the exporter itself, and the status page links to it."""
    assert 'href="/runbook"' in shared.get("/").text
    answer = shared.get("/runbook")
    assert (200, "text/html; charset=utf-8") == (answer.status, answer.headers["Content-Type"])
    assert "personarepairratio" in Parsed(answer.text).ids
    assert answer.content == shared.get("/runbook").content


def test_a_log_that_is_not_there_is_waited_for(serving: Serving) -> None:
    """Exporter and pipeline start in any order; its series are born at 0."""
    serving.start()
    assert 0 == serving.scrape()[LINES]
    serving.write(attempt() * 2)
    until(lambda: serving.own()[LINES] == 2)
    seen: list[float | None] = []

    def grown() -> bool:
        seen.append(serving.scrape().get(ATTEMPTS))
        return seen[-1] == 2

    until(grown)
    assert [0.0, 2.0] == list(dict.fromkeys(value for value in seen if value is not None))


@pytest.mark.invariant(11)
def test_a_bad_line_is_counted_and_told(serving: Serving) -> None:
    """The next line counts; the own log shows where it was."""
    serving.write(b"\x1b[31mnope\n", attempt())
    serving.start()
    (entry,) = until(lambda: serving.said("line_rejected"))
    assert ("invalid_json", 0, "\\x1b[31mnope") == (entry["reason"], entry["offset"], entry["text"])
    assert 2 == serving.scrape()[LINES]


# The gate


@pytest.mark.invariant(7)
def test_the_gate_is_shut_until_the_backlog_is_read(serving: Serving) -> None:
    """503 with Retry-After and no metrics, what is left to read, healthy, and the own metrics all the time."""
    serving.write(attempt() * 5000)
    serving.start(code=SLOWLY, ready=False)
    metrics, ready = serving.get("/metrics"), serving.get("/-/ready")
    assert (503, 503, "2") == (metrics.status, ready.status, metrics.headers["Retry-After"])
    assert "persona" not in metrics.text
    left = int(ready.text.split()[2])
    assert 0 < left <= serving.log.stat().st_size
    assert 200 == serving.get("/-/healthy").status
    assert 1 == serving.own()["pipeline_exporter_catching_up"]
    assert "still to be read" in serving.get("/").text
    assert 200 == serving.get("/runbook").status
    until(lambda: serving.get("/-/ready").status == 200)
    assert (5000, 5000) == (serving.scrape()[LINES], serving.scrape()[ATTEMPTS])
    until(lambda: serving.own()["pipeline_exporter_catching_up"] == 0)


@pytest.mark.invariant(7)
def test_a_reload_does_not_open_the_gate(serving: Serving) -> None:
    """The backlog is the same afterwards."""
    serving.write(attempt() * 5000)
    serving.start(code=SLOWLY, ready=False)
    assert 200 == serving.ask("POST", "/-/reload").status
    assert 503 == serving.get("/metrics").status
    until(lambda: serving.get("/-/ready").status == 200)
    assert 5000 == serving.scrape()[LINES]


@pytest.mark.invariant(19)
def test_ending_while_catching_up_loses_nothing(serving: Serving) -> None:
    """The next start goes on where this one stopped, and what it finds is still history."""
    serving.write(attempt() * 5000)
    serving.start(code=SLOWLY, ready=False)
    until(lambda: serving.own()[LINES] > 0)
    assert 0 == serving.end()
    assert 0 < serving.start(code=SLOWLY, ready=False).own()[LINES] < 5000
    until(lambda: serving.get("/-/ready").status == 200)
    assert (5000, 5000) == ((first := serving.scrape())[LINES], first[ATTEMPTS])


# Kills and ends


@pytest.mark.invariant(1)
def test_what_a_first_look_found_is_known_after_a_kill(serving: Serving) -> None:
    """Killed in the middle of its first backlog, it still reads a log that was rotated meanwhile."""
    serving.write(attempt() * 50_000)
    serving.start(code=SLOWLY, ready=False)
    until(lambda: (serving.state / "state.snapshot").exists())
    assert 503 == serving.get("/-/ready").status
    serving.kill()
    serving.log.rename(serving.logs / "generation.log.1")
    serving.write(attempt() * 7)
    assert 50_007 == serving.start().eventually(LINES, 50_007)[ATTEMPTS]


@pytest.mark.invariant(1, 3, 6)
def test_counts_go_on_after_kills_and_nothing_falls(serving: Serving) -> None:
    """Between any two scrapes everything grows or stays, and the end is what was written."""
    written = 0
    last: dict[str, float] = {}
    for _ in range(4):
        serving.write(attempt() * 700)
        written += 700
        serving.start(code=SLOWLY)
        for _ in range(3):
            serving.write(attempt() * 100, b"nope\n")
            written += 101
            now = serving.scrape()
            last = fallen_from(last, now)
            until(lambda: serving.get("/metrics").status == 200)
        serving.kill()
    serving.start()
    last = fallen_from(last, serving.eventually(LINES, written))
    assert written - 12 == last[ATTEMPTS]
    assert (
        12 == last['pipeline_exporter_rejected_lines_total{pipeline="persona",reason="invalid_json",stream="attempts"}']
    )
    assert serving.log.stat().st_size == last[BYTES]


@pytest.mark.invariant(3, 5, 7)
def test_an_older_generation_is_caught_up_with_before_it_is_shown(serving: Serving) -> None:
    """The newest one is damaged: nothing falls, not even what was born since, and a kill on the way changes nothing."""
    serving.write(attempt())
    serving.start().scrape()
    serving.write(attempt(stage="B"))
    born = ATTEMPTS.replace('"A"', '"B"')
    serving.eventually(born, 0)
    serving.write(attempt() * 20_000)
    until(lambda: serving.own()[LINES] == 20_002)
    before = serving.scrape()
    serving.kill()
    snapshot = serving.state / "state.snapshot"
    snapshot.write_bytes(snapshot.read_bytes()[:-1])
    serving.start(code=SLOWLY, ready=False)
    assert 503 == serving.get("/metrics").status
    assert 1 == len(serving.said("older_state"))
    until(lambda: serving.own()[LINES] > 2)
    serving.kill()
    fallen_from(before, serving.start().scrape())


def fallen_from(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """The later scrape, after a look that no count fell or vanished."""
    counts = {
        name: value
        for name, value in before.items()
        if any(part in name for part in ("_total", "_bucket", "_count", "_sum"))
        and not name.startswith(("process_", "python_", "host_", "pipeline_exporter_host_"))
    }
    assert {} == {name: (value, now.get(name)) for name, value in counts.items() if now.get(name, -1.0) < value}
    return now


@pytest.mark.invariant(19)
def test_sigterm_ends_cleanly_and_the_next_start_reads_nothing(serving: Serving) -> None:
    """The last snapshot holds everything, also what was read since the last scrape."""
    serving.write(attempt())
    serving.start().scrape()
    serving.write(attempt() * 999)
    until(lambda: serving.own()[LINES] == 1000)
    assert 0 == serving.end()
    assert ["stopped"] == [entry["event"] for entry in serving.said()][-1:]
    serving.start(code=TELLING)
    after = serving.scrape()
    assert [] == [entry for entry in serving.said() if entry["event"] == "read"]
    assert (1000, 1000, serving.log.stat().st_size) == (after[LINES], after[ATTEMPTS], after[BYTES])
    serving.write(attempt())
    until(lambda: serving.said("read"))


def test_what_was_written_meanwhile_is_born_at_zero(serving: Serving) -> None:
    """A new series after a restart is new to Prometheus, too."""
    serving.write(attempt())
    serving.start().scrape()
    assert 0 == serving.end()
    serving.write(attempt(stage="B") * 4)
    serving.start()
    stage_b = ATTEMPTS.replace('"A"', '"B"')
    assert (0, 1) == ((first := serving.scrape())[stage_b], first[ATTEMPTS])
    serving.eventually(stage_b, 4)


def test_a_series_that_was_saved_but_never_scraped_is_born_at_zero(serving: Serving) -> None:
    """What nobody saw before the restart was not shown."""
    serving.start().scrape()
    serving.write(attempt() * 4)
    until(lambda: serving.own()[LINES] == 4)
    assert 0 == serving.end()
    assert 0 == serving.start().scrape()[ATTEMPTS]
    serving.eventually(ATTEMPTS, 4)


def test_an_end_right_after_the_start_is_clean(serving: Serving) -> None:
    """Whoever ends it while it reads its state gets no traceback."""
    code = "from exporter.snapshot import Store\nimport time\nStore.load = lambda self: time.sleep(20)"
    serving.launch(code=code)
    until(lambda: (serving.state / "lock").exists())
    assert 0 == serving.end()
    assert "" == serving.stderr.read_text()


def test_ctrl_c_ends_cleanly(serving: Serving) -> None:
    """SIGINT is as good an end as SIGTERM."""
    serving.start().signal(signal.SIGINT)
    assert 0 == serving.wait()
    assert "Traceback" not in serving.stderr.read_text()


def test_open_connections_do_not_keep_it_from_ending(serving: Serving) -> None:
    """Half-open ones and idle ones alike."""
    serving.start()
    with (
        socket.create_connection(("127.0.0.1", serving.port)) as idle,
        socket.create_connection(("127.0.0.1", serving.port)) as asking,
    ):
        asking.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
        idle.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in idle.recv(4096)
        assert 0 == serving.end()


def test_a_failure_to_fold_ends_the_process(serving: Serving) -> None:
    """Never a silent hang: exit code 1, the reason in the own log, and the last snapshot as it was."""
    code = """
from exporter.pipelines.persona import Persona
observe = Persona.observe
def fail(self, stream, log, records):
    observe(self, stream, log, records)
    if records[0].stage == "B":
        raise ZeroDivisionError("a bug")
Persona.observe = fail
"""
    serving.write(attempt())
    serving.start(code=code).scrape()
    serving.write(attempt(stage="B") * 3)
    assert 1 == serving.wait()
    (entry,) = serving.said("failed")
    assert "ZeroDivisionError: a bug" in entry["exception"]
    after = serving.start()
    assert 4 == after.eventually(ATTEMPTS.replace('"A"', '"B"'), 3)[LINES]


# Reload


@pytest.mark.parametrize("how", ["POST", "SIGHUP"])
def test_a_reload_adds_a_pipeline_and_counts_go_on(serving: Serving, how: str) -> None:
    """Nothing is read again, nothing falls."""
    serving.write(attempt() * 3)
    before = serving.start().scrape()
    serving.config["pipelines"]["crawl"] = {"metadata": f"{serving.logs}/m.jsonl"}
    reload(serving, how)
    serving.write(attempt())
    crawl = LINES.replace("persona", "crawl").replace("attempts", "metadata")
    after = serving.eventually(LINES, 4)
    assert 0 == after[crawl]
    assert (4, 1) == (after[ATTEMPTS], after[RELOADED])
    fallen_from(before, after)


def reload(serving: Serving, how: str) -> None:
    serving.configure()
    if how == "POST":
        assert 200 == serving.ask("POST", "/-/reload").status
    else:
        serving.signal(signal.SIGHUP)
        until(lambda: serving.said("reloaded"))


@pytest.mark.parametrize("how", ["POST", "SIGHUP"])
def test_a_bad_configuration_changes_nothing(serving: Serving, how: str) -> None:
    """The mistakes are told, the old configuration stays, and a metric says so until a good one comes."""
    serving.write(attempt())
    serving.start()
    good = serving.config["pipelines"]
    serving.configure(pipelines={"persona": {"attempt": "x"}, "nope": {}})
    if how == "POST":
        answer = serving.ask("POST", "/-/reload")
        assert (400, 2) == (answer.status, len(answer.text.splitlines()))
    else:
        serving.signal(signal.SIGHUP)
        until(lambda: serving.said("reload_failed"))
    serving.write(attempt())
    assert 0 == serving.eventually(LINES, 2)[RELOADED]
    serving.config["pipelines"] = good
    reload(serving, "POST")
    until(lambda: serving.scrape()[RELOADED] == 1)


def test_reloads_and_scrapes_at_once_disturb_nobody(serving: Serving) -> None:
    """Every scrape is whole, every line counts once."""
    serving.write(attempt() * 100)
    serving.start()
    problems: list[object] = []

    def keep(method: str, path: str) -> None:
        last: dict[str, float] = {}
        for _ in range(25):
            answer = serving.ask(method, path)
            if answer.status != 200:
                problems.append(answer.text)
            elif path == "/metrics":
                last = fallen_from(last, samples(answer.text))

    calls = [("GET", "/metrics"), ("POST", "/-/reload"), ("POST", "/-/reload"), ("GET", "/"), ("GET", "/metrics/self")]
    threads = [threading.Thread(target=keep, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for _ in range(50):
        serving.write(attempt() * 20)
    for thread in threads:
        thread.join()
    assert [] == problems
    assert serving.process is not None
    assert len(os.listdir(f"/proc/{serving.process.pid}/fd")) < 30
    assert 1100 == serving.eventually(LINES, 1100)[ATTEMPTS]


def test_what_needs_a_restart_is_told(serving: Serving) -> None:
    """A reload cannot change where it listens."""
    serving.start()
    serving.configure(limits={"connections": 3}, state=str(serving.folder / "other"))
    assert 200 == serving.ask("POST", "/-/reload").status
    told = {entry["setting"] for entry in serving.said("needs_restart")}
    assert {"state", "limits.connections"} == told


# What cannot be started


def refused(serving: Serving) -> str:
    """What a start that is refused says, in one line."""
    serving.launch()
    assert 2 == serving.wait()
    (line,) = serving.stderr.read_text().splitlines()
    return line.removeprefix("pipeline-exporter: ")


@pytest.mark.invariant(18)
def test_a_second_instance_on_the_same_state_is_refused(serving: Serving, tmp_path: Path) -> None:
    """It exits 2 and touches nothing."""
    serving.write(attempt())
    serving.start().scrape()
    (tmp_path / "second").mkdir()
    second = Serving(tmp_path / "second")
    second.configure(state=str(serving.state))
    before = {path: path.stat().st_mtime_ns for path in serving.state.iterdir()}
    assert f"state directory {serving.state} is in use by another pipeline-exporter" == refused(second)
    assert before == {path: path.stat().st_mtime_ns for path in serving.state.iterdir()}
    assert 1 == serving.scrape()[LINES]


def test_a_port_in_use_is_refused(serving: Serving) -> None:
    """The line names the address."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        serving.configure(listen=f"127.0.0.1:{port}")
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" == refused(serving)


def test_a_state_that_cannot_be_written_is_refused(serving: Serving) -> None:
    """A file stands where the directory should be."""
    serving.state.write_text("")
    assert f"state directory {serving.state} cannot be written: File exists" == refused(serving)


def test_a_newer_programs_state_is_refused(serving: Serving) -> None:
    """Nothing is overwritten."""
    serving.start(code="from exporter import snapshot\nsnapshot.SCHEMA = 7").end()
    before = (serving.state / "state.snapshot").read_bytes()
    assert "was written by a newer version: its schema is 7" in refused(serving)
    assert before == (serving.state / "state.snapshot").read_bytes()


def test_a_state_of_which_nothing_is_whole_is_counted(serving: Serving) -> None:
    """Everything is counted anew, with newer times, and a metric says why."""
    serving.write(attempt() * 3)
    asked = {"Accept": "application/openmetrics-text"}
    serving.start()
    before = samples_of(serving, **asked)
    assert 0 == serving.end()
    lose_everything(serving)
    after = samples_of(serving, **asked)
    assert 3 == after[ATTEMPTS]
    created = ATTEMPTS.replace("_total", "_created")
    assert before[created] < after[created]
    serving.eventually(LOSSES, 1)
    assert 1 == len(serving.said("state_lost"))


def test_each_loss_of_the_state_is_seen(serving: Serving) -> None:
    """What was counted of the losses before is lost as well, so that each begins at 0: it is an increase."""
    serving.start().scrape()
    for _ in range(2):
        assert 0 == serving.end()
        lose_everything(serving)
        assert 0 == serving.scrape()[LOSSES]
        serving.eventually(LOSSES, 1)


def lose_everything(serving: Serving) -> None:
    """Starts the exporter where both generations of its state are damaged."""
    for path in serving.state.glob("state.*"):
        path.write_bytes(b"x")
    serving.start()


def samples_of(serving: Serving, **headers: str) -> dict[str, float]:
    """All samples of /metrics in OpenMetrics."""
    families = parse_openmetrics(serving.get("/metrics", **headers).text)
    return {key(sample.name, **sample.labels): sample.value for family in families for sample in family.samples}


# Disk full


@pytest.mark.invariant(16)
def test_a_full_disk_stops_nothing_but_snapshots(serving: Serving) -> None:
    """Following goes on, the last durable page is served, and recovery needs no restart."""
    code = f"""
import os
fsync = os.fsync
def full(file):
    if os.path.exists({str(serving.folder / "full")!r}):
        raise OSError(28, "No space left on device")
    fsync(file)
os.fsync = full
"""
    serving.write(attempt())
    serving.start(code=code).scrape()
    (serving.folder / "full").touch()
    serving.write(attempt() * 2)
    until(lambda: serving.own()[LINES] == 3)
    until(lambda: serving.scrape() and serving.own()[FAILURES] >= 2)
    assert 1 == serving.scrape()[LINES]
    assert "No space left on device" in serving.get("/").text
    assert 1 == len(serving.said("snapshot_failed"))
    (serving.folder / "full").unlink()
    assert 2 <= serving.eventually(LINES, 3)[FAILURES]


# Clients that behave


def test_a_scraper_may_keep_its_connection(shared: Serving) -> None:
    """One connection serves many requests, one after the other and in one go."""
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as client:
        for times in (1, 1, 5):
            client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" * times)
            received = b""
            while received.count(b"healthy\n") < times:
                received += client.recv(65536)
            assert times == received.count(b"200 OK")
