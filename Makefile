# Outlay: `make demo` shows it, `make test` proves it. Everything is installed from nothing into this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# Any CPython that pyproject.toml allows; say `make PYTHON=3.12 setup` for a certain one.
PYTHON ?= >=3.11,<3.14
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
BIN := .venv/bin
export DO_NOT_TRACK := 1
# every run of ours starts many Pythons; they should not compile us each time
unexport PYTHONDONTWRITEBYTECODE
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help setup demo test check format bench lock clean

help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.installed  ## install everything into .venv, from nothing; leaves .venv/bin/outlay

.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

.venv/.installed: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python '$(PYTHON)' .venv
	$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: setup  ## the make-believe organisation, end to end without a key, then the dashboard (Ctrl-C ends it)
	$(BIN)/outlay demo

test: setup  ## the whole suite
	$(BIN)/python -m pytest -n auto --dist worksteal

check: setup  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: setup  ## mend format and what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## measured beside a reference in the same run; see tests/bench
	$(BIN)/python -m tests.bench

lock: | $(UV)  ## resolve requirements.lock anew: every platform, with hashes
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras --group dev \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove what setup and the demo made
	rm -rf .venv .tools data/home
