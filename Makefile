# Python 3.11 or newer and make are all that is needed; everything else is installed below .venv and .tools.

PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell $(name) -c 'import sys; print("$(name)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
BIN := .venv/bin
export PATH := $(CURDIR)/.tools/usr/bin:$(PATH)

.DEFAULT_GOAL := help

help:  ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*##' '{printf "  make %-10s%s\n", $$1, $$2}'

run: .venv/installed  ## serve live demo logs of all five pipelines; Ctrl-C ends it
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec sh deploy/run-demo

test: .venv/installed  ## check style and types, and run every test
	@sh deploy/fetch-tools
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pipeline-exporter render --check
	$(BIN)/pytest

torture: .venv/installed  ## kill it over and over for SECONDS, and count every line twice (SEED= to see a run again)
	$(BIN)/python -m tests.torture --seconds $(or $(SECONDS),120) $(if $(SEED),--seed $(SEED))

mutants: .venv/installed  ## break every rule of counting on purpose, and see that a test fails
	$(BIN)/python -m tests.mutants

fuzz: .venv/installed  ## fuzz logs, records and configurations, each for SECONDS (60)
	@$(BIN)/pip install --quiet --disable-pip-version-check --only-binary atheris --constraint constraints.txt --editable '.[dev,fuzz]' \
	    || { echo "make: atheris could not be installed; it has wheels for Python 3.11 to 3.13 on x86-64 Linux: name one by PYTHON=" >&2; exit 2; }
	@set -e; for target in tests/fuzz/*_fuzzer.py; do \
	    $(BIN)/python -m tests.fuzz.driver "$$(basename $$target _fuzzer.py)" -max_total_time=$(or $(SECONDS),60) -max_len=4096 -print_final_stats=1; done

bench: .venv/installed  ## measure against targets and against mtail: docs/performance.md (BENCH="lines idle" only prints)
	@sh deploy/fetch-tools
	$(BIN)/python -m benchmarks $(BENCH)

detection: .venv/installed  ## simulate 200 runs, see when alerts tell of a collapse: docs/detection.md (RUNS= SEED= for build/)
	@sh deploy/fetch-tools
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,plots]'
	$(BIN)/python -m benchmarks.detection $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) $(if $(RUNS)$(SEED),--out build)

pictures: .venv/installed  ## draw the dashboards from a demo run, for README and docs: docs/pictures/
	@sh deploy/fetch-tools
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,plots]'
	$(BIN)/python -m pictures

clean:  ## remove everything that was installed or written by these targets
	rm -rf .venv .tools .fuzz demo state build ./*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; say where it is by PYTHON=/path/to/python3" >&2; exit 2; }
	@sh deploy/make-venv $(PYTHON)
	@touch $@

.PHONY: help run test torture mutants fuzz bench detection pictures clean
