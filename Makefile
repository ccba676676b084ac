# H-CMP's doors. Nothing but Python 3.11 or newer, pip and make need be there; the rest installs itself.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# One target at a time, but for those that say that theirs may run beside one another.
ifndef AT_ONCE
.NOTPARALLEL:
endif
MAKEFLAGS += --no-print-directory

LOCAL := deploy/local
BIN := .venv/bin
LINTS := lint-web lint-playbooks lint-types lint-architecture lint-style
WEB := $(LOCAL)/node.sh npm --prefix web run --silent

# ansible-lint and others look for their companions on the path.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help demo test faults lint $(LINTS) bench web down clean sync

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: sync web ## bring the whole platform up with six lab machines, and say where it is
	@$(BIN)/hcmp demo

test: sync web ## every test: unit, integration, component and end-to-end, and the web interface's
	@$(LOCAL)/chromium.sh
	@$(LOCAL)/vcenter-simulator.sh >/dev/null
	@$(BIN)/pytest --numprocesses auto --dist loadscope --no-loadscope-reorder --durations 15 --durations-min 10
	@$(WEB) test

faults: sync web ## the long forms of tests of faults, and a table: what was killed, when, and what came of it
	@$(BIN)/pytest -m "long or matrix"

lint: sync ## style, types, architecture, playbooks, web interface, generated references
	@$(LOCAL)/web.sh packages
	@$(MAKE) AT_ONCE=1 --jobs=$$(nproc) --output-sync=target --keep-going $(LINTS)

lint-web:
	@$(WEB) lint

lint-playbooks:
	@cd playbooks && ../$(BIN)/ansible-lint --offline
	@cd playbooks && ../$(BIN)/ansible-playbook --syntax-check --inventory localhost, plays/*/*.yml

lint-types:
	@$(BIN)/mypy

lint-architecture:
	@$(BIN)/lint-imports
	@$(BIN)/pytest --quiet tests/architecture

lint-style:
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

bench: sync web ## measure, and print the table
	@$(BIN)/python -m bench

web: sync ## build the web interface, if its sources have changed
	@$(LOCAL)/web.sh build

down: ## stop everything and leave the data
	@if [ -x $(BIN)/hcmp ]; then $(BIN)/hcmp down; fi

clean: ## stop everything and remove all that was made
	@if [ -x $(BIN)/hcmp ]; then $(BIN)/hcmp clean --yes; fi
	@rm -rf .venv .local/bootstrap .local/node web/dist web/node_modules
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rmdir .local 2>/dev/null || true

sync:
	@uv=$$($(LOCAL)/bootstrap.sh) && "$$uv" sync --quiet --frozen --all-packages
