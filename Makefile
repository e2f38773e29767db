# One command each. `make help` lists them. Works with GNU Make 3.81 (macOS) and later.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKED := $(PIP) install --require-hashes -r
SEED ?= 1
CONFIG ?= config
VAR ?= var
WORKERS ?= auto

# The first Python that is new enough; `make run PYTHON=python3.12` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help run test check format lint types floors bench simulate lock clean setup needs

help:
	@echo "make run           set up what is missing and start the server; DEMO=1 adds simulated customers and agents"
	@echo "make test          run every test that is not marked slow"
	@echo "make check         format, lint, types, floors, tests"
	@echo "make bench         run every file in bench/ and print its figures"
	@echo "make simulate      run a simulated centre; SEED=N chooses the day (default 1)"
	@echo "make lock          renew requirements/*.txt from pyproject.toml (needs uv)"
	@echo "make clean         remove the virtual environment and the page libraries; var/ stays"
	@echo "ARGS=\"--set server.http.port=8090\"  gives make run further options of acd serve"
	@echo "PYTHON=python3.12  names the Python to set up with (3.11 or later)"

run: setup
	@exec $(BIN)/acd serve --config $(CONFIG) --var $(VAR) $(if $(DEMO),--demo) $(ARGS)

setup: $(VENV)/.run acd/desk/static/vendor/LOCK.sha256

test: setup $(VENV)/.test needs
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

check: format lint types floors test

format: $(VENV)/.check
	@$(BIN)/ruff format --check --quiet . || { echo "make check: some files are not formatted; run $(BIN)/ruff format ."; exit 1; }

lint: $(VENV)/.check
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.check $(VENV)/.test
	@$(BIN)/mypy

floors: $(VENV)/.check
	@$(BIN)/lint-imports

bench: setup $(VENV)/.test
	@for file in bench/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file --json || exit 1; done

simulate: setup
	@exec $(BIN)/acd simulate --seed $(SEED)

# Which programs the tests would like to start, and are not on this machine.
needs: $(VENV)/.test
	@$(BIN)/python -m tests.programs

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv"; exit 1; }
	@bash requirements/lock.sh

clean:
	rm -rf $(VENV) acd/desk/static/vendor

# Set-up, a stamp file for each step, so that a second start repeats none of it.

$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Set-up: no Python 3.11 or later was found (python3 is: $$(python3 --version 2>&1))."; \
		echo "Install one (Debian: apt install python3 python3-venv; macOS: brew install python@3.12),"; \
		echo "or name it: make run PYTHON=/path/to/python3.12"; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Set-up: $(PYTHON) is $$($(PYTHON) --version 2>&1), but Python 3.11 or later is needed."; \
		echo "Name a newer one: make run PYTHON=python3.12"; exit 1; }
	@echo "Set-up 1 of 3: the virtual environment, with $$($(PYTHON) --version)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Set-up: $(PYTHON) could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml $(VENV)/.made
	@echo "Set-up 2 of 3: the Python packages (about a minute the first time)"
	@$(LOCKED) requirements/build.txt && $(LOCKED) requirements/run.txt \
		&& $(PIP) install --no-deps --no-build-isolation --editable . || { \
		echo "Set-up: the Python packages could not be installed; pip's reason stands above."; \
		echo "Check the network, then run the same command again: it goes on where it stopped."; exit 1; }
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo "Set-up: the packages that the tests use"
	@$(LOCKED) requirements/test.txt || { \
		echo "Set-up: the test packages could not be installed; pip's reason stands above."; exit 1; }
	@touch $@

$(VENV)/.check: requirements/check.txt $(VENV)/.run
	@echo "Set-up: the packages that check the code"
	@$(LOCKED) requirements/check.txt || { \
		echo "Set-up: the packages that check the code could not be installed; pip's reason stands above."; exit 1; }
	@touch $@

acd/desk/static/vendor/LOCK.sha256: acd/desk/package-lock.json acd/desk/vendor.py $(VENV)/.made
	@echo "Set-up 3 of 3: the libraries of the pages"
	@command -v npm >/dev/null || $(LOCKED) requirements/node.txt || { \
		echo "Set-up: there is no Node.js, and the package that brings it could not be installed."; exit 1; }
	@$(BIN)/python acd/desk/vendor.py
	@touch $@
