# Two commands do all the set-up on a fresh machine with python >= 3.11, pip and make:
#   make demo    builds the environment, writes the example company's exports, reports on them
#   make test    passes the tests
# Both share one environment in .venv, rebuilt only when pyproject.toml changes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := demo
lang   ?= en

.PHONY: demo test check bench bench-forecast golden docs format clean

demo: $(STAMP)
	$(BIN)/stockturn demo $(DEMO) --lang $(lang)
	$(BIN)/stockturn report $(DEMO) --out $(DEMO)/report-$(lang).xlsx --lang $(lang)

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

check: $(STAMP)
	$(BIN)/ruff format --check src tests benches
	$(BIN)/ruff check src tests benches
	$(BIN)/mypy
	$(BIN)/lint-imports
	STOCKTURN_HYPOTHESIS=long $(BIN)/python -m pytest -n 2 --dist worksteal
	$(BIN)/python -m tests.long.wheel

bench: $(STAMP)
	@for file in benches/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bench-forecast: $(STAMP)
	$(BIN)/python benches/forecast_accuracy.py

golden: $(STAMP)
	STOCKTURN_GOLDEN=write $(BIN)/python -m pytest tests/golden
	git --no-pager diff --stat -- tests/golden

docs: $(STAMP)
	$(BIN)/python -m docs.build
	$(BIN)/python -m docs.pictures

format: $(STAMP)
	$(BIN)/ruff format src tests benches
	$(BIN)/ruff check --fix src tests benches

clean:
	rm -rf $(VENV) $(DEMO) build dist

# Some systems ship python without ensurepip: then the pip of the system fills the environment.
$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "stockturn needs python 3.11 or newer; say which with: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV) 2>/dev/null || ( $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip )
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)
