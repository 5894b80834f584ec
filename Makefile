# Everything here works on a bare Debian 12 with Python 3.11, git and make, and may be run again at any time.
# `make demo` and `make test` are all that a newcomer needs.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
DEMO ?= demo-report
PYTEST_FLAGS ?=
# Training is bounded by time: minutes of each network; and by how many generated anatomies it draws on.
SAGITTAL_MINUTES ?= 240
FINE_MINUTES ?= 230
FINE_AGAIN_MINUTES ?= 70
FINE_LAST_MINUTES ?= 80
FINE_FURTHER_MINUTES ?= 68
AXIAL_MINUTES ?= 90
WHOLE_ANATOMIES ?= 290
LOCAL_ANATOMIES ?= 510
TRAIN_FLAGS ?=
EVALUATE_FLAGS ?=
LEVELS_FLAGS ?=
PROTOCOL ?= configs/protocols/quick.yaml
VALIDATION ?= validation-report
VALIDATE_FLAGS ?= --quick
# Validators and a browser that some tests use; those tests skip, and say so, where they are absent.
SYSTEM_PACKAGES := dcmtk dicom3tools chromium shellcheck
SYSTEM_COMMANDS := dcmdump dciodvfy chromium shellcheck

.PHONY: help demo test lint format train evaluate levels validate samples benchmark clean distclean

help: ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

demo: $(VENV)/.installed-run ## Compare the two sample patients and say where the reports are
	@set -e; for case in source-case partial-case; do \
	  echo "== $$case"; \
	  $(BIN)/discdelta compare sample_dicoms/$$case/baseline sample_dicoms/$$case/followup \
	    --out $(DEMO)/$$case --overwrite; \
	done

test: $(VENV)/.installed-test $(VENV)/.system-packages ## Run all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 $(PYTEST_FLAGS)

lint: $(VENV)/.installed-lint ## Check style, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-lint ## Put the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: $(VENV)/.installed-train ## Train the three networks and write their weights into the package (hours)
	$(BIN)/python -m training.bank --stop $(WHOLE_ANATOMIES)
	$(BIN)/python -m training.bank --local --stop $(LOCAL_ANATOMIES)
	$(BIN)/python -m training.train --network sagittal --resume --out training/runs/sagittal \
	  --minutes $(SAGITTAL_MINUTES) $(TRAIN_FLAGS)
	$(BIN)/python -m training.export --checkpoint training/runs/sagittal/last.pt --out training/weights
	$(BIN)/python -m training.quantise --network sagittal
	$(BIN)/python -m training.midsagittal
	$(BIN)/python -m training.train --network fine --resume --begin training/runs/sagittal/last.pt \
	  --out training/runs/fine --minutes $(FINE_MINUTES) $(TRAIN_FLAGS)
	$(BIN)/python -m training.train --network fine --resume --begin training/runs/fine/last.pt \
	  --out training/runs/fine_again --minutes $(FINE_AGAIN_MINUTES) --seed 51 $(TRAIN_FLAGS)
	$(BIN)/python -m training.average training/runs/fine/last.pt training/runs/fine_again/last.pt \
	  --out training/runs/fine_mean/last.pt
	$(BIN)/python -m training.train --network fine --resume --begin training/runs/fine_mean/last.pt \
	  --out training/runs/fine_last --minutes $(FINE_LAST_MINUTES) --seed 61 $(TRAIN_FLAGS)
	$(BIN)/python -m training.train --network fine --resume --begin training/runs/fine_last/last.pt \
	  --out training/runs/fine_further --minutes $(FINE_FURTHER_MINUTES) --seed 101 --batch 8 $(TRAIN_FLAGS)
	$(BIN)/python -m training.average training/runs/fine_last/last.pt training/runs/fine_further/last.pt \
	  --out training/runs/fine_shipped/last.pt
	$(BIN)/python -m training.train --network axial --resume --out training/runs/axial \
	  --minutes $(AXIAL_MINUTES) $(TRAIN_FLAGS)
	$(BIN)/python -m training.export --checkpoint training/runs/fine_shipped/last.pt
	$(BIN)/python -m training.export --checkpoint training/runs/axial/last.pt --out training/weights
	$(BIN)/python -m training.quantise --network axial

evaluate: $(VENV)/.installed-run ## Measure the shipped weights on held-out data and print the tables (minutes)
	$(BIN)/python -m training.evaluation $(EVALUATE_FLAGS)

levels: $(VENV)/.installed-run ## Fit the count of levels and check its confidence on known spines (minutes)
	$(BIN)/python -m training.levels $(LEVELS_FLAGS)

validate: $(VENV)/.installed-run ## Rehearse the qualification of a protocol on a few simulated pairs (minutes)
	$(BIN)/discdelta validate --protocol $(PROTOCOL) --out $(VALIDATION) $(VALIDATE_FLAGS)

samples: $(VENV)/.installed-run ## Generate sample_dicoms/ anew
	$(BIN)/python sample_dicoms/build.py

benchmark: $(VENV)/.installed-test ## Measure speed side by side with other tools
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

clean: ## Remove reports and caches
	rm -rf $(DEMO) build dist htmlcov .coverage .coverage.* coverage.xml junit.xml
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +

distclean: clean ## Remove the virtual environment as well
	rm -rf $(VENV)

# --- the virtual environment: one stamp per set of packages, so that nothing is installed twice

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here. Install Python 3.11 or later, or name one: make PYTHON=/path/to/python3.11"; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "discdelta needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=/path/to/python3.11"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv, which this Python lacks"; $(call apt_install,python3-venv); \
	  else \
	    echo "This Python cannot make virtual environments. Run: sudo apt-get install python3-venv, then make again."; exit 1; \
	  fi; } >&2
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed-run: pyproject.toml $(VENV)/.created
	@echo "Installing discdelta and what it needs into $(VENV) (a minute or two)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test $(VENV)/.installed-lint $(VENV)/.installed-train: $(VENV)/.installed-%: $(VENV)/.installed-run
	@echo "Installing what '$*' needs into $(VENV)"
	@$(PIP) --editable '.[$*]'
	@touch $@

# --- system packages, only for tests and only where the package manager may be used

define apt_install
export DEBIAN_FRONTEND=noninteractive; \
apt-get update -qq && apt-get install -qq -y -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 --no-install-recommends $(1) >/dev/null
endef

$(VENV)/.system-packages: Makefile | $(VENV)/.created
	@missing=; for command in $(SYSTEM_COMMANDS); do command -v $$command >/dev/null || missing="$$missing $$command"; done; \
	if [ -z "$$missing" ]; then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing $(SYSTEM_PACKAGES) for the tests (they lack:$$missing)"; \
	  if ( $(call apt_install,$(SYSTEM_PACKAGES)) ); then touch $@; \
	  else echo "That did not work, so the tests that need them skip and say so." >&2; fi; \
	else \
	  echo "These are not here:$$missing. The tests that need them skip; to run those too: sudo apt-get install $(SYSTEM_PACKAGES)"; \
	fi
