# Two commands: `make book` and `make test`. Both set up .venv first, once.
# Another Python: make book PYTHON=python3.12

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := $(BIN)/python
# Without npm on PATH the set-up brings its own, for the site's JavaScript.
comma := ,
EXTRAS := book,exercises,dev,language,ann,boosting$(if $(shell command -v npm),,$(comma)site)
READY := .venv/.ready
SITE_JS := _extra/vendor/versions.json

.PHONY: help book serve test test-slow lint exercises index bench clean clean-venv

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

book: $(READY) $(SITE_JS)  ## build the site into _build/html
	@$(PY) tools/build_book.py

serve: book  ## build, then serve on http://127.0.0.1:8000 (PORT=...)
	@$(PY) tools/serve.py $(PORT)

test: lint  ## everything that must hold: lint, exercises, notebooks, unit tests
	@$(PY) tools/make_exercises.py --check
	@$(PY) -m pytest --nbval -n $(WORKERS) --dist loadscope solutions
	@$(PY) -m pytest -rs -n $(WORKERS) --dist loadscope -m "not slow" tests

test-slow: $(READY)  ## metric floors and big logs
	@$(PY) -m pytest -n $(WORKERS) -m slow tests

lint: $(READY)  ## ruff, mypy, import-linter
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

exercises: $(READY)  ## make exercises/ from solutions/
	@$(PY) tools/make_exercises.py

index: $(READY)  ## make book/algorithms.md, book/api/ and book/appendix/coverage.md
	@$(PY) tools/make_index.py
	@$(PY) tools/make_api.py
	@$(PY) tools/make_coverage.py

bench: $(READY)  ## run the comparisons again and write benchmarks/results/
	@$(PY) -m benchmarks

clean:  ## remove what is built; the environment stays
	rm -rf _build _extra/vendor tools/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

clean-venv:  ## remove the environment too; the next command makes it anew
	rm -rf .venv

# ---------------------------------------------------------------- set-up

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) found. Install Python 3.11 or newer, or name one: make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) tools/check_python.py
	@echo "Setting up .venv (some minutes the first time) ..."
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PY) -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@

$(SITE_JS): tools/package-lock.json tools/vendor.py | $(READY)
	@$(PY) tools/vendor.py
