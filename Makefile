# Every target sets up .venv by itself.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help install demo test test-slow test-gpu bench check format clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

install: $(STAMP)  ## set up .venv with everything that work on the code needs

demo: $(STAMP)  ## the whole line on the photographs that come with photochrom
	$(BIN)/photochrom demo -o demo

test: $(STAMP)  ## the tests
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 4

test-slow: $(STAMP)  ## the tests that take minutes
	$(BIN)/pytest -m slow

test-gpu: $(STAMP)  ## the tests that need a CUDA device
	$(BIN)/pytest -m gpu

bench: $(STAMP)  ## the benchmarks: some minutes on a quiet machine
	$(BIN)/python -m benchmarks

check: $(STAMP)  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy photochrom
	$(BIN)/lint-imports

format: $(STAMP)  ## format the code, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what the targets made
	rm -rf .venv demo build dist
