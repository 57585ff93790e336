# `make help` lists what there is. Everything runs in .venv, made with pip alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo once test check lint types imports unit format bench diagnose clean

help: ## This list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/hearthgate: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/hearthgate pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(BIN)/hearthgate ## Set up and run the main job on this machine (Ctrl-C stops it)
	$(BIN)/hearthgate demo

once: $(BIN)/hearthgate ## The same story, played to its end
	$(BIN)/hearthgate demo --once

test: check unit ## Set up and pass everything: lint, types, import contracts, tests

check: lint types imports ## Lint, types and import contracts

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy

imports: $(VENV)/.dev ## import-linter: who may import whom
	$(BIN)/lint-imports

unit: $(VENV)/.dev ## pytest (arguments: make unit ARGS="tests/domain -k release")
	$(BIN)/python -m pytest $(ARGS)

format: $(VENV)/.dev ## Let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## Measure (some ten minutes on a quiet machine) and write docs/benchmarks.md
	$(BIN)/python -m benchmarks

diagnose: $(BIN)/hearthgate ## Cause every failure for real, read every verdict, print the confusion table (some ten minutes)
	$(BIN)/hearthgate diagnose $(ARGS)

clean: ## Remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
