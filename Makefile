# Everything a newcomer needs: `make run`, `make test`. Only python3 with venv is assumed.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Folders whose tests call the code directly; the others run whole programs.
QUICK := $(wildcard tests/architecture tests/contract tests/dialogue tests/property tests/services tests/unit)

# Everything at once is shared between two processes, file by file; what ARGS names runs in one, where pdb works.
SHARED := $(if $(ARGS),,-n 2 --dist loadfile --no-loadscope-reorder)

.DEFAULT_GOAL := help
.PHONY: help install run test test-quick check format bench lock

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Create .venv from the hash-locked requirements

# Each stamp is touched last, so an interrupted installation is repeated.
$(LOCKED): requirements/dev.txt tools/make_venv.sh
	@sh tools/make_venv.sh "$(PYTHON)" "$(VENV)"
	@$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: $(INSTALLED) ## Start the sandbox on 127.0.0.1 (PORT=8000)
	@$(BIN)/registratura sandbox --port $(PORT)

test: $(INSTALLED) ## Run every test; starts PostgreSQL, RabbitMQ and finds Chromium itself (ARGS= goes to pytest)
	@$(BIN)/python -m tests.services -- $(BIN)/python -m pytest $(SHARED) $(ARGS)

test-quick: $(INSTALLED) ## Run the tests that need no service, in seconds (ARGS= goes to pytest)
	@$(BIN)/python -m pytest --hypothesis-profile=quick -m "not services and not browser" $(QUICK) $(ARGS)

check: $(INSTALLED) ## Check format, lint, types and import contracts
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy $(wildcard registratura tests benchmarks tools)
	@$(BIN)/lint-imports --no-cache

format: $(INSTALLED) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: $(INSTALLED) ## Measure on this machine, floor and ours in turn (ARGS= goes to the benchmarks)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## Resolve the newest versions into requirements/*.txt
	@$(PYTHON) tools/lock.py
