"""Indicators: limits are read from the words of their tables, and those that can't be are refused on import."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from exporter.indicator import Indicator, Limit, LimitError, Unit

ROOT = Path(__file__).parent.parent

CROSSED = "are crossed: what is critical has to be warning already"
OPPOSITE = "point in opposite directions"


def indicator(**parts: Any) -> Indicator:
    """A good indicator, but for `parts`."""
    good: dict[str, Any] = {
        "name": "repair_ratio",
        "title": "Repair rate",
        "unit": Unit.RATIO,
        "expr": "x",
        "meaning": "Repairs.",
    }
    texts: dict[str, Any] = {"impact": "It costs.", "look": ("`x`",), "action": "Mend it."}
    return Indicator(**(good | texts | parts))


@pytest.mark.parametrize(
    ("text", "unit", "promql"),
    [
        (">= 0.10", Unit.RATIO, ">= 0.10"),
        ("> 0.20", Unit.RATIO, "> 0.20"),
        ("<= 2.0", Unit.BITS, "<= 2.0"),
        ("< 2", Unit.NUMBER, "< 2"),
        (">3", Unit.NUMBER, "> 3"),
        ("== 1", Unit.FLAG, "== 1"),
        ("< -0.1", Unit.PER_BATCH, "< -0.1"),
        ("> 80 %", Unit.RATIO, "> 0.80"),
        (">= 12.5%", Unit.RATIO, ">= 0.125"),
        ("> 5 s", Unit.SECONDS, "> 5"),
        ("> 2 min", Unit.SECONDS, "> 120"),
        ("> 0.5 h", Unit.SECONDS, "> 1800.0"),
        ("> 64 KiB", Unit.BYTES, "> 65536"),
        ("> 1024 MiB", Unit.BYTES, "> 1073741824"),
        ("> 1 GiB", Unit.BYTES, "> 1073741824"),
        ("> 0.000001", Unit.USD, "> 0.000001"),
        ("> 100000000000000000000", Unit.NUMBER, "> 100000000000000000000"),
    ],
)
def test_a_limit_is_read_from_its_words(text: str, unit: Unit, promql: str) -> None:
    """The number keeps the digits that were written, and comes in base units."""
    limit = Limit.read(text, unit)
    assert (text, promql) == (limit.text, limit.promql)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.1",
        "over 0.1",
        "=> 0.1",
        "= 1",
        "!= 1",
        "> .5",
        "> 1.",
        "> 1e3",
        "> 0.1 or so",
        "> ٣",
        "> 1\n",
        "> 1 ",
        " > 1",
        ">",
    ],
)
def test_a_text_that_is_no_limit_is_refused(text: str) -> None:
    """The message quotes it and says how to write one."""
    with pytest.raises(LimitError) as refused:
        Limit.read(text)
    advice = "is no limit; write a comparison (<, <=, >, >=, ==) and a number, like `> 0.20`"
    assert f"`{text}` {advice}" == str(refused.value)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("> 5 s", Unit.RATIO, "`> 5 s`: `s` is no unit of ratio (there are: %)"),
        ("> 5 MB", Unit.BYTES, "`> 5 MB`: `MB` is no unit of bytes (there are: KiB, MiB, GiB)"),
        ("> 5 ms", Unit.SECONDS, "`> 5 ms`: `ms` is no unit of seconds (there are: s, min, h)"),
        ("> 5 %", Unit.NUMBER, "`> 5 %`: `%` is no unit of number (there are: none)"),
    ],
)
def test_a_unit_that_is_not_the_indicators_is_refused(text: str, unit: Unit, message: str) -> None:
    """The message lists those that it may have."""
    with pytest.raises(LimitError) as refused:
        Limit.read(text, unit)
    assert message == str(refused.value)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"warning": "> 0.1"},
        {"critical": "> 0.1"},
        {"warning": ">= 0.10", "critical": "> 0.20"},
        {"warning": ">= 0.10", "critical": "> 0.10"},
        {"warning": "<= 2.0", "critical": "< 1.5"},
        {"warning": "<= 2.0", "critical": "< 2.0"},
        {"info": "> 1 %", "warning": "> 0.02", "critical": "> 3 %"},
        {"info": "> 1 %", "critical": "> 3 %"},
        {"warning": "== 1"},
    ],
)
def test_limits_of_which_the_worse_is_beyond_the_milder_are_taken(limits: dict[str, str]) -> None:
    """What is beyond the worse limit is always beyond the milder one, and not the other way round."""
    assert list(limits) == list(indicator(**limits).limits)


@pytest.mark.parametrize(
    ("limits", "wrong"),
    [
        ({"warning": "> 0.2", "critical": "> 0.1"}, CROSSED),
        ({"warning": "< 1.5", "critical": "<= 2.0"}, CROSSED),
        ({"warning": "> 0.1", "critical": ">= 0.10"}, CROSSED),
        ({"warning": "> 0.1", "critical": "> 10 %"}, CROSSED),
        ({"warning": ">= 0.1", "critical": ">= 0.1"}, CROSSED),
        ({"warning": "== 1", "critical": "== 1"}, CROSSED),
        ({"warning": "> 0.1", "critical": "< 0.2"}, OPPOSITE),
        ({"warning": "< 0.1", "critical": ">= 0.2"}, OPPOSITE),
        ({"warning": "> 0.1", "critical": "== 1"}, OPPOSITE),
    ],
)
def test_limits_that_contradict_each_other_are_refused(limits: dict[str, str], wrong: str) -> None:
    """The message names the indicator, both limits as they are written, and what is wrong with them."""
    both = f"repair_ratio: warning `{limits['warning']}` and critical `{limits['critical']}`"
    with pytest.raises(LimitError) as refused:
        indicator(**limits)
    assert f"{both} {wrong}" == str(refused.value)


def test_of_three_limits_two_neighbours_are_compared() -> None:
    """Where there is no warning, critical follows info."""
    with pytest.raises(LimitError) as refused:
        indicator(info="> 0.3", critical="> 0.2")
    wrong = "info `> 0.3` and critical `> 0.2` are crossed: what is critical has to be info already"
    assert f"repair_ratio: {wrong}" == str(refused.value)


def test_an_unreadable_limit_is_refused_by_its_indicator() -> None:
    """The message says whose limit it is."""
    with pytest.raises(LimitError, match=r"^repair_ratio: `around 0.1` is no limit; "):
        indicator(warning="around 0.1")


@pytest.mark.parametrize("name", ["", "Repair", "repair-ratio", "repair ratio", "1st", "persona:repair", "répair"])
def test_a_name_that_no_record_can_have_is_refused(name: str) -> None:
    """An indicator's name, and that of a step."""
    message = f"`{name}` is no name for a record; write it in snake_case"
    with pytest.raises(ValueError) as refused:
        indicator(name=name)
    assert message == str(refused.value)
    with pytest.raises(ValueError) as refused:
        indicator(steps={name: "x"})
    assert message == str(refused.value)


@pytest.mark.parametrize("duration", ["", "5", "5 m", "1h30m", "-1m", "0.5h", "5min", "1w"])
@pytest.mark.parametrize("field", ["pending", "keep_firing_for"])
def test_a_duration_that_is_none_is_refused(field: str, duration: str) -> None:
    """The message says how to write one."""
    with pytest.raises(ValueError) as refused:
        indicator(**{field: duration})
    assert f"repair_ratio: `{duration}` is no duration; write it like 30s, 15m or 6h" == str(refused.value)


@pytest.mark.parametrize("missing", [{"impact": ""}, {"look": ()}, {"action": ""}])
def test_an_alert_without_a_runbook_text_is_refused(missing: dict[str, Any]) -> None:
    """What pages has to say what it costs, where to look and what to do; what is only shown need not."""
    with pytest.raises(ValueError) as refused:
        indicator(warning="> 0.1", **missing)
    assert "repair_ratio: an alert without impact, look and action helps nobody" == str(refused.value)
    assert {} == indicator(**missing).limits


def test_labels_are_those_in_braces() -> None:
    """`of` names the labels that tell series apart."""
    assert ("error_type", "filter") == indicator(of="{error_type} of {filter}").labels
    assert () == indicator().labels


PIPELINE = """
from exporter.indicator import Indicator, Unit

INDICATORS = (
    Indicator(
        name="repair_ratio",
        title="Repair rate",
        unit=Unit.RATIO,
        expr="translation_repair_ratio",
        meaning="Repairs.",
        warning="> 0.20",
        critical=">= 0.10",
        impact="It costs.",
        look=("`translation_repair_ratio`",),
        action="Mend it.",
    ),
)
"""


def test_a_module_with_crossed_limits_cannot_be_imported(tmp_path: Path) -> None:
    """The import ends with what is wrong, and where: nobody can run with such a table."""
    (tmp_path / "translation.py").write_text(PIPELINE)
    command = [sys.executable, "-c", f"import sys; sys.path.append({str(tmp_path)!r}); import translation"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 1 == done.returncode
    assert "translation.py" in done.stderr
    wrong = "warning `> 0.20` and critical `>= 0.10` are crossed: what is critical has to be warning already"
    assert f"exporter.indicator.LimitError: repair_ratio: {wrong}" == done.stderr.splitlines()[-1]
