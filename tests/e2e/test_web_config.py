"""TLS and users of a real process, asked by a real client, and changed while it runs."""

import base64
import http.client
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from exporter.web.access import CHALLENGE
from tests.certificates import Authority
from tests.e2e.promised import log_is_clean, scrape_in_time
from tests.e2e.serving import Serving, until
from tests.engines import attempt

GOOD = "pipeline_exporter_web_config_reload_success"
REFUSED = (ssl.SSLError, OSError)
"""How a client learns that it was not let in: asyncio ends the connection without an alert."""


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def basic(name: str, password: str) -> dict[str, str]:
    """The header that a client sends."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    serving.write(attempt())
    yield serving
    serving.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def encrypt(serving: Serving, authority: Authority, **tls: Any) -> Serving:
    """Configures TLS, with `tls` in it."""
    authority.issue("server")
    serving.configure_web(tls_server_config={"cert_file": "server.crt", "key_file": "server.key"} | tls)
    serving.tls = authority.client()
    return serving


def shake_hands(serving: Serving, client: ssl.SSLContext) -> ssl.SSLSocket:
    return client.wrap_socket(serving.socket(), server_hostname="127.0.0.1")


def version(client: ssl.SSLContext, of: ssl.TLSVersion) -> ssl.SSLContext:
    """A client of one version only, even if it is not thought safe any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version = client.maximum_version = of
    client.set_ciphers("ALL:@SECLEVEL=0")
    return client


# TLS


def test_metrics_are_served_over_tls(serving: Serving, authority: Authority) -> None:
    """In both versions; the own log says https."""
    encrypt(serving, authority).start()
    assert serving.said("serving")[0]["url"].startswith("https://")
    assert 1 == serving.scrape()[GOOD]
    for expected, of in (("TLSv1.2", ssl.TLSVersion.TLSv1_2), ("TLSv1.3", ssl.TLSVersion.TLSv1_3)):
        with shake_hands(serving, version(authority.client(), of)) as client:
            assert expected == client.version()
    assert 0 == serving.end()
    log_is_clean(serving)


def speaks(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    """Whether the two can agree at all."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    done = set()
    for _ in range(4):
        for side in (asking, answering):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    return len(done) == 2


def test_tls_1_1_is_refused(serving: Serving, authority: Authority, tmp_path: Path) -> None:
    """By us: the same client gets through where it is allowed."""
    old = version(authority.client(), ssl.TLSVersion.TLSv1_1)
    encrypt(serving, authority).start()
    other = version(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.TLSVersion.TLSv1_1)
    other.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    assert speaks(old, other)
    with pytest.raises(REFUSED):
        shake_hands(serving, old)
    assert 200 == serving.get("/metrics").status


def test_min_version_is_kept(serving: Serving, authority: Authority) -> None:
    """TLS 1.3 only, where that is asked for."""
    encrypt(serving, authority, min_version="TLS13").start()
    with pytest.raises(REFUSED):
        shake_hands(serving, version(authority.client(), ssl.TLSVersion.TLSv1_2))
    assert 200 == serving.get("/metrics").status


def serial(client: ssl.SSLSocket) -> object:
    certificate = client.getpeercert()
    assert certificate
    return certificate["serialNumber"]


def test_an_exchanged_certificate_is_shown_to_the_next_client(serving: Serving, authority: Authority) -> None:
    """Who is connected stays connected; a certificate without its key changes nothing, and shows."""
    encrypt(serving, authority).start()
    kept = serving.connection()
    kept.request("GET", "/-/healthy")
    assert b"healthy\n" == kept.getresponse().read()
    assert isinstance(kept.sock, ssl.SSLSocket)
    old = serial(kept.sock)
    certificate, key = authority.issue("fresh")
    certificate.replace(serving.folder / "server.crt")
    with shake_hands(serving, authority.client()) as client:
        assert old == serial(client)
    until(lambda: serving.scrape()[GOOD] == 0)
    key.replace(serving.folder / "server.key")
    with shake_hands(serving, authority.client()) as client:
        assert old != serial(client)
    kept.request("GET", "/-/healthy")
    assert b"healthy\n" == kept.getresponse().read()
    until(lambda: serving.scrape()[GOOD] == 1)
    kept.close()
    assert ["web_config_failed", "web_config_reloaded"] == [
        entry["event"] for entry in serving.said() if entry["event"].startswith("web_config")
    ]


def test_plain_http_is_not_spoken_where_tls_is(serving: Serving, authority: Authority) -> None:
    """Also not after TLS has gone from the file: that takes a restart."""
    encrypt(serving, authority).start()
    serving.web = {}
    serving.configure_web()
    tls, serving.tls = serving.tls, None
    with pytest.raises((OSError, http.client.HTTPException)):
        serving.get("/metrics", timeout=5)
    serving.tls = tls
    until(lambda: serving.scrape()[GOOD] == 0)
    assert "TLS is turned on or off by a restart only" in serving.said("web_config_failed")[0]["error"]
    assert 0 == serving.end()
    serving.tls = None
    assert 1 == serving.start().scrape()[GOOD]


# Client certificates


def test_a_client_needs_a_certificate_of_the_authority(serving: Serving, authority: Authority, tmp_path: Path) -> None:
    """None, and one of somebody else, is refused."""
    encrypt(serving, authority, client_auth_type="RequireAndVerifyClientCert", client_ca_file="ca.pem")
    serving.tls = authority.client("scraper.example")
    serving.start()
    (tmp_path / "other").mkdir()
    stranger = authority.client()
    stranger.load_cert_chain(*Authority(tmp_path / "other").issue("client", "scraper.example"))
    right, serving.tls = serving.tls, stranger
    with pytest.raises(REFUSED):
        serving.get("/metrics")
    serving.tls = authority.client()
    with pytest.raises(REFUSED):
        serving.get("/metrics")
    serving.tls = right
    assert 200 == serving.get("/metrics").status


@pytest.mark.parametrize(
    "identity", ["scraper.example", "10.0.0.1", "::1", "scraper@example.com"], ids=["DNS", "IPv4", "IPv6", "e-mail"]
)
def test_a_client_needs_an_allowed_name(serving: Serving, authority: Authority, identity: str) -> None:
    """One of them is enough; one that only begins or ends like it is not."""
    encrypt(
        serving,
        authority,
        client_auth_type="RequireAndVerifyClientCert",
        client_ca_file="ca.pem",
        client_allowed_sans=[identity],
    )
    serving.tls = authority.client("other.example", identity)
    serving.start()
    right = serving.tls
    for wrong in (["other.example"], ["x.scraper.example", "scraper.example.com", "10.0.0.11", "::11"]):
        serving.tls = authority.client(*wrong)
        with pytest.raises((*REFUSED, http.client.HTTPException)):
            serving.get("/metrics")
    serving.tls = right
    assert 200 == serving.get("/metrics").status
    assert 1 == len(serving.said("connection_refused"))


def test_a_request_that_comes_with_the_handshake_is_not_answered_before_the_name_is_looked_at(
    serving: Serving, authority: Authority
) -> None:
    """TLS 1.3 lets a client send with its last message of the handshake."""
    tls = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}
    encrypt(serving, authority, **tls, client_allowed_sans=["scraper.example"])
    serving.tls = authority.client("scraper.example")
    serving.start()
    for identity, answer in (("scraper.example", b"HTTP/1.1 200 OK"), ("other.example", b"")):
        assert answer == in_one_go(serving, authority.client(identity), b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")


def in_one_go(serving: Serving, context: ssl.SSLContext, request: bytes) -> bytes:
    """The first line of the answer to a request that is sent in one piece with the end of the handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with serving.socket() as client:
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    client.sendall(outgoing.read())
                    incoming.write(client.recv(65536))
            tls.write(request)
            client.sendall(outgoing.read())
            while received := client.recv(65536):
                incoming.write(received)
                try:
                    return tls.read(65536).partition(b"\r\n")[0]
                except ssl.SSLWantReadError:
                    continue
        except ConnectionResetError:
            pass
    return b""


# Users


PATHS = ("/metrics", "/metrics/self", "/", "/runbook", "/-/healthy", "/-/ready", "/none")


def test_every_path_needs_a_password(serving: Serving) -> None:
    """Of a user; all others are told how to ask, and nothing else."""
    serving.configure_web(basic_auth_users={"alice": hashed("hunter2"), "bób": hashed("pässwörd ☃")})
    serving.headers = basic("alice", "hunter2")
    serving.start()
    for path in PATHS:
        for headers in ({"Authorization": ""}, basic("alice", "pässwörd ☃"), basic("carol", "hunter2"), basic("", "")):
            answer = serving.get(path, **headers)
            assert (401, CHALLENGE) == (answer.status, answer.headers["WWW-Authenticate"])
            assert "unauthorized\n" == answer.text
        assert serving.get(path).status in (200, 404)
        assert serving.get(path, **basic("bób", "pässwörd ☃")).status in (200, 404)
    assert 401 == serving.ask("POST", "/-/reload", Authorization=basic("alice", "x")["Authorization"]).status
    assert 200 == serving.ask("POST", "/-/reload").status
    assert not [word for word in ("hunter2", "pässwörd", "$2b$") if word in serving.stderr.read_text()]


@pytest.mark.invariant(11)
@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWxpY2U",
        "Basic YWxpY2U=",
        "Basic gDp4",
        "Bearer YWxpY2U6aHVudGVyMg==",
        "Basic YWxpY2U6aHVudGVyMg== x",
        "Basic \xff\xfe",
        "BasicYWxpY2U6aHVudGVyMg==",
        "Basic " + "YWxp" * 5000,
        "Digest username=alice",
    ],
)
def test_a_header_that_nobody_understands_is_no_password(users: Serving, header: str) -> None:
    """401, never 500."""
    assert 401 == users.get("/metrics", Authorization=header).status
    log_is_clean(users)


def test_two_headers_are_none(users: Serving) -> None:
    """Whichever of them a proxy looked at."""
    connection = users.connection()
    connection.putrequest("GET", "/metrics")
    for password in ("hunter2", "hunter2"):
        connection.putheader("Authorization", basic("alice", password)["Authorization"])
    connection.endheaders()
    assert 401 == connection.getresponse().status
    connection.close()


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One that alice may ask."""
    serving = Serving(tmp_path_factory.mktemp("users"))
    serving.configure_web(basic_auth_users={"alice": hashed("hunter2")})
    serving.headers = basic("alice", "hunter2")
    yield serving.start()
    serving.close()


def test_users_change_at_the_next_request(serving: Serving) -> None:
    """Also over a connection that is open already."""
    serving.configure_web(basic_auth_users={"alice": hashed("old")})
    serving.headers = basic("alice", "old")
    serving.start()
    kept = serving.connection()

    def status(password: str) -> int:
        kept.request("GET", "/-/healthy", headers=basic("alice", password))
        answer = kept.getresponse()
        answer.read()
        return answer.status

    assert (200, 401) == (status("old"), status("new"))
    serving.configure_web(basic_auth_users={"alice": hashed("new")})
    assert (401, 200) == (status("old"), status("new"))
    serving.configure_web(basic_auth_users={})
    assert (401, 200) == (status("old"), status("new"))
    kept.close()


@pytest.mark.invariant(13)
def test_fifty_wrong_passwords_do_not_keep_a_right_one_waiting(serving: Serving) -> None:
    """One that was right before is answered as ever, one that is new waits for those before it, and for no others."""
    serving.configure(limits={"header_seconds": 60})
    serving.configure_web(
        basic_auth_users={"alice": hashed("hunter2", cost=10), "bob": hashed("hunter2", cost=10)},
    )
    serving.headers = basic("alice", "hunter2")
    serving.start()
    end = threading.Event()
    answered: list[int] = []

    def guess(at: int) -> None:
        while not end.is_set():
            with suppress(OSError, http.client.HTTPException):  # it may give way
                answered.append(serving.get("/metrics", **basic("alice", f"guess {at}")).status)

    threads = [threading.Thread(target=guess, args=(at,)) for at in range(50)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: answered)
        for _ in range(5):
            scrape_in_time(serving)
        assert 200 == serving.get("/metrics", timeout=60, **basic("bob", "hunter2")).status
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert {401} == set(answered)


@pytest.mark.invariant(13)
def test_wrong_passwords_give_way_where_all_places_are_taken(serving: Serving) -> None:
    """Who waits for a check of a password is not being answered yet."""
    serving.configure(limits={"connections": 4})
    serving.configure_web(basic_auth_users={"alice": hashed("hunter2", cost=12)})
    serving.headers = basic("alice", "hunter2")
    serving.start()
    scrape_in_time(serving)
    clients = [serving.connection() for _ in range(12)]
    for at, client in enumerate(clients):
        client.request("GET", "/metrics", headers=basic("alice", f"guess {at}"))
    scrape_in_time(serving)
    for client in clients:
        client.close()


# Headers


def test_headers_are_on_every_answer(serving: Serving) -> None:
    """Also on one that refuses."""
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=31536000"}
    serving.configure_web(
        http_server_config={"http2": True, "headers": headers}, basic_auth_users={"alice": hashed("hunter2")}
    )
    serving.headers = basic("alice", "hunter2")
    serving.start()
    for answer in (serving.get("/metrics"), serving.get("/none"), serving.get("/", Authorization="")):
        assert headers == {name: answer.headers[name] for name in headers}


# What cannot be started


def test_a_bad_web_configuration_is_refused(serving: Serving) -> None:
    """Exit code 2 and each mistake with its place, beside those of the configuration."""
    serving.configure_web(tls_server_config={"cert_files": "x"}, users={})
    serving.configure(listen="here")
    serving.launch()
    assert 2 == serving.wait()
    lines = serving.stderr.read_text().splitlines()
    assert ["c.yml:2", "web.yml:1", "web.yml:1", "web.yml:2", "web.yml:3"] == sorted(
        line.rpartition("/")[2].split(": ")[0] for line in lines if str(serving.folder) in line
    )


def test_certificates_that_are_not_there_are_refused(serving: Serving) -> None:
    """At the start, not at the first client."""
    serving.configure_web(tls_server_config={"cert_file": "a.crt", "key_file": "a.key"})
    serving.launch()
    assert 2 == serving.wait()
    place = f"pipeline-exporter: {serving.web_path}"
    assert [
        f"{place}:2: tls_server_config.cert_file: {serving.folder}/a.crt cannot be read: No such file or directory",
        f"{place}:3: tls_server_config.key_file: {serving.folder}/a.key cannot be read: No such file or directory",
    ] == serving.stderr.read_text().splitlines()
