"""Which alerts a run raises, and when, by the rules as they lie in prometheus/rules.

In come series; out go alerts. The rules are evaluated by promtool's test runner: it is Prometheus' own rule manager,
with `for` and `keep_firing_for`, and a clock that is moved by hand.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.detection.scrapes import RULES, Series
from benchmarks.detection.truth import Key

INTERVAL = 15
"""Seconds between two scrapes, each of which is followed by an evaluation."""
_SINCE = 'min_over_time(timestamp(ALERTS{{alertstate="firing"}})[{all}s:{step}s])'
"""When each alert began to fire, in seconds."""
_FIRED = re.compile(r"\{([^}]*)\} ([\d.E+]+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def tool() -> str:
    """Where promtool is. Raises RuntimeError."""
    path = shutil.which("promtool")
    if path is None:
        raise RuntimeError("promtool is missing: apt-get install prometheus")
    return path


def fired(folder: Path, series: Series) -> dict[Key, int]:
    """The number of the evaluation, from 0 on, at which an alert first fires, by alert and severity.

    The test says that none ever fires; promtool tells which do all the same. Raises RuntimeError if it tells anything
    else.
    """
    path = folder / "test.json"
    path.write_text(json.dumps(_test(series)), encoding="utf-8")
    done = subprocess.run([tool(), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return {}
    _, got, found = (done.stdout + done.stderr).partition("got:")
    if not got:
        raise RuntimeError(f"promtool test rules: {done.stdout}{done.stderr}")
    return _read(found)


def _test(series: Series) -> dict[str, object]:
    """As the runner reads it: YAML, of which JSON is a part."""
    seconds = INTERVAL * max(len(values) for values in series.values())
    since = _SINCE.format(all=seconds + INTERVAL, step=INTERVAL)  # a range may or may not have its very beginning
    silence = {"expr": since, "eval_time": f"{seconds}s", "exp_samples": []}
    return {
        "rule_files": [str(RULES)],
        "evaluation_interval": f"{INTERVAL}s",
        "tests": [
            {
                "interval": f"{INTERVAL}s",
                "input_series": [{"series": name, "values": " ".join(values)} for name, values in series.items()],
                "promql_expr_test": [silence],
            }
        ],
    }


def _read(found: str) -> dict[Key, int]:
    """An alert for each severity; one with several signals is told with the signal.

    >>> _read('{alertname="PersonaDrift", severity="warning", signal="variety"} 4.5E+02')
    {('PersonaDrift variety', 'warning'): 30}
    """
    alerts = {}
    for labels, seconds in _FIRED.findall(found):
        told = dict(_LABEL.findall(labels))
        name = " ".join(told[label] for label in ("alertname", "signal") if label in told)
        alerts[name, told["severity"]] = round(float(seconds) / INTERVAL)
    return alerts
