"""Clients that misbehave: they are shown the door, and a scrape never waits for them."""

import http.client
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from exporter.web.sending import BODIES
from tests.certificates import Authority, client_hello
from tests.e2e.promised import SCRAPE_SECONDS, log_is_clean, scrape_in_time
from tests.e2e.serving import SLOWLY, Serving, until
from tests.engines import attempt

HALF_OPEN = 1000
CONNECTIONS = 64
"""`limits.connections`, as it is without being set."""
OPEN_FILES = CONNECTIONS + 32
THREADS = 32
MEMORY_BYTES = 256 << 20
"""Of a process that serves 20 000 series; without clients it takes a quarter of that."""
RUNS = 900
SERIES = 20_000
"""At least; a run of the persona pipeline has some 22."""
GONE = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""How a client learns that the other side has ended the connection; the last two over TLS."""


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with closing(Serving(tmp_path)) as serving:
        serving.eager = ""
        yield serving
        log_is_clean(serving)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One with 20 000 series."""
    with closing(Serving(tmp_path_factory.mktemp("many"))) as serving:
        serving.eager = ""
        serving.configure(limits={"series_per_metric": 100_000})
        serving.write(*(attempt(run_id=f"run {at}") for at in range(RUNS)))
        yield serving.start()
        log_is_clean(serving)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One with little to say, for few clients that it waits for only briefly."""
    with closing(Serving(tmp_path_factory.mktemp("small"))) as serving:
        serving.configure(limits={"connections": 8, "header_seconds": 0.5})
        serving.write(attempt())
        yield serving.start()
        log_is_clean(serving)


def proc(serving: Serving) -> Path:
    assert serving.process is not None
    return Path(f"/proc/{serving.process.pid}")


def open_files(serving: Serving) -> int:
    return len(os.listdir(proc(serving) / "fd"))


def status(serving: Serving, name: str) -> int:
    """A number of /proc/PID/status; sizes in KiB."""
    lines = (proc(serving) / "status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


@contextmanager
def watched(serving: Serving) -> Iterator[None]:
    """Looks all the time that the process stays within its bounds."""
    most = {"open files": 0, "threads": 0}
    end = threading.Event()

    def look() -> None:
        while not end.wait(0.005):
            most["open files"] = max(most["open files"], open_files(serving))
            most["threads"] = max(most["threads"], status(serving, "Threads"))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        end.set()
        looking.join()
    assert 0 < most["open files"] <= OPEN_FILES
    assert 0 < most["threads"] <= THREADS
    assert status(serving, "VmHWM") << 10 <= MEMORY_BYTES


def send(client: socket.socket, data: bytes) -> bool:
    """Whether the client could still send."""
    with suppress(*GONE):
        client.sendall(data)
        return True
    return False


def is_shown_the_door(client: socket.socket) -> bool:
    """Whether the connection is over, after reading what there is."""
    client.settimeout(0.01)
    try:
        while client.recv(65536):
            pass
    except TimeoutError:
        return False
    except GONE:
        pass
    return True


def half_open(serving: Serving, clients: ExitStack, *, first: bytes) -> Iterator[socket.socket]:
    """A thousand connections that go no further: half of them say nothing, half of them the beginning."""
    for at in range(HALF_OPEN):
        client = clients.enter_context(serving.socket())
        if at % 2:
            send(client, first)
        yield client


# A place for everybody who is quick


@pytest.mark.invariant(13)
def test_a_thousand_half_open_connections_do_not_keep_a_scrape_out(many: Serving) -> None:
    """While they come, and while they stay, each scrape is answered as promised, within all bounds."""
    with ExitStack() as clients, watched(many):
        for at, _ in enumerate(half_open(many, clients, first=b"GET /metrics HTTP/1.1\r\nHost: ")):
            if at % 100 == 99:
                scrape_in_time(many)
        assert many.get("/metrics").text.count("\n") > SERIES


@pytest.mark.invariant(13)
def test_a_thousand_handshakes_that_do_not_end_do_not_keep_a_scrape_out(serving: Serving, tmp_path: Path) -> None:
    """A connection has its place, and may lose it, from its accept on."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    serving.configure_web(tls_server_config={"cert_file": str(certificate), "key_file": str(key)})
    serving.write(attempt())
    serving.tls = authority.client()
    serving.start()
    with ExitStack() as clients, watched(serving):
        for at, _ in enumerate(half_open(serving, clients, first=client_hello(serving.tls))):
            if at % 100 == 99:
                scrape_in_time(serving)


@pytest.mark.invariant(13)
def test_fifty_scrapes_at_once_do_not_keep_one_more_waiting(many: Serving) -> None:
    """Nor do the half-open connections between them."""
    end = threading.Event()
    failed: list[object] = []

    def keep_scraping() -> None:
        while not end.is_set():
            try:
                answer = many.get("/metrics", **{"Accept-Encoding": "gzip"})
            except (OSError, http.client.HTTPException) as error:
                failed.append(error)
            else:
                failed.extend([answer.status] if answer.status != 200 else [])

    threads = [threading.Thread(target=keep_scraping) for _ in range(50)]
    with ExitStack() as clients, watched(many):
        for thread in threads:
            thread.start()
        for _ in range(10):
            clients.enter_context(many.socket())
            scrape_in_time(many)
        end.set()
        for thread in threads:
            thread.join()
    assert [] == failed


LONG_LINES = [attempt(run_id=f"run {at} {'x' * 115}") for at in range(1900)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One whose page is larger than what the kernel keeps for who does not fetch it, and another one each time."""
    serving = Serving(tmp_path_factory.mktemp("large"))
    serving.eager = "from exporter import publisher\npublisher.FRESH_SECONDS = 0"
    serving.configure(limits={"series_per_metric": 100_000})
    serving.write(*LONG_LINES)
    yield serving.start()
    log_is_clean(serving)
    serving.close()


def ask_and_fetch_nothing(serving: Serving, clients: ExitStack, *, times: int = 1) -> None:
    client = clients.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", serving.port))
    send(client, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * times)
    assert client.recv(1)


@pytest.mark.invariant(13)
def test_fifty_clients_that_fetch_nothing_hold_few_copies_of_the_page(large: Serving) -> None:
    """What is not fetched is not written, and fifty pages of fifty moments are not kept for them."""
    page = len(large.get("/metrics").content)
    before = status(large, "VmRSS") << 10
    with ExitStack() as clients, watched(large):
        for _ in range(50):
            ask_and_fetch_nothing(large, clients)
        assert 200 == large.get("/-/healthy").status
        assert (status(large, "VmRSS") << 10) - before < (BODIES + 8) * page


@pytest.mark.invariant(13)
@pytest.mark.parametrize("times", [1, 100])
def test_clients_that_fetch_nothing_give_way(serving: Serving, times: int) -> None:
    """However many requests they have made in one go."""
    serving.configure(limits={"connections": 4, "series_per_metric": 100_000})
    serving.write(*LONG_LINES)
    serving.start()
    with ExitStack() as clients:
        for _ in range(4):
            ask_and_fetch_nothing(serving, clients, times=times)
        assert 200 == serving.get("/metrics", timeout=SCRAPE_SECONDS, **{"Accept-Encoding": "gzip"}).status


@pytest.mark.invariant(13)
def test_clients_that_never_pause_give_way(serving: Serving) -> None:
    """Who asks again before the answer is there is served, but not at the cost of others."""
    serving.configure(limits={"connections": 4})
    serving.start()
    end = threading.Event()
    busy = threading.Barrier(5)

    def flood() -> None:
        asked, received = 0, b""
        with serving.socket() as client:
            while not end.is_set() and send(client, b"GET /metrics/self HTTP/1.1\r\nHost: x\r\n\r\n" * 20):
                asked += 20
                while (answered := received.count(b"HTTP/1.1 200 OK")) < asked - 15:
                    try:
                        fetched = client.recv(1 << 20)
                    except GONE:
                        return
                    if not fetched:
                        return
                    received += fetched
                asked, received = asked - answered, received[received.rindex(b"HTTP/1.1 200 OK") + 1 :]
                with suppress(threading.BrokenBarrierError):
                    busy.wait()
                busy.abort()

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        with suppress(threading.BrokenBarrierError):
            busy.wait()
        scrape_in_time(serving)
    finally:
        end.set()
        for thread in threads:
            thread.join()


@pytest.mark.invariant(13)
def test_threads_are_bounded_where_answers_take_long(serving: Serving) -> None:
    """As while a worker is busy: who asks waits, and is no thread."""
    serving.write(attempt() * 5000)
    serving.start(code=SLOWLY, ready=False)
    with ExitStack() as clients, watched(serving):
        for _ in range(50):
            client = clients.enter_context(serving.socket())
            send(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert 200 == serving.get("/-/healthy").status
        assert 200 == serving.get("/").status


# The door


def drip(client: socket.socket, data: Callable[[], bytes]) -> bool:
    """Sends a little and looks whether the connection is over."""
    return not send(client, data()) or is_shown_the_door(client)


@pytest.mark.invariant(13)
@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nX: ", b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET "])
def test_who_sends_a_byte_now_and_then_is_shown_the_door(small: Serving, first: bytes) -> None:
    """In a first request, or in a later one."""
    with small.socket() as client:
        send(client, first)
        until(lambda: drip(client, lambda: b"G"))


@pytest.mark.invariant(13)
def test_who_never_ends_a_handshake_is_shown_the_door(serving: Serving, tmp_path: Path) -> None:
    """Silent, or a byte at a time, or in the middle."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    serving.configure_web(tls_server_config={"cert_file": str(certificate), "key_file": str(key)})
    serving.configure(limits={"header_seconds": 0.5})
    serving.tls = authority.client()
    serving.start()
    hello = client_hello(serving.tls)
    letters = iter([hello[at : at + 1] for at in range(len(hello) - 1)] + [b""] * 1000)
    with serving.socket() as silent, serving.socket() as slow, serving.socket() as half:
        send(half, hello)
        until(lambda: drip(slow, lambda: next(letters)))
        until(lambda: is_shown_the_door(silent))
        until(lambda: is_shown_the_door(half))
    assert 200 == serving.get("/metrics").status


@pytest.mark.invariant(13)
@pytest.mark.parametrize("size", ["Content-Length: 10000000000", "Transfer-Encoding: chunked"])
def test_a_body_that_never_ends_is_not_kept(small: Serving, size: str) -> None:
    """The answer comes without it, and so does the end: neither a slow nor a huge one is waited for, or held."""
    before = status(small, "VmHWM")
    block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n" if "chunked" in size else b"x" * 0x10000
    with small.socket() as slow, small.socket() as huge:
        for client in (slow, huge):
            send(client, f"POST /-/reload HTTP/1.1\r\nHost: x\r\n{size}\r\n\r\n".encode())
        send(slow, block[:100])
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        until(lambda: drip(huge, lambda: block * 16))
        until(lambda: drip(slow, lambda: b"x" if "chunked" not in size else b""))
    assert status(small, "VmHWM") - before < 16 << 10
    assert 200 == small.get("/metrics").status


@pytest.mark.invariant(13)
def test_scrapes_go_on_where_no_more_files_may_be_opened(serving: Serving) -> None:
    """Those who wait give way; nothing but one line a minute is said."""
    serving.configure(limits={"header_seconds": 600})
    serving.write(attempt())
    serving.start(code="import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))")
    with ExitStack() as clients:
        for _ in range(50):
            clients.enter_context(serving.socket())
        until(lambda: serving.said("connection_refused"))
        until(lambda: answers(serving))
    until(lambda: serving.get("/metrics").status == 200)
    assert 1 == len(serving.said("connection_refused"))


def answers(serving: Serving) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return serving.get("/-/ready", timeout=1).status == 200
    return False


# Nonsense


@pytest.mark.invariant(11)
@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x00",
        b"GET\r\n\r\n",
        b"A" * 100_000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\n" * 1000,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET \xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAccept: \xff\xfe\r\nAccept-Encoding: \xff\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: " + b"a;q=0," * 2000 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"POST /-/reload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20 + b"nonsense\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + b"nonsense\r\n\r\n" * 100,
    ],
)
@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "TLS"])
def test_nonsense_is_answered_and_forgotten(small: Serving, encrypted: Serving, data: bytes, over_tls: bool) -> None:
    """No bytes stop the server, and none of them fill its log."""
    serving = encrypted if over_tls else small
    with ExitStack() as clients:
        client = clients.enter_context(serving.socket())
        if over_tls and serving.tls is not None:
            client = clients.enter_context(serving.tls.wrap_socket(client, server_hostname="127.0.0.1"))
        send(client, data)
        until(lambda: is_shown_the_door(client))
    assert 200 == serving.get("/metrics").status
    log_is_clean(serving)


@pytest.mark.invariant(11)
def test_a_body_that_breaks_after_its_answer_ends_the_connection(small: Serving) -> None:
    """The answer stands; nothing is said of the rest."""
    with small.socket() as client:
        send(client, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        send(client, b"nonsense\r\n")
        until(lambda: is_shown_the_door(client))
    log_is_clean(small)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """As `small`, over TLS."""
    folder = tmp_path_factory.mktemp("encrypted")
    authority = Authority(folder)
    certificate, key = authority.issue("server")
    with closing(Serving(folder)) as serving:
        serving.configure(limits={"connections": 8, "header_seconds": 0.5})
        serving.configure_web(tls_server_config={"cert_file": str(certificate), "key_file": str(key)})
        serving.tls = authority.client()
        serving.write(attempt())
        yield serving.start()
        log_is_clean(serving)


@pytest.mark.invariant(11)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + b"\xff" * 70_000,
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
)
def test_what_is_no_handshake_ends_the_connection(encrypted: Serving, data: bytes) -> None:
    """As plain HTTP; the next client gets through."""
    with encrypted.socket() as client:
        send(client, data)
        until(lambda: is_shown_the_door(client))
    assert 200 == encrypted.get("/metrics").status


@pytest.mark.invariant(13)
def test_requests_leave_nothing_behind(small: Serving) -> None:
    """Over connections that are kept, closed, and broken off."""
    for path in ("/metrics", "/", "/metrics/self", "/-/ready") * 10:
        assert 200 == small.get(path).status
        with small.socket() as client:
            send(client, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        kept = small.connection()
        for _ in range(3):
            kept.request("GET", path)
            assert kept.getresponse().read()
        kept.close()
    until(lambda: open_files(small) < 30)
    assert status(small, "Threads") <= THREADS
