"""The web configuration: what each text means, what is said of each mistake, and what is in force after a change."""

import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.config import ConfigError
from exporter.web.config import Pem, TlsConfig, WebConfig, parse
from exporter.web.config.inforce import InForce
from exporter.web.config.tls import CLIENTS, SUITES
from tests.certificates import Authority

DOCS = Path(__file__).parents[2] / "docs"
HASH = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"
TLS = "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"


def mistakes(text: str) -> list[str]:
    """What is said of a text."""
    with pytest.raises(ConfigError) as caught:
        parse(text, source="w.yml")
    return str(caught.value).splitlines()


# What a text means


@pytest.mark.parametrize("text", ["", "# nothing\n", "tls_server_config:\nbasic_auth_users: {}\nhttp_server_config:\n"])
def test_what_says_nothing_is_plain_http_for_everybody(text: str) -> None:
    """As in exporter-toolkit, also with empty sections."""
    assert WebConfig() == parse(text, source="w.yml")


def test_everything_at_once() -> None:
    """Relative paths start where the file is; the file's own names are Go's."""
    text = f"""
tls_server_config:
  cert_file: a.crt
  key_file: /keys/a.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca: |
    -----BEGIN CERTIFICATE-----
  client_allowed_sans: [scraper.example, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    X-XSS-Protection: 0
    X-Content-Type-Options: nosniff
    Strict-Transport-Security: max-age=31536000; includeSubDomains
    Content-Security-Policy: ""
basic_auth_users:
  alice: {HASH}
  7: "{HASH}"
"""
    tls = TlsConfig(
        cert=Pem(place="conf/w.yml:3: tls_server_config.cert_file", path="conf/a.crt"),
        key=Pem(place="conf/w.yml:4: tls_server_config.key_file", path="/keys/a.key"),
        client_ca=Pem(place="conf/w.yml:6: tls_server_config.client_ca", text="-----BEGIN CERTIFICATE-----\n"),
        client_auth_type="RequireAndVerifyClientCert",
        client_allowed_sans=("scraper.example", "10.0.0.1"),
        cipher_suites=("TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        prefer_server_cipher_suites=False,
        curve="CurveP256",
    )
    headers = {
        "X-Frame-Options": "deny",
        "X-XSS-Protection": "0",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    }
    assert WebConfig(tls=tls, headers=headers, users={"alice": HASH, "7": HASH}) == parse(text, source="conf/w.yml")


def test_dollars_are_no_variables() -> None:
    """The file means here what it means to other exporters."""
    found = parse("tls_server_config: {cert_file: '${HOME}/a', key_file: b}", source="w.yml")
    assert found.tls is not None
    assert "${HOME}/a" == found.tls.cert.path


# What is said of mistakes


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("w.yml:1: tls: no such setting (there are: tls_server_config, http_server_config, basic_auth_users", "tls: x"),
        ("w.yml:1: rate_limit: is not supported", "rate_limit: {burst: 20}"),
        (
            "w.yml:2: tls_server_config.cert_files: no such setting (",
            f"{TLS[:19]}  cert_files: x\n  cert_file: x\n  key_file: x",
        ),
        ("w.yml:1: tls_server_config: TLS needs cert_file or cert", "tls_server_config: {key_file: x}"),
        ("w.yml:1: tls_server_config: TLS needs key_file or key", "tls_server_config: {cert: x}"),
        ("w.yml:1: tls_server_config: is not a mapping (key: value)", "tls_server_config: on"),
        ("w.yml:4: tls_server_config.key: is given by key_file, too; keep one", f"{TLS}  key: x"),
        ("w.yml:4: tls_server_config.cert: is empty; give a PEM text", f"{TLS}  cert:"),
        ("w.yml:4: tls_server_config.min_version: TLS 1.2 is the oldest that is served", f"{TLS}  min_version: TLS11"),
        ("w.yml:4: tls_server_config.max_version: is not one of TLS12, TLS13", f"{TLS}  max_version: 1.3"),
        (
            "w.yml:5: tls_server_config.max_version: is older than min_version",
            f"{TLS}  min_version: TLS13\n  max_version: TLS12",
        ),
        (
            "w.yml:5: tls_server_config.cipher_suites: has no suite of TLS 1.2, and max_version allows nothing newer",
            f"{TLS}  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]",
        ),
        ("w.yml:4: tls_server_config.cipher_suites[0]: is not one of TLS_", f"{TLS}  cipher_suites: [RC4]"),
        ("w.yml:4: tls_server_config.cipher_suites: is an empty list; leave it out", f"{TLS}  cipher_suites: []"),
        ("w.yml:4: tls_server_config.cipher_suites: is not a list of cipher suites", f"{TLS}  cipher_suites: x"),
        (
            "w.yml:4: tls_server_config.curve_preferences: only one curve can be chosen",
            f"{TLS}  curve_preferences: [X25519, CurveP256]",
        ),
        ("w.yml:4: tls_server_config.curve_preferences[0]: is not one of CurveP256", f"{TLS}  curve_preferences: [P1]"),
        (
            "w.yml:4: tls_server_config.prefer_server_cipher_suites: is not true or false",
            f"{TLS}  prefer_server_cipher_suites: maybe",
        ),
        (
            "w.yml:4: tls_server_config.client_auth_type: a certificate that nobody verifies cannot be asked for here",
            f"{TLS}  client_auth_type: RequireAnyClientCert",
        ),
        (
            "w.yml:4: tls_server_config.client_auth_type: is not one of NoClientCert, RequestClientCert, Verify",
            f"{TLS}  client_auth_type: Require",
        ),
        (
            "w.yml:4: tls_server_config.client_auth_type: nobody to trust: give client_ca_file or client_ca",
            f"{TLS}  client_auth_type: RequireAndVerifyClientCert",
        ),
        (
            "w.yml:4: tls_server_config.client_auth_type: nobody to trust: give client_ca_file or client_ca",
            f"{TLS}  client_auth_type: VerifyClientCertIfGiven",
        ),
        (
            "w.yml:1: tls_server_config: client certificates are not asked for: set client_auth_type",
            f"{TLS}  client_ca_file: x",
        ),
        (
            "w.yml:4: tls_server_config.client_allowed_sans: needs client_auth_type: RequireAndVerifyClientCert",
            f"{TLS}  client_allowed_sans: [a]\n  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: x",
        ),
        ("w.yml:4: tls_server_config.client_allowed_sans: is an empty list", f"{TLS}  client_allowed_sans: []"),
        ("w.yml:1: http_server_config.http2: is not true or false", "http_server_config: {http2: 2}"),
        (
            "w.yml:1: http_server_config.headers.X-Powered-By: no such header (",
            "http_server_config: {headers: {X-Powered-By: x}}",
        ),
        (
            "w.yml:1: http_server_config.headers.X-Frame-Options: is not one of deny, sameorigin",
            "http_server_config: {headers: {X-Frame-Options: allow}}",
        ),
        (
            "w.yml:1: http_server_config.headers.X-XSS-Protection: is not a header's value",
            'http_server_config: {headers: {X-XSS-Protection: "0\\r\\nSet-Cookie: a=b"}}',
        ),
        ("w.yml:1: basic_auth_users.alice: is not a bcrypt hash; make one by", "basic_auth_users: {alice: secret}"),
        ("w.yml:1: basic_auth_users.alice: is not a bcrypt hash", f"basic_auth_users: {{alice: {HASH[:-1]}}}"),
        ("w.yml:1: basic_auth_users.alice: is not a bcrypt hash", "basic_auth_users: {alice: [secret]}"),
        (
            "w.yml:1: basic_auth_users.alice: its bcrypt cost is not from 4 to 14",
            f"basic_auth_users: {{alice: {HASH.replace('$10$', '$31$')}}}",
        ),
        (
            "w.yml:1: basic_auth_users.alice: its bcrypt cost is not from 4 to 14",
            f"basic_auth_users: {{alice: {HASH.replace('$10$', '$03$')}}}",
        ),
        (
            "w.yml:3: basic_auth_users.alice: is given twice, first on line 2",
            f"basic_auth_users:\n  alice: {HASH}\n  alice: {HASH}",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(expected: str, text: str) -> None:
    """One line, which says what is expected there."""
    (line,) = mistakes(text)
    assert expected == line[: len(expected)]


def test_all_mistakes_are_told_at_once() -> None:
    """In the order of their lines."""
    told = mistakes(f"{TLS}  min_version: x\nhttp_server_config: {{http2: x}}\nbasic_auth_users: {{a: b}}\nmore: x")
    assert ["w.yml:4", "w.yml:5", "w.yml:6", "w.yml:7"] == [line.split(": ")[0] for line in told]


@pytest.mark.parametrize(
    "text",
    [
        "alice:hunter2",
        "basic_auth_users: alice:hunter2",
        "basic_auth_users: {alice:hunter2}",
        "basic_auth_users: {'alice:hunter2': x}",
        "alice:hunter2: x",
        "basic_auth_users: {alice: hunter2}",
        "basic_auth_users: [hunter2]",
        "basic_auth_users: {alice: *hunter2}",
        "basic_auth_users: {alice: &hunter2 x, bob: &hunter2 x}",
        "basic_auth_users: {alice: !hunter2!x}",
        "basic_auth_users: {alice: 'hunter2}",
        "basic_auth_users: {alice: @hunter2}",
        "tls_server_config: {cert_file: x, key: [hunter2]}",
        "tls_server_config: {cert_file: x, key_file: y, min_version: hunter2}",
    ],
)
def test_no_message_quotes_a_secret(text: str) -> None:
    """Wherever a password was put by mistake."""
    assert "hunter2" not in "".join(mistakes(text))
    assert "hunter2" not in repr(parse("tls_server_config: {cert: x, key: hunter2}", source="w.yml"))


@pytest.mark.invariant(11)
@example("[" * 5000)
@given(st.text() | st.text("tls_server_config:bahn{}[]'\"&*!|>-?%@ \n\t#,0").map("basic_auth_users: ".__add__))
def test_any_text_is_settings_or_mistakes(text: str) -> None:
    """Nothing else comes out of it."""
    told: list[str] = []
    try:
        parse(text, source="w.yml")
    except ConfigError as error:
        told = str(error).splitlines()
    assert all(line.startswith("w.yml:") for line in told)


def test_the_example_of_the_docs_is_good(authority: Authority, tmp_path: Path) -> None:
    """As it stands, in the page and beside it, with the certificates that it speaks of."""
    page = (DOCS / "configuration.md").read_text()
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    text = (DOCS / "web.yml").read_text()
    assert shown == text.partition("\n")[2]
    authority.issue("exporter")
    authority.file.rename(tmp_path / "clients.crt")
    (tmp_path / "web.yml").write_text(text)
    found = InForce(str(tmp_path / "web.yml"))
    assert found.tls is not None
    assert (["prometheus"], 2) == (list(found.config.users), len(found.config.headers))


# What is in the files that it names


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def configured(folder: Path, **tls: Any) -> Path:
    """A web configuration with TLS, and `tls` in it."""
    path = folder / "w.yml"
    lines = "".join(f"  {name}: {value}\n" for name, value in tls.items())
    path.write_text(f"tls_server_config:\n{lines}")
    return path


def refused(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        InForce(str(path))
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


ENCRYPTED = b"""-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBC7aI2jqjUbvQkmA8g1
-----END ENCRYPTED PRIVATE KEY-----
"""


def test_files_that_are_of_no_use_are_told(authority: Authority, tmp_path: Path) -> None:
    """Each where the configuration names it."""
    authority.issue("a")
    authority.issue("b")
    (tmp_path / "empty").write_text("")
    (tmp_path / "huge").write_bytes(b"x" * (1 << 20) + b"x")
    (tmp_path / "broken").write_text("-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n")
    (tmp_path / "encrypted").write_bytes(ENCRYPTED)
    os.mkfifo(tmp_path / "fifo")
    cert, key = "2: tls_server_config.cert_file:", "3: tls_server_config.key_file:"
    for name, why in {
        "none": f"{tmp_path}/none cannot be read: No such file or directory",
        "fifo": f"{tmp_path}/fifo is not a regular file",
        ".": f"{tmp_path} cannot be read: Is a directory",
        "huge": f"{tmp_path}/huge is larger than 1048576 bytes",
        "empty": "holds no certificate in PEM form",
        "broken": "certificate or key cannot be used",
    }.items():
        (told,) = refused(configured(tmp_path, cert_file=name, key_file="a.key"))
        assert told.startswith(f"{cert} {why}")
    assert [f"{key} is not the key of the certificate"] == refused(
        configured(tmp_path, cert_file="a.crt", key_file="b.key")
    )
    assert [f"{key} holds no private key in PEM form"] == refused(
        configured(tmp_path, cert_file="a.crt", key_file="a.crt")
    )
    both = refused(configured(tmp_path, cert_file="none", key_file="none"))
    assert [cert, key] == [line.split(f" {tmp_path}")[0] for line in both]


def test_a_key_with_a_password_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Nobody is asked for it on the terminal."""
    from cryptography.hazmat.primitives import serialization

    _, key = authority.issue("a")
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(
        private.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"hunter2"))
    )
    (told,) = refused(configured(tmp_path, cert_file="a.crt", key_file="a.key"))
    assert told.startswith("3: tls_server_config.key_file: is encrypted")


def test_a_client_ca_without_certificates_is_refused(authority: Authority, tmp_path: Path) -> None:
    """It would keep everybody out."""
    authority.issue("a")
    for content in (b"", b"nothing", b"\xff"):
        (tmp_path / "none").write_bytes(content)
        path = configured(
            tmp_path,
            cert_file="a.crt",
            key_file="a.key",
            client_auth_type="RequireAndVerifyClientCert",
            client_ca_file="none",
        )
        (told,) = refused(path)
        assert told.startswith("5: tls_server_config.client_ca_file: holds no certificates in PEM form")


def test_certificates_may_stand_in_the_configuration(authority: Authority, tmp_path: Path) -> None:
    """And leave no file behind."""
    certificate, key = authority.issue("a")
    path = tmp_path / "w.yml"
    indented = {name: file.read_text().replace("\n", "\n    ") for name, file in (("cert", certificate), ("key", key))}
    path.write_text("tls_server_config:\n" + "".join(f"  {name}: |\n    {text}\n" for name, text in indented.items()))
    assert InForce(str(path)).tls is not None


def test_settings_reach_openssl(authority: Authority, tmp_path: Path) -> None:
    """Versions, suites, whose order counts, and who must show a certificate."""
    authority.issue("a")
    files = {"cert_file": "a.crt", "key_file": "a.key"}

    def context(**tls: Any) -> ssl.SSLContext:
        found = InForce(str(configured(tmp_path, **files, **tls))).tls
        assert found is not None
        return found.context

    plain = context()
    assert (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) == (plain.minimum_version, plain.maximum_version)
    assert plain.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert ssl.CERT_NONE == plain.verify_mode == context(client_auth_type="RequestClientCert").verify_mode
    assert not context(prefer_server_cipher_suites="false").options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert ssl.TLSVersion.TLSv1_3 == context(min_version="TLS13").minimum_version
    assert ssl.TLSVersion.TLSv1_2 == context(max_version="TLS12").maximum_version
    assert ssl.TLSVersion.TLSv1_3 == context(cipher_suites="[TLS_AES_256_GCM_SHA384]").minimum_version
    for name, suite in SUITES.items():
        ciphers = context(cipher_suites=f"[{name}]").get_ciphers()
        assert not suite or [suite] == [one["name"] for one in ciphers if one["protocol"] != "TLSv1.3"]
    for policy, mode in CLIENTS.items():
        assert mode == context(client_auth_type=policy, client_ca_file="ca.pem").verify_mode


# What is in force after a change


@pytest.fixture
def said() -> Any:
    """What the own log says."""
    with structlog.testing.capture_logs() as entries:
        yield entries


def rewrite(path: Path, text: str) -> None:
    """Puts a new file in its place, as it should be done."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def test_what_changes_is_in_force_at_the_next_look(tmp_path: Path, said: list[dict[str, Any]]) -> None:
    """Written in place or anew; what stays is not read again."""
    path = tmp_path / "w.yml"
    path.write_text(f"basic_auth_users: {{alice: {HASH}}}")
    web = InForce(str(path))
    before = web.look().config
    assert before is web.look().config
    rewrite(path, f"basic_auth_users: {{bob: {HASH}}}")
    assert {"bob": HASH} == web.look().config.users
    path.write_text(f"basic_auth_users: {{carol: {HASH}}}")
    assert {"carol": HASH} == web.look().config.users
    assert ["web_config_reloaded"] * 2 == [entry["event"] for entry in said]


def test_a_bad_version_leaves_the_old_one_in_force(tmp_path: Path, said: list[dict[str, Any]]) -> None:
    """It is told once, and shows until it is good again."""
    path = tmp_path / "w.yml"
    good = f"basic_auth_users: {{alice: {HASH}}}"
    path.write_text(good)
    web = InForce(str(path))
    for bad in ("basic_auth_users: {alice: hunter2}", "{", "", b"\xff"):
        rewrite(path, bad) if isinstance(bad, str) else path.write_bytes(bad)
        assert {"alice": HASH} == web.look().look().config.users
        assert web.is_good is False
    path.unlink()
    assert {"alice": HASH} == web.look().look().config.users
    path.write_text(good)
    assert web.look().is_good is True
    assert ["web_config_failed"] * 5 + ["web_config_reloaded"] == [entry["event"] for entry in said]
    assert "hunter2" not in str(said)


def test_an_exchanged_certificate_is_in_force(authority: Authority, tmp_path: Path, said: list[dict[str, Any]]) -> None:
    """Once certificate and key belong together; in between, the old ones are."""
    certificate, key = authority.issue("a")
    web = InForce(str(configured(tmp_path, cert_file="a.crt", key_file="a.key")))
    old = web.look().tls
    fresh, fresh_key = authority.issue("b")
    fresh.replace(certificate)
    assert old is web.look().look().tls
    assert not web.is_good
    fresh_key.replace(key)
    assert old is not web.look().tls
    assert web.is_good
    assert ["web_config_failed", "web_config_reloaded"] == [entry["event"] for entry in said]


def test_nothing_is_opened_by_a_change(authority: Authority, tmp_path: Path) -> None:
    """Half a file looks like one that asks for less: so only a restart asks for less."""
    authority.issue("a")
    full = {
        "cert_file": "a.crt",
        "key_file": "a.key",
        "client_ca_file": "ca.pem",
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_allowed_sans": "[a]",
    }
    users = f"basic_auth_users: {{alice: {HASH}}}\n"
    path = configured(tmp_path, **full)
    whole = path.read_text() + users
    path.write_text(whole)
    web = InForce(str(path))
    config = web.config
    for without in (
        "",
        users,
        whole.replace(users, ""),
        whole.replace("  client_allowed_sans: [a]\n", ""),
        whole.replace("  client_allowed_sans: [a]\n", "").replace("RequireAndVerify", "VerifyClientCertIfGiven #"),
    ):
        rewrite(path, without)
        assert config is web.look().config
        assert web.is_good is False
    rewrite(path, whole.replace("[a]", "[b]").replace("alice", "bob"))
    assert web.look().is_good
    assert ("b",) == (web.config.tls and web.config.tls.client_allowed_sans)


def test_tls_is_not_turned_on_by_a_change(authority: Authority, tmp_path: Path) -> None:
    """Who scrapes over plain HTTP would be locked out in the middle; a restart says which of both it is."""
    authority.issue("a")
    path = tmp_path / "w.yml"
    path.write_text("")
    web = InForce(str(path))
    configured(tmp_path, cert_file="a.crt", key_file="a.key")
    assert web.look().tls is None
    assert web.is_good is False
