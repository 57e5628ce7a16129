# GovSpend: `make help` lists what there is. Every step is also `python -m ingest STEP`.
PYTHON ?= python3
PORT ?= 8001
HOST ?= 127.0.0.1
WORKERS ?= 1
FEEDS ?= ingest/feeds.yml
BUILD ?= build
KEEP ?= 0
SITE_URL ?= http://localhost:$(PORT)
# Proxies on other machines that are believed, and what nginx needs to know.
PROXY ?=
UPSTREAMS ?= 127.0.0.1:8001 127.0.0.1:8002
LISTEN ?= 80
ROWS ?= 20000
SEED ?= 1
ENGINE ?= local
export ENGINE

BIN := .venv/bin
# A sample of another size or seed is another history, so each has a folder of its own.
DEMO = build/demo/$(ROWS)-$(SEED)
INGEST := $(BIN)/python -m ingest
PLACES = --feeds $(FEEDS) --build $(BUILD)
# Spark is large, so it is only there where it is asked for.
READY = .venv/ready$(if $(filter-out local,$(ENGINE)),-spark)
# 3 says that the site is published but something wants a look; that is no reason not to serve it.
LOOK_AT_IT = || [ $$? -eq 3 ]
PROXIES = $(foreach one,$(PROXY),--proxy $(one))

.DEFAULT_GOAL := help
.PHONY: help setup demo fetch preview build serve refresh schedule nginx accept withdraw test check scale-check bench clean

help:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-11s %s\n", $$1, $$2}'

setup: .venv/ready ## Install what the service needs into .venv

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/ready-dev: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

.venv/ready-spark: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark]'
	touch $@

demo: .venv/ready ## Build from invented figures and serve them, apart from the real ones
	$(INGEST) sample --rows $(ROWS) --seed $(SEED) --out $(DEMO)/sample
	$(INGEST) build --feeds $(DEMO)/sample/feeds.yml --build $(DEMO) $(LOOK_AT_IT)
	$(MAKE) --no-print-directory site BUILD=$(DEMO)

fetch: .venv/ready ## Bring new releases into the archive
	$(INGEST) fetch $(PLACES)

preview: .venv/ready ## Show what FILE=… (of FEED=…) would do before anything is public
	$(INGEST) preview '$(FILE)' $(PLACES) $(if $(FEED),--feed $(FEED))

build: $(READY) ## Fetch, build, prove and publish (FEEDS=… for another declaration, ENGINE=spark://… on a cluster)
	$(INGEST) build $(PLACES)

serve: $(READY) ## The real job: fetch, build, prove, publish, serve (PORT=…, FEEDS=…)
	@$(INGEST) build $(PLACES) $(LOOK_AT_IT) || [ -e $(BUILD)/govspend.db ]
	$(MAKE) --no-print-directory site

# The site by itself, without a build before it; the tests start theirs in the same way.
.PHONY: site
site:
	@echo "Serving on http://localhost:$(PORT) until you press Ctrl-C"
	@exec $(BIN)/python -m govspend_site.serve $(BUILD) --host $(HOST) --port $(PORT) --workers $(WORKERS) --url $(SITE_URL) $(PROXIES) $(if $(NO_WARM),--no-warm)

refresh: $(READY) ## Build aside and publish under a running site, for a schedule (KEEP=… editions stay)
	$(INGEST) refresh $(PLACES) --keep $(KEEP)

schedule: $(READY) ## Show the units for systemd and the line for cron that refresh once a day (ENGINE=… as for build)
	@$(INGEST) schedule $(PLACES) --keep $(KEEP) --host $(HOST) --port $(PORT) --workers $(WORKERS) --url $(SITE_URL) $(PROXIES)

nginx: .venv/ready ## Show what nginx needs before many machines (UPSTREAMS=…, SITE_URL=…, WHOLE=1)
	@$(BIN)/python -m govspend_site.nginx $(foreach one,$(UPSTREAMS),--upstream $(one)) --url $(SITE_URL) --listen $(LISTEN) $(if $(WHOLE),--whole)

accept: .venv/ready ## Take the held RELEASE=… (WHY=… is kept)
	$(INGEST) accept '$(RELEASE)' $(PLACES) $(if $(WHY),--why '$(WHY)')

withdraw: .venv/ready ## Leave RELEASE=… out and go back to the one before (WHY=… is kept)
	$(INGEST) withdraw '$(RELEASE)' $(PLACES) $(if $(WHY),--why '$(WHY)')

test: .venv/ready-dev ## Run every test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

check: .venv/ready-dev ## ruff, mypy --strict and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

scale-check: .venv/ready-dev .venv/ready-spark ## Build the same with DuckDB and on Spark, and compare every file
	$(BIN)/python tests/scale_check.py

bench: .venv/ready-dev ## Measure build and site beside stock tools and floors (ROWS=260000)
	$(BIN)/python -m tests.bench --rows $(ROWS)

clean: ## Remove what can be made again; archive and editions stay
	rm -rf .venv build/demo build/sample $(BUILD)/staged $(BUILD)/work *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
