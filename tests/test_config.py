"""Configuration: what each text means, and what is said of each mistake."""

from pathlib import Path
from typing import Any, Literal

import pytest

from exporter.config import (
    Config,
    ConfigError,
    HostConfig,
    Limits,
    Mistake,
    PipelineConfig,
    StreamConfig,
    overlaps,
    with_logs,
)
from exporter.config.reading import load, parse
from exporter.pipeline import Options, Pipeline, Source, Stream
from exporter.pipelines.persona import Persona, PersonaOptions


class Crawl(Pipeline):
    """A pipeline without a main stream and without settings."""

    streams = {name: Stream(records=(), help="") for name in ("metadata", "failures")}


class Distillation(Pipeline):
    """A pipeline with a stream that stands in for another one, and a folder."""

    streams = {
        "articles": Stream(records=(), help="", main=True),
        "log": Stream(records=(), help="", instead_of="articles"),
        "error_dumps": Stream(records=(), help="", source=Source.FOLDER, folder="error_logs"),
    }


Crawl.name = "crawl"
Distillation.name = "distillation"
PIPELINES: dict[str, type[Pipeline]] = {"persona": Persona, "crawl": Crawl, "distillation": Distillation}
ENVIRON = {"LOGS": "/logs", "SIZE": "7", "EMPTY": ""}
SETTINGS = "pipelines, listen, state, host, limits, poll_seconds, catchup_timeout, birth_hold"
SECONDS = "a number of seconds or a time like 30s, 15m, 6h"


def read(text: str) -> Config:
    return parse(text, source="logs.yml", pipelines=PIPELINES, environ=ENVIRON)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text)
    return str(raised.value).splitlines()


def under_persona(*lines: str) -> str:
    return "\n".join(["pipelines:", "  persona:", *(f"    {line}" for line in lines)])


def persona(*paths: str, start: Literal["beginning", "end"] = "beginning", **options: Any) -> PipelineConfig:
    return PipelineConfig(
        streams={"attempts": StreamConfig(paths=paths, start=start)}, options=PersonaOptions(**options)
    )


NO_TEXT = "holds a NUL or a lone surrogate, which no path, address or label can"


def test_every_key_but_a_pipeline_has_a_default() -> None:
    """The least configuration is one pipeline with one stream."""
    expected = Config(
        pipelines={"persona": persona("a.log")},
        listen=("127.0.0.1", 10210),
        state="./state",
        host=HostConfig(disks=("/",), directories={}, processes={}),
        limits=Limits(series_per_metric=2000, line_bytes=1048576, connections=64, header_seconds=10.0),
        poll_seconds=0.5,
        catchup_timeout=300.0,
        birth_hold=20.0,
    )
    assert expected == read("pipelines: {persona: {attempts: a.log}}")


def test_every_key_can_be_given() -> None:
    """What is given replaces the default, beside it the other defaults stay."""
    text = """
listen: 0.0.0.0:0
state: /var/lib/exporter
pipelines:
  persona:
    attempts: a.log
    batch_size: 10
  crawl:
    failures: [b.log, "c*.log"]
host: {disks: [/, /data], directories: {chromadb: /data/chroma}, processes: {crawler: "python .*crawl"}}
limits: {series_per_metric: 1, line_bytes: 2, connections: 3}
poll_seconds: 1
catchup_timeout: 0
birth_hold: 0.5
"""
    expected = Config(
        pipelines={
            "persona": persona("a.log", batch_size=10),
            "crawl": PipelineConfig(
                streams={"failures": StreamConfig(paths=("b.log", "c*.log"))},
                options=Options(),
            ),
        },
        listen=("0.0.0.0", 0),
        state="/var/lib/exporter",
        host=HostConfig(
            disks=("/", "/data"), directories={"chromadb": "/data/chroma"}, processes={"crawler": "python .*crawl"}
        ),
        limits=Limits(series_per_metric=1, line_bytes=2, connections=3, header_seconds=10.0),
        poll_seconds=1.0,
        catchup_timeout=0.0,
        birth_hold=0.5,
    )
    assert expected == read(text)


@pytest.mark.parametrize(
    ("expected", "stream"),
    [
        (persona("/l/*.log"), "attempts: /l/*.log"),
        (persona("a", "/x/**/[ab]?.log"), "attempts: [a, '/x/**/[ab]?.log']"),
        (persona("a", start="end"), "attempts: {paths: a, start: end}"),
        (persona("a", "b"), "attempts: {paths: [a, b], start: beginning}"),
        (persona("2026-01-31"), "attempts: 2026-01-31"),
        (persona("/logs/a.log"), "attempts: ${LOGS}/a.log"),
        (persona("/logs/a.log"), 'attempts: ["${LOGS}/a.log"]'),
        (persona("x/y/z"), "attempts: ${NOWHERE:-x}/${EMPTY:-y}/${EMPTY}z"),
        (persona("${LOGS}$LOGS"), "attempts: $${LOGS}$LOGS"),
    ],
)
def test_a_stream_is_a_glob_a_list_or_a_mapping(expected: PipelineConfig, stream: str) -> None:
    """A stream's paths can be written in three ways, with variables in each."""
    assert expected == read(under_persona(stream)).pipelines["persona"]


@pytest.mark.parametrize(
    ("expected", "option"),
    [
        (PersonaOptions(run_ttl=30.0), "run_ttl: 30"),
        (PersonaOptions(run_ttl=30.0), "run_ttl: 30s"),
        (PersonaOptions(run_ttl=5400.0), "run_ttl: 1h30m"),
        (PersonaOptions(run_ttl=0.25), "run_ttl: 250ms"),
        (PersonaOptions(run_ttl=129600.0), "run_ttl: 1.5d"),
        (PersonaOptions(run_ttl=7.0), "run_ttl: ${SIZE}s"),
        (PersonaOptions(batch_size=7), "batch_size: ${SIZE}"),
        (PersonaOptions(batch_size=7), 'batch_size: "${SIZE}"'),
        (PersonaOptions(batch_size=1000), "batch_size: 1_000"),
        (PersonaOptions(price_per_1000_tokens=0.0), "price_per_1000_tokens: 0"),
        (PersonaOptions(price_per_1000_tokens=0.0005), "price_per_1000_tokens: 5e-4"),
    ],
)
def test_a_pipelines_settings_stand_beside_its_streams(expected: object, option: str) -> None:
    """Settings are numbers, or times with units, also out of the environment."""
    assert expected == read(under_persona("attempts: a", option)).pipelines["persona"].options


@pytest.mark.parametrize(
    ("expected", "listen"),
    [
        (("::1", 10210), "'[::1]:10210'"),
        (("localhost", 80), "localhost:80"),
        (("exporter-1.example", 65535), "exporter-1.example:65535"),
        (("127.0.0.1", 7), "127.0.0.1:${SIZE}"),
    ],
)
def test_listen_is_host_and_port(expected: object, listen: str) -> None:
    """An IPv6 address stands in brackets."""
    assert expected == read(f"pipelines: {{persona: {{attempts: a}}}}\nlisten: {listen}").listen


PERSONA_HAS = "persona has: attempts; batch_size, price_per_1000_tokens, run_ttl"
GLOBS = "a glob or a list of globs"


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (f"atempts: no such stream or setting ({PERSONA_HAS}); did you mean attempts?", "atempts: b"),
        (f"zzz: no such stream or setting ({PERSONA_HAS})", "zzz: b"),
        ("batch_size: `0` is not a whole number (at least 1)", "batch_size: 0"),
        ("batch_size: `1.5` is not a whole number (at least 1)", "batch_size: 1.5"),
        ("batch_size: `true` is not a whole number (at least 1)", "batch_size: true"),
        ("batch_size: `many` is not a whole number (at least 1)", "batch_size: many"),
        ('batch_size: `"1000"` is not a whole number (at least 1)', 'batch_size: "1000"'),
        ("batch_size: a list is not a whole number (at least 1)", "batch_size: [1]"),
        ("batch_size: is empty; give a whole number (at least 1), or leave it out", "batch_size:"),
        ("price_per_1000_tokens: `-1` is not a number (at least 0)", "price_per_1000_tokens: -1"),
        ("price_per_1000_tokens: `6h` is not a number (at least 0)", "price_per_1000_tokens: 6h"),
        ("price_per_1000_tokens: `1e400` is not a number (at least 0)", "price_per_1000_tokens: 1e400"),
        (f"run_ttl: `0` is not {SECONDS} (above 0)", "run_ttl: 0"),
        (f"run_ttl: `0s` is not {SECONDS} (above 0)", "run_ttl: 0s"),
        (f"run_ttl: `1:30` is not {SECONDS} (above 0)", "run_ttl: 1:30"),
        (f"run_ttl: `6 hours` is not {SECONDS} (above 0)", "run_ttl: 6 hours"),
        (f"run_ttl: `.nan` is not {SECONDS} (above 0)", "run_ttl: .nan"),
        ("run_ttl: `${TTL}` is not set; set it, or write ${TTL:-default}", "run_ttl: ${TTL}"),
        (
            "run_ttl: `${T-1}` is no variable; write ${NAME} or ${NAME:-default}, $${ for a plain ${",
            "run_ttl: ${T-1}",
        ),
        ("run_ttl: `${TTL` is no variable; write ${NAME} or ${NAME:-default}, $${ for a plain ${", "run_ttl: ${TTL"),
        ("batch_size: is given twice, first on line 4; keep one", "batch_size: 1\n    batch_size: 1"),
        ("?: a key is a text", "? [a]\n    : b"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(expected: str, line: str) -> None:
    """A mistake beside a stream tells file, line, key path, value and the way out."""
    at = 5 if "twice" in expected else 4
    assert [f"logs.yml:{at}: pipelines.persona.{expected}"] == mistakes(under_persona("attempts: a", line))


@pytest.mark.parametrize(
    ("expected", "stream"),
    [
        (f": is empty; give {GLOBS}, or leave it out", ""),
        (f": is empty; give {GLOBS}", '""'),
        (f": `5` is not {GLOBS}; put it in quotes if it is", "5"),
        (f": is an empty list; give {GLOBS}", "[]"),
        (f"[1]: is empty; give {GLOBS}", '[a, ""]'),
        (f"[0]: a list is not {GLOBS}", "[[a]]"),
        (": `/logs/` is a folder; name the files in it, such as /logs/*.log", "/logs/"),
        (
            ": `/logs/a**/b` has ** beside other characters; ** stands for any folders alone, between slashes",
            "/logs/a**/b",
        ),
        (f": {NO_TEXT}", '"a\\0b"'),
        (f": {NO_TEXT}", r'"a\ud800"'),
        (f": has no paths; give {GLOBS}", "{start: end}"),
        (".start: `middle` is not one of beginning, end", "{paths: a, start: middle}"),
        (".path: no such setting (there are: paths, start); did you mean paths?", "{paths: a, path: b}"),
    ],
)
def test_a_wrong_stream_is_named_with_its_place(expected: str, stream: str) -> None:
    """A mistake in a stream's paths tells file, line, key path, value and the way out."""
    assert [f"logs.yml:3: pipelines.persona.attempts{expected}"] == mistakes(under_persona(f"attempts: {stream}"))


@pytest.mark.parametrize(
    "line",
    [
        *(r'state: "\ud800"', r'state: "a\0b"', r'listen: "\ud800:5"', r'poll_seconds: "\ud800"', "state: ${BAD}"),
        *(r'host: {disks: ["\ud800"]}', r'host: {directories: {a: "\ud800"}}', "poll_seconds: ${BAD}"),
        *(r'host: {directories: {"\ud800": /a}}', r'host: {processes: {"\0": x}}', r'host: {processes: {a: "\udcff"}}'),
    ],
)
def test_what_no_path_or_label_can_hold_is_refused(line: str) -> None:
    """Also from the environment, where bytes that are no UTF-8 are lone surrogates: nothing fails later."""
    text = f"pipelines: {{persona: {{attempts: a}}}}\n{line}"
    with pytest.raises(ConfigError, match=rf"^logs.yml:2: [^\n]+: {NO_TEXT}$"):
        parse(text, source="logs.yml", pipelines=PIPELINES, environ={"BAD": "a\udcff"})


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (f"poll_second: no such setting (there are: {SETTINGS}); did you mean poll_seconds?", "poll_second: 1"),
        (f"poll_seconds: `0` is not {SECONDS} (above 0)", "poll_seconds: 0"),
        (f"catchup_timeout: `-1` is not {SECONDS} (at least 0)", "catchup_timeout: -1"),
        (f"birth_hold: `0x10` is not {SECONDS} (at least 0)", "birth_hold: 0x10"),
        ("state: `5` is not a text; put it in quotes if it is", "state: 5"),
        ("state: is empty; give a text", "state: ${EMPTY}"),
        ("limits.connections: `0` is not a whole number (at least 1)", "limits: {connections: 0}"),
        ("limits: a list is not a mapping (key: value)", "limits: [1]"),
        ("host.disks: `/` is not a list of mount points", "host: {disks: /}"),
        ("host.directories: `/data` is not a mapping (key: value)", "host: {directories: /data}"),
        ("host.directories.a: is empty; give a path, or leave it out", "host: {directories: {a: }}"),
        (
            "host.processes.a: `(` is not a regular expression: missing ), unterminated subpattern at position 0",
            "host: {processes: {a: (}}",
        ),
        (
            "host.processes.a: `x{99999999999}` is not a regular expression: the repetition number is too large",
            'host: {processes: {a: "x{99999999999}"}}',
        ),
        *(
            (f"listen: `{listen}` is not HOST:PORT, such as 127.0.0.1:10210 or [::1]:10210", f"listen: {listen}")
            for listen in ("10210", "localhost", ":10210", "::1:10210", "a:65536", "a:-1", "http://a:80")
        ),
    ],
)
def test_a_wrong_key_is_named_with_its_place(expected: str, line: str) -> None:
    """A mistake outside the pipelines tells file, line, key path, value and the way out."""
    assert [f"logs.yml:2: {expected}"] == mistakes(f"pipelines: {{persona: {{attempts: a}}}}\n{line}")


NO_PIPELINE = "no pipeline is on; name at least one under pipelines (there are: persona, crawl, distillation)"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([f"logs.yml:1: {NO_PIPELINE}"], ""),
        ([f"logs.yml:1: pipelines: {NO_PIPELINE}"], "pipelines: {}"),
        ([f"logs.yml:1: pipelines: {NO_PIPELINE}"], "pipelines:\n  # persona: …"),
        (["logs.yml:1: a list is not a mapping (key: value)"], "[1]"),
        (["logs.yml:1: pipelines: `persona` is not a mapping (key: value)"], "pipelines: persona"),
        (
            ["logs.yml:1: pipelines.persona: no stream; name at least one (persona has: attempts)"],
            "pipelines: {persona: {}}",
        ),
        (
            ["logs.yml:2: pipelines.persona: no stream; name at least one (persona has: attempts)"],
            "pipelines:\n  persona:\n    batch_size: 5",
        ),
        (["logs.yml:1: pipelines.persona: `a.log` is not a mapping (key: value)"], "pipelines: {persona: a.log}"),
        (
            [
                "logs.yml:1: pipelines.persna: no such pipeline (there are: persona, crawl, distillation); "
                "did you mean persona?"
            ],
            "pipelines: {persna: {attempts: a}}",
        ),
        (
            ["logs.yml:1: pipelines.crawl.page: no such stream or setting (crawl has: metadata, failures)"],
            "pipelines: {crawl: {page: a}}",
        ),
        (
            [
                "logs.yml:1: pipelines.distillation.error_dumps: is a folder that is found beside the pipeline's "
                "logs; leave it out"
            ],
            "pipelines: {distillation: {articles: a, error_dumps: b}}",
        ),
    ],
)
def test_a_pipeline_that_reads_nothing_is_a_mistake(expected: object, text: str) -> None:
    """At least one pipeline is on, and each that is on has a stream."""
    assert expected == mistakes(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("3: not YAML: while scanning a simple key, could not find expected ':'", "a: 1\nb\nc: 1"),
        (
            "2: not YAML: while scanning for the next token, found character '\\t' that cannot start any token",
            "a: 1\n\tb: 1",
        ),
        ("2: not YAML: the character U+0007 is not allowed", "a: 1\nb: \a"),
        ("1: not YAML: found undefined alias 'b'", "a: *b"),
        ("2: not YAML: expected a single document in the stream, but found another document", "a: 1\n---\nb: 1"),
        ("1: not YAML that can be read: it is nested too deeply", "[" * 5000),
        ("2: not YAML: an escaped character or a version is out of range", 'a: 1\nb: "\\U00110000"'),
        ("2: not YAML: an escaped character or a version is out of range", 'a: 1\nb: "\\UFFFFFFFF"'),
        ("1: not YAML: an escaped character or a version is out of range", f"%YAML 1.{'1' * 5000}\n--- a"),
        (
            "1: not YAML: while parsing a flow mapping, expected ',' or '}', but got '{' "
            '(within {} and [] a variable needs quotes: "${NAME}")',
            "pipelines: {persona: {attempts: ${LOGS}}}",
        ),
    ],
)
def test_a_syntax_error_has_its_line(expected: object, text: str) -> None:
    """What is not YAML is one mistake, on the line where reading stopped."""
    assert [f"logs.yml:{expected}"] == mistakes(text)


def test_an_alias_of_itself_ends() -> None:
    """A value that holds itself is read only as deep as there are settings."""
    has = "persona has: attempts; batch_size, price_per_1000_tokens, run_ttl"
    assert [f"logs.yml:1: pipelines.persona.persona: no such stream or setting ({has})"] == mistakes(
        "pipelines: &all {persona: *all}"
    )


def test_all_mistakes_come_at_once_by_line() -> None:
    """One run shows every mistake, in the order of the file."""
    expected = [
        f"logs.yml:3: pipelines.persona.atempts: no such stream or setting ({PERSONA_HAS}); did you mean attempts?",
        "logs.yml:4: pipelines.persona.batch_size: `0` is not a whole number (at least 1)",
        "logs.yml:5: state: `${A}` is not set; set it, or write ${A:-default}",
        "logs.yml:5: state: `${B}` is not set; set it, or write ${B:-default}",
        f"logs.yml:6: poll_seconds: `-1` is not {SECONDS} (above 0)",
    ]
    text = under_persona("atempts: a", "batch_size: 0") + "\nstate: ${A}/${B}\npoll_seconds: -1"
    assert expected == mistakes(text)


def test_a_mistake_is_one_line() -> None:
    """Whatever a user writes, each mistake is one line of bounded length."""
    expected = '`"' + "a\\n" * 39 + "a…` is not HOST:PORT"
    [line] = mistakes('pipelines: {persona: {attempts: a}}\nlisten: "' + "a\\n" * 50 + '"')
    assert line.startswith(f"logs.yml:2: listen: {expected}")


def test_mistakes_can_be_looked_at() -> None:
    """An error holds its mistakes as place and message."""
    with pytest.raises(ConfigError) as raised:
        read("state: 1\npipelines: {persona: {attempts: a}}")
    assert (Mistake("logs.yml:1", "state: `1` is not a text; put it in quotes if it is"),) == raised.value.mistakes


def test_a_stand_in_beside_the_stream_it_replaces_is_a_mistake() -> None:
    """Two streams with the same facts are not read from one folder, or lines would count twice."""
    expected = (
        "logs.yml:4: pipelines.distillation.log: `/l/./d.log` stands in for articles, but `/l/*.jsonl` is in "
        "the same folder; leave one of them out, or lines count twice"
    )
    text = "pipelines:\n  distillation:\n    articles: [/m/a, /l/*.jsonl]\n    log: /l/./d.log"
    assert [expected] == mistakes(text)


def test_a_stand_in_elsewhere_is_none() -> None:
    """Each folder has its own."""
    assert read("pipelines: {distillation: {articles: /a/metrics.jsonl, log: /b/distillation.log}}")


def test_a_stand_in_is_found_among_the_files_too() -> None:
    """Patterns of different folders may match files of one; who has a matcher is told."""
    config = read("pipelines: {distillation: {articles: /l/*/m.jsonl, log: '/l/**/d.log'}}")
    files = {"/l/*/m.jsonl": ["/l/1/m.jsonl", "/l/2/m.jsonl"], "/l/**/d.log": ["/l/2/d.log", "/l/3/d.log"]}
    assert [
        Mistake(
            "pipelines.distillation.log",
            "`/l/2/d.log` stands in for articles, but `/l/2/m.jsonl` is in the same folder; "
            "leave one of them out, or lines count twice",
        )
    ] == overlaps(config, pipelines=PIPELINES, match=files.__getitem__)


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file's path is the source of its mistakes; a byte order mark is passed over."""
    path = tmp_path / "logs.yml"
    path.write_bytes(b"\xef\xbb\xbfpipelines: {persona: {attempts: a}}\r\n")
    assert persona("a") == load(str(path), pipelines=PIPELINES, environ={}).pipelines["persona"]


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        (":2: not UTF-8; save the file as UTF-8", b"a: 1\nb: \xff"),
        (f":1: {NO_PIPELINE}", b""),
        (": cannot be read: No such file or directory", None),
    ],
)
def test_a_file_that_cannot_be_read_is_a_mistake(expected: object, content: bytes | None, tmp_path: Path) -> None:
    """Whatever is wrong with a file is a ConfigError that names it."""
    path = tmp_path / "logs.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load(str(path), pipelines=PIPELINES, environ={})
    assert f"{path}{expected}" == str(raised.value)


def test_logs_without_configuration_have_defaults() -> None:
    """A pipeline with a main stream needs no stream's name; paths of one stream add up, in order; `=` may be in one."""
    expected = Config(
        pipelines={
            "persona": persona("a=b.log", "c*.log"),
            "crawl": PipelineConfig(streams={"failures": StreamConfig(paths=("f",))}, options=Options()),
        }
    )
    logs = ["persona=a=b.log", "crawl.failures=f", "persona.attempts=c*.log"]
    assert expected == with_logs(None, logs, pipelines=PIPELINES)


def test_logs_replace_the_paths_of_a_configuration() -> None:
    """Settings stay; pipelines that no log names are off."""
    config = read(
        "state: s\npipelines: {persona: {attempts: {paths: a, start: end}, batch_size: 5}, crawl: {failures: b}}"
    )
    changed = with_logs(config, ["persona=c"], pipelines=PIPELINES)
    assert Config(state="s", pipelines={"persona": persona("c", batch_size=5)}) == changed


def test_no_logs_leave_a_configuration_as_it_is() -> None:
    """Without arguments the configured paths are read."""
    config = read(under_persona("attempts: a"))
    assert config == with_logs(config, [], pipelines=PIPELINES)


def test_every_wrong_log_is_named() -> None:
    """All wrong arguments are told at once, each as it was given."""
    wrong = {
        "a.log": "is not PIPELINE[.STREAM]=PATH",
        "foo=a": "no such pipeline `foo` (there are: persona, crawl, distillation)",
        "persona.attempt=a": "no such stream `attempt` (persona has: attempts)",
        "persona.=a": "no such stream `` (persona has: attempts)",
        "crawl=a": "`crawl` has no main stream: name one (crawl.metadata, crawl.failures)",
        "distillation.error_dumps=a": "no such stream `error_dumps` (distillation has: articles, log)",
        "persona=": "the path is empty",
    }
    with pytest.raises(ConfigError) as raised:
        with_logs(None, ["persona=fine", *wrong], pipelines=PIPELINES)
    assert tuple(Mistake(log, message) for log, message in wrong.items()) == raised.value.mistakes


def test_no_log_at_all_is_a_mistake() -> None:
    """Without configuration something has to be named."""
    with pytest.raises(ConfigError, match=r"LOG: no log is given; name one as PIPELINE\[.STREAM\]=PATH"):
        with_logs(None, [], pipelines=PIPELINES)


def test_logs_that_must_not_meet_are_a_mistake() -> None:
    """A stand-in is refused among arguments as it is in a file."""
    with pytest.raises(ConfigError, match=r"pipelines.distillation.log: `d/log` stands in for articles"):
        with_logs(None, ["distillation=d/m", "distillation.log=d/log"], pipelines=PIPELINES)
