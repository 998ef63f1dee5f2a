# make demo     build the sample issue and send it to the sample list, into a folder
# make test     lint, types and tests; stops at the first that fails
# make kills    kill the program at random moments, more often than make test does
# make bench    measure against peers and floors
# make format   mend what the linter and the formatter can mend
# make golden   write the golden files and the manual's page of rules anew; read the diff before you commit it
#
# PYTHON chooses the interpreter of a new .venv: make test PYTHON=python3.13

PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
SAMPLE = 2026-11-24-past-the-plateau

.PHONY: help demo test types tests kills bench format golden

help:
	@sed -n 's/^# make/make/p' Makefile

demo: .venv/package.stamp
	$(BIN)/digest subscribers import subscribers.csv
	$(BIN)/digest build issues/$(SAMPLE).md
	$(BIN)/digest send $(SAMPLE) --yes --late
	@echo
	@echo 'Open these:'
	@echo '  the HTML      .digest/build/$(SAMPLE)/email.html'
	@echo '  the text      .digest/build/$(SAMPLE)/email.txt'
	@printf '  one message   %s\n' "$$(ls .digest/outbox/$(SAMPLE)/*.eml | head -n 1)"

test: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(MAKE) --no-print-directory --jobs 2 types tests

types: .venv/dev.stamp
	$(BIN)/mypy

# Three workers: many tests wait for a disk or a clock, and a fourth was not faster on two processors.
# Bytecode is written, even where programs are told not to: the tests start hundreds, and each would compile it anew.
tests: .venv/dev.stamp
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --quiet --numprocesses 3 --dist loadgroup

kills: .venv/dev.stamp
	DIGEST_KILL_SEEDS=5 $(BIN)/pytest --quiet --numprocesses 3 --dist loadgroup tests/kills

bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks.run

format: .venv/dev.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

golden: .venv/dev.stamp
	DIGEST_UPDATE_GOLDEN=1 $(BIN)/pytest --quiet tests/test_golden.py tests/checking/test_examples.py
	git diff --stat -- tests docs

# A stamp says which extras are installed, and is made anew when pyproject.toml changes.
.venv/package.stamp: .venv/bin/pip pyproject.toml
	$(PIP) install --editable .
	touch $@

.venv/dev.stamp: .venv/bin/pip pyproject.toml
	$(PIP) install --editable '.[dev]'
	touch .venv/package.stamp $@

# pip is what a venv gets last: where Debian's python3-venv is missing, only an empty shell is left behind.
.venv/bin/pip:
	$(PYTHON) -m venv .venv
