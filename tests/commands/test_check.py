"""`check`, and what all commands have in common: help, and the settings of the exporter's own log."""

import os
from pathlib import Path

import pytest

from tests.commands.running import run
from tests.engines import attempt

COMMANDS = ("serve", "once", "check", "lint", "demo", "render")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "c.yml"


def test_what_matches_is_listed(tmp_path: Path, config: Path) -> None:
    """Who wrote a pattern sees what it means."""
    (tmp_path / "a.log").write_bytes(attempt() * 10)
    (tmp_path / "b.log").mkdir()
    config.write_text(
        f"pipelines:\n  persona:\n    attempts: {tmp_path}/*.log\n  crawl:\n    metadata: {tmp_path}/m.jsonl\n"
    )
    done = run("check", "--config", config)
    assert [
        f"persona.attempts: {tmp_path}/*.log",
        f"  {tmp_path}/a.log ({len(attempt()) * 10:,} bytes)",
        f"  {tmp_path}/b.log cannot be followed: directory",
        f"crawl.metadata: {tmp_path}/m.jsonl",
        "  nothing yet: waits for the first file",
        f"{config}: ok",
    ] == done.out.splitlines()
    assert (0, "") == (done.code, done.err)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not be followed. The answer of the system is changed, as root may read everything."""
    (tmp_path / "a.log").write_bytes(attempt())
    config.write_text(f"pipelines:\n  persona:\n    attempts: {tmp_path}/*.log\n")
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (f"{tmp_path}/a.log", os.R_OK))
    assert f"  {tmp_path}/a.log cannot be followed: permission" == run("check", "--config", config).out.splitlines()[1]


def test_all_mistakes_are_told_at_once(config: Path) -> None:
    """Each with its place."""
    config.write_text("listen: here\npipelines:\n  persona:\n    attempt: /x\n  nope: {}\n")
    done = run("check", "--config", config)
    assert (2, "") == (done.code, done.out)
    lines = done.err.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith(f"pipeline-exporter: {config}:") for line in lines)


def test_logs_that_would_count_twice_are_a_mistake(tmp_path: Path, config: Path) -> None:
    """A pattern tells only together with the files that it matches."""
    (tmp_path / "law").mkdir()
    for name in ("metrics.jsonl", "distillation.log"):
        (tmp_path / "law" / name).write_text("")
    config.write_text(
        f"pipelines:\n  distillation:\n    articles: {tmp_path}/*/metrics.jsonl\n"
        f"    log: {tmp_path}/*/distillation.log\n"
    )
    done = run("check", "--config", config)
    assert (2, 1) == (done.code, len(done.err.splitlines()))
    assert "lines count twice" in done.err


@pytest.mark.parametrize("command", ["check", "serve", "once"])
def test_a_missing_configuration_is_one_line(command: str, tmp_path: Path) -> None:
    """It says which file."""
    done = run(command, "--config", tmp_path / "nope.yml")
    expected = f"pipeline-exporter: {tmp_path}/nope.yml: cannot be read: No such file or directory\n"
    assert (2, "", expected) == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(("check", "--config"), ("check", "--web.config.file"), ("serve", "--config"), ("serve", "--web.config.file")),
        *(("once", "--config"), ("lint", "--config"), ("render", "--limits"), ("render", "--receivers")),
    ],
)
def test_an_empty_path_is_a_mistake(command: str, option: str) -> None:
    """A variable that is not set would leave out users, limits or all there is to check, and nobody would know."""
    done = run(command, option, "")
    assert (2, "") == (done.code, done.out)
    assert f"Invalid value for '{option}': the path is empty; name a file, or leave the option out" in done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(command: str) -> None:
    """What it does, what it takes, and what to write."""
    done = run(command, "--help")
    assert (0, "") == (done.code, done.err)
    assert f"Usage: main {command}" in done.out
    examples = {"serve": "attempts: /logs", "check": "attempts: /logs", "demo": "collapse", "render": "repair_ratio: {"}
    assert examples.get(command, "persona=gen") in done.out


def test_help_names_every_command() -> None:
    """Each with what it is for, in a sentence that fits the line."""
    _, _, listed = run("--help").out.partition("Commands:\n")
    assert "..." not in listed
    assert set(COMMANDS) == {line.split()[0] for line in listed.splitlines() if len(line.split()) > 1}


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL=loud: no such level (there are: debug, info, warning, error)"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT=xml: no such format (there are: json, console)"),
    ],
)
def test_wrong_settings_of_the_own_log_are_one_line(environ: dict[str, str], error: str, config: Path) -> None:
    """Whatever the command."""
    done = run("check", "--config", config, **environ)
    assert (2, "", f"pipeline-exporter: {error}\n") == (done.code, done.out, done.err)


def test_a_web_configuration_is_checked(tmp_path: Path, config: Path) -> None:
    """Alone or beside the other one, whose mistakes are told with it."""
    web = tmp_path / "web.yml"
    web.write_text("basic_auth_users:\n")
    assert (0, f"{web}: ok\n", "") == ((done := run("check", "--web.config.file", web)).code, done.out, done.err)
    config.write_text(f"pipelines:\n  persona:\n    attempts: {tmp_path}/*.log\n")
    done = run("check", "--config", config, "--web.config.file", web)
    assert [f"{config}: ok", f"{web}: ok"] == done.out.splitlines()[-2:]
    web.write_text("basic_auth_user:\n")
    config.write_text("listen: here\n")
    done = run("check", "--config", config, "--web.config.file", web)
    assert (2, "") == (done.code, done.out)
    places = [line.split(": ")[1] for line in done.err.splitlines()]
    assert [f"{config}:1", f"{config}:1", f"{web}:1"] == places


def test_a_web_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    done = run("check", "--web.config.file", tmp_path / "web.yml")
    assert (2, f"pipeline-exporter: {tmp_path}/web.yml: cannot be read: No such file or directory\n") == (
        done.code,
        done.err,
    )


def test_nothing_to_check_is_a_mistake() -> None:
    """A check that looks at nothing would always be well."""
    done = run("check")
    assert 2 == done.code
    assert "nothing to check" in done.err
