"""Programs that tests run, found or asked for."""

import shutil
import subprocess

import pytest

PACKAGES = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
    "alertmanager": "prometheus-alertmanager",
    "mtail": "mtail",
}
"""The Debian package that brings each."""

DEBIAN_NAMES = {"alertmanager": "prometheus-alertmanager"}
"""What Debian calls a program that is otherwise called as its makers do."""


def find(tool: str) -> str:
    """A program's path; where it is missing, says that the test was not run and how to get it. CI fails then."""
    path = shutil.which(tool) or shutil.which(DEBIAN_NAMES.get(tool, tool))
    if path is None:
        pytest.skip(f"NOT RUN: {tool} is missing; get it by `apt-get install {PACKAGES[tool]}`")
    return path


def check_metrics(text: bytes) -> str:
    """What `promtool check metrics` finds wrong with an exposition in the classic format; empty if nothing."""
    done = subprocess.run([find("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    return said or ("" if done.returncode == 0 else f"exit code {done.returncode}")


def engine() -> None:
    """Goes on where a Docker engine answers; else says that the test was not run, and why. CI fails then."""
    if shutil.which("docker") is None:
        pytest.skip("NOT RUN: docker is missing; get Docker with its compose plugin")
    for asked in (["version"], ["compose", "version"]):
        done = subprocess.run(["docker", *asked], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"NOT RUN: no Docker engine with compose answers: {' '.join(done.stderr.split())}")
