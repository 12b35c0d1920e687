# Five verbs. Each sets up what it needs in .venv; PYTHON names the interpreter to make it with.
PYTHON ?= python3
BIN := .venv/bin
# Two installs at once would meddle with each other.
.NOTPARALLEL:
.PHONY: demo test check bench docs clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

## Draw faces, train on them, judge the model and write its report.
demo: .venv/installed
	rm -rf demo
	$(BIN)/mien demo --out demo

## Run all tests.
test: .venv/installed
	$(BIN)/python -m pytest -n auto

## Lint, formatting, types.
check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## Measure speed here: training, inference, start-up; under 15 minutes.
bench: .venv/installed
	$(BIN)/python -m benchmarks.bench

## Write the tables in docs/ that come from the code.
docs: .venv/installed
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache
