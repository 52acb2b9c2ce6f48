# Two commands for a fresh machine with Python 3.11 or newer, make and git:
#   make demo   install into .venv, index seeds/, ask a question
#   make test   install what tests need, run them all
# Both are safe to run again, and quick the second time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL_VENV := $(VENV)/wheel
# Of the 380 MB of Python that the libraries are, few are ever run. pip would compile all of it, which
# takes two minutes; Python compiles what it runs, the first time.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-compile
# Tests wait for other processes about a third of their time.
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) * 3 // 2)")
MINUTES ?= 60
QUESTION := What did Xue Lan say about isolation?

# Tests start askdoc hundreds of times: its modules are to be compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test fuzz soak check lint types layers deps docs wheel clean

demo: $(VENV)/.installed
	@$(BIN)/askdoc index
	@printf '\n$$ askdoc "%s"\n\n' "$(QUESTION)"
	@$(BIN)/askdoc "$(QUESTION)"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m fuzz

# An hour of hostile files, larger than those of the tests; the worst of each kind are reported.
# Then, where PostgreSQL is, 20 kills of runs, connections and the server of a shared library.
soak: $(VENV)/.installed-dev
	$(BIN)/python -m tests.abuse.soak --minutes $(MINUTES)
	$(BIN)/python -m tests.abuse.kills --kills 20

check: lint types layers deps test wheel
	$(BIN)/askdoc index --quiet
	$(BIN)/askdoc eval --against evals/baselines

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

deps: $(VENV)/.installed-dev
	$(BIN)/deptry .

docs: $(VENV)/.installed-docs
	$(BIN)/python docs/reference.py
	$(BIN)/mkdocs build --strict

# The tests once more, against the wheel that users get. Its environment borrows the dependencies
# of .venv by a .pth line; Python reads no .pth files behind such a line, so the source folder that
# .venv itself points to stays out of sight.
wheel: $(VENV)/.installed-dev
	rm -rf dist $(WHEEL_VENV)
	$(BIN)/python -m build --wheel --no-isolation
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	  > "$$($(WHEEL_VENV)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/dependencies.pth"
	$(WHEEL_VENV)/bin/python -m pip install --quiet --no-deps --force-reinstall dist/*.whl
	PATH="$(CURDIR)/$(WHEEL_VENV)/bin:$$PATH" $(WHEEL_VENV)/bin/python -m pytest -p no:cacheprovider

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@echo "Installing askdoc and its libraries into $(VENV): some minutes, once."
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml
	@echo "Installing what the tests need into $(VENV): some minutes, once."
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP_INSTALL) --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
