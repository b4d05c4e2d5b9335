"""`render --receivers`: what each receiver becomes, that its secrets are there, and what is said of mistakes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.render.rendered import RECEIVERS, alertmanager_config, mistakes, render, with_secrets


def secret_files(config: Any) -> Iterator[str]:
    """The files that a configuration has secrets from."""
    if isinstance(config, dict):
        for key, value in config.items():
            if key.endswith("_file"):
                yield value
            yield from secret_files(value)
    elif isinstance(config, list):
        for item in config:
            yield from secret_files(item)


def receivers(root: Path) -> dict[str, dict[str, Any]]:
    """The rendered receivers by name."""
    return {receiver.pop("name"): receiver for receiver in alertmanager_config(root)["receivers"]}


def test_every_secret_file_of_a_rendered_configuration_is_there(tmp_path: Path) -> None:
    """Relative to alertmanager.yml."""
    assert 0 == render(with_secrets(tmp_path), receivers=RECEIVERS).code
    found = set(secret_files(alertmanager_config(tmp_path)))
    assert {"secrets/pagerduty", "secrets/slack", "secrets/smtp", "secrets/webhook"} == found
    assert all((tmp_path / "alertmanager" / path).is_file() for path in found)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("pagerduty", "receivers.yml:2: critical.pagerduty.routing_key_file"),
        ("slack", "receivers.yml:4: warning.slack.api_url_file"),
        ("smtp", "receivers.yml:11: info.email.auth_password_file"),
        ("webhook", "receivers.yml:14: persona.critical.webhook.credentials_file"),
    ],
)
def test_a_secret_file_that_is_missing_is_refused_with_its_place(tmp_path: Path, name: str, place: str) -> None:
    """And nothing is written."""
    folder = with_secrets(tmp_path) / "alertmanager"
    (folder / "secrets" / name).unlink()
    (said,) = mistakes(tmp_path, receivers=RECEIVERS)
    assert f"{place}: `secrets/{name}` is no file in {folder}, where Alertmanager would look for this secret" == said
    assert not (folder / "alertmanager.yml").exists()


def test_a_secret_file_may_lie_elsewhere(tmp_path: Path) -> None:
    """An absolute path is taken as it is."""
    (tmp_path / "key").touch()
    text = f"critical: {{pagerduty: {{routing_key_file: {tmp_path / 'key'}}}}}"
    assert 0 == render(tmp_path, receivers=text).code
    assert {str(tmp_path / "key")} == set(secret_files(alertmanager_config(tmp_path)))


def test_receivers_of_one_pipeline_stand_beside_those_of_all(tmp_path: Path) -> None:
    """Everybody's critical alerts page, persona's go to a webhook, too; other severities have their own."""
    render(with_secrets(tmp_path), receivers=RECEIVERS)
    kinds = {name: tuple(settings) for name, settings in receivers(tmp_path).items()}
    assert ("pagerduty_configs", "webhook_configs") == kinds["persona-critical"]
    assert ("pagerduty_configs",) == kinds["host-critical"]
    assert ("slack_configs",) == kinds["persona-warning"]
    assert ("email_configs",) == kinds["exporter-info"]
    assert () == kinds["default"]


def test_what_is_over_is_told_by_every_receiver(tmp_path: Path) -> None:
    """Each sends resolved alerts."""
    render(with_secrets(tmp_path), receivers=RECEIVERS)
    found = [one for settings in receivers(tmp_path).values() for kind in settings.values() for one in kind]
    assert [True] * 22 == [one["send_resolved"] for one in found]


def test_a_page_carries_its_severity(tmp_path: Path) -> None:
    """PagerDuty knows the same words."""
    text = "info: {pagerduty: {routing_key_file: secrets/pagerduty}}"
    render(with_secrets(tmp_path), receivers=text)
    assert "info" == receivers(tmp_path)["persona-info"]["pagerduty_configs"][0]["severity"]


def test_a_password_for_mail_is_optional(tmp_path: Path) -> None:
    """A relay on the host needs neither password nor TLS."""
    text = "info: {email: {to: a@b.c, from: d@e.f, smarthost: 'localhost:25', require_tls: false}}"
    assert 0 == render(tmp_path, receivers=text).code
    (mail,) = receivers(tmp_path)["persona-info"]["email_configs"]
    assert ("d@e.f", False) == (mail["from"], mail["require_tls"])
    assert "auth_username" not in mail


@pytest.mark.parametrize("text", ["", "critical:\npersona: {}\n"])
def test_a_file_that_says_nothing_turns_nothing_on(tmp_path: Path, text: str) -> None:
    """Also with empty sections."""
    assert 0 == render(tmp_path, receivers=text).code
    assert [{}] * 22 == list(receivers(tmp_path).values())


MISTAKES = {
    "citical: {}": (
        "citical: no such severity or pipeline (there are: info, warning, critical, clustering, crawl, distillation, "
        "persona, tagger, exporter, host); did you mean critical?"
    ),
    "persona: {page: {}}": "persona.page: no such severity (there are: info, warning, critical)",
    "info: {pager: {}}": (
        "info.pager: no such receiver (there are: pagerduty, slack, email, webhook); did you mean pagerduty?"
    ),
    "info: {pagerduty: {routing_key: R0UT1NG}}": (
        "info.pagerduty.routing_key: no such setting (there are: routing_key_file); did you mean routing_key_file?",
        "info.pagerduty: needs routing_key_file",
    ),
    "info: {slack: }": "info.slack: needs api_url_file",
    "info: {email: {to: a@b.c}}": "info.email: needs from, smarthost",
    "info: {email: {to: a@b.c, from: d@e.f, smarthost: m, auth_username: u}}": (
        "info.email: auth_username and auth_password_file belong together; give both or none"
    ),
    "info: {email: {to: a@b.c, from: d@e.f, smarthost: m, require_tls: no}}": (
        "info.email.require_tls: `no` is not true or false"
    ),
    "info: {webhook: {url: 'localhost:80'}}": (
        "info.webhook.url: `'localhost:80'` is not a URL like http://localhost:8080/alerts"
    ),
    "info: {webhook: 'http://localhost'}": "info.webhook: `'http://localhost'` is not a mapping (key: value)",
    "info: {slack: {api_url_file: secrets}}": (
        "info.slack.api_url_file: `secrets` is no file in {folder}, where Alertmanager would look for this secret"
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str | tuple[str, ...]) -> None:
    """In the file's own words, with the way out."""
    expected = [f"receivers.yml:1: {one}" for one in ((said,) if isinstance(said, str) else said)]
    folder = with_secrets(tmp_path) / "alertmanager"
    assert [one.replace("{folder}", str(folder)) for one in expected] == mistakes(tmp_path, receivers=text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """In the order of their lines."""
    said = mistakes(tmp_path, receivers="\n".join(text for text in MISTAKES if text.startswith(("cit", "persona"))))
    assert ["receivers.yml:1", "receivers.yml:2"] == [one.partition(": ")[0] for one in said]


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    """Named as it was asked for."""
    done = render(tmp_path, "--receivers", "nowhere.yml")
    assert 2 == done.code
    assert "pipeline-exporter: nowhere.yml: cannot be read: No such file or directory\n" == done.err
