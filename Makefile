# `make` alone lists what there is. Every target sets up first, which takes no time once .venv fits its lock.
# A failing command's own exit code stands in make's message ("Error 3"); make itself then exits with 2.

PY := .venv/bin/python
CONFIG ?= configs/taxi.yaml
STAGES := lint types imports unit e2e

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all slow bench bench-mobile bench-serving bench-ingestion $(STAGES) format lock image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv from the lock that this machine can run; LINE=tfx-1.16 or tfx-1.21 and ACCELERATOR=cpu or gpu choose
	@tools/setup.sh

run: setup ## Run the pipeline on the bundled data; CONFIG=configs/x.yaml and ARGS="..." are passed on
	@$(PY) local_runner.py run --config $(CONFIG) $(ARGS)

test: setup ## Run every check, fast ones first, up to the first that fails
	@for stage in $(STAGES); do \
	  start=$$(date +%s); \
	  $(MAKE) --no-print-directory $$stage || { echo "make test: $$stage failed" >&2; exit 1; }; \
	  echo "make test: $$stage passed in $$(($$(date +%s) - start)) s"; \
	done

test-all: test slow ## The same, then the slow tests

lint: setup ## Check style and formatting
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: setup ## Check types
	@$(PY) -m mypy

imports: setup ## Check that imports run one way
	@.venv/bin/lint-imports

unit: setup ## Run the unit tests
	@$(PY) -m pytest tests -m "not slow" --ignore=tests/e2e --numprocesses 2 --dist loadfile

e2e: setup ## Run the pipeline from end to end
	@$(PY) -m pytest tests/e2e -m "not slow" --numprocesses 2 --dist loadfile

slow: setup ## Run the slow tests
	@$(PY) -m pytest tests -m slow

bench: setup ## Measure whole runs beside TFX's own example, and write benchmarks/README.md; ARGS="..." is passed on
	@$(PY) -m benchmarks.pipeline $(ARGS)

bench-mobile: setup ## Measure the pushed models in outputs/; ARGS="..." is passed on
	@$(PY) -m benchmarks.mobile $(ARGS)

bench-serving: setup ## Measure the embedded model server; ARGS="..." is passed on
	@$(PY) -m benchmarks.serving $(ARGS)

bench-ingestion: setup ## Measure what reading rows costs; ARGS="..." is passed on
	@$(PY) -m benchmarks.ingestion $(ARGS)

format: setup ## Format the code and mend what ruff can mend
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

# Pins stay as they are unless the .in files ask for others; UPGRADE=--upgrade renews them all.
# rfc3987-syntax is left out: kubernetes-validate asks for it, jsonschema does without, and importing it takes 3 s of
# every process that imports TFX.
COMPILE = .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-package rfc3987-syntax \
  --custom-compile-command "make lock" $(UPGRADE)

# A line's GPU lock comes second: it takes its versions from the other.
lock: setup ## Resolve requirements/*.in anew; UPGRADE=--upgrade renews all pins
	@cd requirements && for lock in tfx-1.16 tfx-1.16-gpu; do ../$(COMPILE) $$lock.in -o $$lock.txt \
	  --python-version 3.10 --python-platform x86_64-manylinux_2_28 || exit; done
	@cd requirements && for lock in tfx-1.21 tfx-1.21-gpu; do ../$(COMPILE) $$lock.in -o $$lock.txt \
	  --python-version 3.11 --universal || exit; done
	@cd requirements && for lock in jax edge; do ../$(COMPILE) $$lock.in -o $$lock.txt \
	  --python-version 3.10 --universal || exit; done

# What deploy/Dockerfile does not build by default: the other line's bases.
FLAVOUR ?= cpu
BASES_tfx-1.16 =
BASES_tfx-1.21 = --build-arg BASE=python:3.13.9-slim-trixie --build-arg BUILD_BASE=python:3.13.9-trixie \
  --build-arg BEAM=apache/beam_python3.13_sdk:2.77.0
IMAGE_LINE = $(or $(LINE),tfx-1.16)
LOCK_OF_cpu = $(IMAGE_LINE)
LOCK_OF_gpu = $(IMAGE_LINE)-gpu

image: ## Build the image IMAGE=name:tag for Kubeflow; FLAVOUR=cpu or gpu, LINE, and ARGS="..." for docker build
	@test -n "$(IMAGE)" || { echo "make image: what is it called? IMAGE=registry/name:tag" >&2; exit 2; }
	@test -n "$(LOCK_OF_$(FLAVOUR))" || { echo "make image: FLAVOUR=$(FLAVOUR) is not known: cpu or gpu" >&2; exit 2; }
	@test -f "requirements/$(LOCK_OF_$(FLAVOUR)).txt" || \
	  { echo "make image: LINE=$(LINE) is not known: tfx-1.16 or tfx-1.21" >&2; exit 2; }
	@docker version >/dev/null 2>&1 || \
	  { echo "make image: no Docker engine answers on this machine: start one, or build where there is one" >&2; exit 2; }
	DOCKER_BUILDKIT=1 docker build --platform linux/amd64 --file deploy/Dockerfile --tag "$(IMAGE)" \
	  --build-arg LOCK=$(LOCK_OF_$(FLAVOUR)) $(BASES_$(IMAGE_LINE)) \
	  --build-arg REVISION=$$(git rev-parse --verify --quiet HEAD || echo unknown)$$(\
	    test -z "$$(git status --porcelain 2>/dev/null)" || echo -dirty) $(ARGS) .

clean: ## Remove outputs/, which holds every run, model and cache of this machine
	@if [ -d outputs ]; then echo "removing $(CURDIR)/outputs ($$(du -sh outputs | cut -f1))"; rm -rf outputs; \
	else echo "nothing to remove: there is no outputs/"; fi
