# blueprinter: everything a maintainer runs. `make` shows this list.
SHELL := /bin/bash
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
OUT := out
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types schemas soak bench bench-sandbox bench-live bench-peers pictures axe audit format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.test ## Make .venv with everything for development

$(VENV)/.run: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

demo: $(VENV)/.run ## Judge the example estate, write out/report.html
	@$(BIN)/blueprinter demo $(OUT)

test: $(VENV)/.test ## Unit, golden, conformance, property and architecture tests
	$(BIN)/python -m pytest -n $(JOBS) -m "not browser and not soak"

check: lint types test ## Everything that must be green before a commit lands
	$(BIN)/python -m pytest -m browser
	$(BIN)/blueprinter policy test policies
	$(BIN)/blueprinter policy lint --strict policies
	$(BIN)/blueprinter validate

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

schemas: $(VENV)/.test ## The tests of schemas alone (part of `test`)
	$(BIN)/python -m pytest tests/unit -k schema

soak: $(VENV)/.test ## Long runs on demand (AZ_CLI=/path/to/az for the real az)
	$(BIN)/python -m pytest -m soak

bench: $(VENV)/.test ## Ratios to a plain pass over the same input, in one run
	$(BIN)/python tests/bench/bench.py

bench-sandbox: $(VENV)/.test ## The sandbox: requests a second, latency, memory
	$(BIN)/python tests/bench/sandbox.py

bench-live: $(VENV)/.test ## How many requests a live run makes, beside reading every state
	$(BIN)/python tests/bench/live.py

bench-peers: ## The other engines that the benchmark is held against
	$(PYTHON) -m venv $(OUT)/peers
	$(OUT)/peers/bin/pip install --quiet -r tests/bench/peers/requirements.txt

pictures: demo $(VENV)/.test ## Pictures of the report for README and docs
	$(BIN)/python tests/browser/pictures.py $(OUT)/report.html docs

axe: ## Fetch axe-core into out/ for the accessibility check
	npm install --no-save --no-audit --no-fund --prefix $(OUT) axe-core@4

audit: $(VENV)/.test ## Known vulnerabilities in the locked packages
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock

format: $(VENV)/.test ## Format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Renew the lock files (hashes, no index)
	$(PYTHON) -m venv $(OUT)/lock
	$(OUT)/lock/bin/pip install --quiet uv
	cd $(CURDIR) && $(OUT)/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate \
		--python-version 3.11 --group lock pyproject.toml -o requirements.lock
	cd $(CURDIR) && $(OUT)/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate \
		--python-version 3.11 --group lock --extra test pyproject.toml -o requirements-test.lock

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(OUT) dist build
