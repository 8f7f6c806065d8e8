# make run and make test need Python 3.11 or newer and nothing else: they set up everything in .venv here.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# Python compiles what is imported; compiling everything would take longer than installing it.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile

# Many tests start modbot: without what Python remembers of its own files each start takes four times as long.
unexport PYTHONDONTWRITEBYTECODE

# The district's settings, as modbot itself finds them, and whether they name a page to watch.
SETTINGS := $(or $(MODBOT_CONFIG),modbot.toml)
PAGES := $(shell grep -lsE '^ *\[\[ *page *\]\]' '$(SETTINGS)' '$(SETTINGS)/modbot.toml')

# The labelled comments that are measured with, where a folder of them lies beside this one.
DATA ?= $(or $(MODBOT_BENCH_DATA),$(wildcard ../shared/data/train))

.PHONY: help run test check bench faults screenshots strings clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile

run: .venv/installed  ## start modbot: on your pages, where modbot.toml here names one, else for practice; PORT=9000
	@$(if $(PAGES),$(if $(PORT),MODBOT_WEB__PORT=$(PORT) )$(BIN)/modbot run,$(BIN)/modbot demo$(if $(PORT), --port $(PORT)))

test: .venv/for-development  ## run all tests; those whose real server is not installed are skipped
	@$(BIN)/python -m pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder

check: .venv/for-development  ## style, types, import rules, migrations against tables, and the wheel
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest --quiet tests/rules/test_migrations.py
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel

bench: .venv/for-development  ## measure speed and memory into build/bench.json; ONLY=pipeline, DATA=folder of comments
	@$(BIN)/python -m tests.benchmarks $(foreach part,$(ONLY),--only $(part)) $(if $(DATA),--data '$(DATA)')

faults: .venv/for-development  ## kill, cut off and fill up: the long form (make test runs a short one)
	@MODBOT_FAULTS=long $(BIN)/python -m pytest -m faults

screenshots: .venv/for-development  ## take a picture of every screen, light, dark and phone, into build/screenshots
	@$(BIN)/python -m tests.web.screenshots $(ONLY)

strings: .venv/for-development  ## collect the interface's strings into modbot/locale, to be translated there
	@$(BIN)/python -m tests.translations

clean:  ## remove everything that make made
	rm -rf .venv build practice .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/installed: pyproject.toml
	@test -n '$(PYTHON)' || { echo 'modbot needs Python 3.11 or newer: install it (Debian: apt-get install python3 python3-venv), then run make again.'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'This Python cannot make virtual environments: install that part (Debian: apt-get install python3-venv), then run make again.'; exit 1; }
	@echo 'Setting up .venv (a minute or two, once) ...'
	@$(PYTHON) -m venv --clear .venv
	@$(INSTALL) --upgrade 'pip>=25.1'
	@$(INSTALL) --editable .
	@touch $@

.venv/for-development: .venv/installed
	@$(INSTALL) --editable '.[postgres,reports,sso]' --group dev
	@touch $@
