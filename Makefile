# `make serve` and `make test` set up $(VENV) first; once that is done they install nothing and need no network.
PYTHON ?= python3
VENV ?= .venv
UV ?= uv
# Test processes; each starts its own worlds.
WORKERS ?= 2
# Further arguments of the command behind a target: make serve ARGS="--port 0"
ARGS ?=

python := $(VENV)/bin/python
pip := $(python) -m pip --disable-pip-version-check install --quiet
# The stamps carry a checksum of the path: a clone that was moved or copied installs itself anew, instead of running
# the code of the place it came from.
here := $(shell pwd -P | cksum | cut -d ' ' -f 1)
serve_stamp := $(VENV)/.serve-$(here)
dev_stamp := $(VENV)/.dev-$(here)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test lint types bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1 /p' Makefile | while read -r target text; do printf '  make %-6s %s\n' "$$target" "$$text"; done
	@echo '  ARGS="…" is passed on; PYTHON=python3.12 picks the Python that makes $(VENV)'

serve: $(serve_stamp) ## run the cloud with its own message broker; Ctrl-C ends it
	@$(VENV)/bin/gatepost serve $(ARGS)

test: lint ## lint, types and all tests: ARGS="-k power" picks some, GATEPOST_STRICT=1 makes a skip a failure
	$(python) -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: types ## ruff and mypy --strict
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

# mypy reads the package under its installed name; see [tool.mypy] in pyproject.toml.
types: $(dev_stamp)
	@rm -rf build/typing && mkdir -p build/typing/gatepost
	@for entry in emulator/* conformance features; do ln -s "../../../$$entry" build/typing/gatepost/; done

bench: $(dev_stamp) ## measure against bare Flask on this machine; a table of ratios
	@$(python) -m bench $(ARGS)

lock: ## compile requirements/*.lock anew from pyproject.toml; ARGS=--upgrade takes newer versions
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it (pip install uv) or name it, make lock UV=/path/to/uv" >&2; exit 1; }
	$(compile) --output-file requirements/serve.lock
	$(compile) --output-file requirements/dev.lock --extra dev --constraint requirements/serve.lock

compile = $(UV) pip compile --quiet pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(ARGS)

clean: ## remove .venv, caches and everything built
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(python):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Gatepost needs Python 3.11 or newer, which $(PYTHON) is not. Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

# The project itself comes after its lock, since pip refuses hashes beside -e.
$(serve_stamp): $(python) requirements/serve.lock pyproject.toml setup.py
	$(pip) --require-hashes -r requirements/serve.lock
	$(pip) --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.serve-* $(VENV)/.dev-* && touch $@

$(dev_stamp): $(serve_stamp) requirements/dev.lock
	$(pip) --require-hashes -r requirements/dev.lock
	@touch $@
