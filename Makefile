# Chores of Echoic; `make help` lists them. They need Python 3.11 to 3.13 and make.

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench faults docs screenshot models lock clean

help:  ## list the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.installed  ## install what is missing, then open the dashboard (PORT=8501)
	@$(BIN)/python -m dashboard --port $(PORT)

test: $(VENV)/.installed-dev  ## run all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-dev  ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed  ## measure speed and memory
	$(BIN)/python -m benchmarks

faults: $(VENV)/.installed-dev  ## kill, fill, damage and take away, and count what is lost
	$(BIN)/python -m benchmarks.faults

docs: $(VENV)/.installed-docs  ## build the docs as a site in build/docs/site, and check its links
	$(BIN)/python -m docs.site

screenshot: $(VENV)/.installed-dev  ## retake the pictures in docs/ (needs Chromium)
	$(BIN)/python -m docs.screenshots

models: $(VENV)/.installed  ## retrain the models that come with Echoic (CLIPS=a folder of Speech Commands, OTHER="folders")
	$(BIN)/python -m audio_models.pretrained.build $(CLIPS) $(addprefix --more ,$(MORE)) $(addprefix --other ,$(OTHER)) $(BUILD)

lock: $(VENV)/.installed-dev $(VENV)/.installed-docs  ## write constraints.txt from the installed packages
	@$(BIN)/python -m pip freeze --all --exclude-editable --exclude pip > $(VENV)/frozen
	@# what has a marker is needed on another Python than this one, and stays
	@awk -F '==' 'NR == FNR { if (/^#|;/) { print; stays[$$1] } next } !($$1 in stays)' constraints.txt $(VENV)/frozen \
		| LC_ALL=C sort -f > $(VENV)/locked
	@mv $(VENV)/locked constraints.txt

clean:  ## remove caches and the virtual environment, but not the workspace
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Echoic needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make run PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt constraints.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@# the command $(BIN)/echoic, which runs what is in this folder
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

$(VENV)/.installed-docs: requirements-docs.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt -c constraints.txt
	@touch $@
