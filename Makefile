# The portal's commands. Every path is relative and quoted where a shell reads
# it, so that a clone may live in a folder with spaces in its name.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run test lint e2e budget faults attack bench bench-results bench-export assets build image clean

# Where Go's own installer puts it, for shells that were not told.
export PATH := $(PATH):/usr/local/go/bin
# The binary carries no commit: a clone owned by another user builds too.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

# How many packages are tested at once, the longest first, and how long one may
# take.
PARALLEL ?= 3
TIMEOUT ?= 20m
# Rounds of `make faults`; `make test` runs five.
ROUNDS ?= 200
SEED ?= 0
# Responses in `make bench-export`.
ROWS ?= 100000

# More of `make bench`, such as -bench.seconds=6 for shorter turns.
BENCHFLAGS ?=

GOLANGCI_LINT_VERSION := 2.15.0
GOLANGCI_LINT := bin/tools/golangci-lint-$(GOLANGCI_LINT_VERSION)

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' Makefile

# The portal is told to stop when make is gone, even when make was killed.
run: ## Run the whole portal on this machine; nothing to configure, Ctrl-C stops it
	@scripts/setup.sh run
	@$(MAKE) -s handlers/static/manifest.json build
	@if command -v setpriv >/dev/null; \
		then exec setpriv --pdeathsig TERM -- bin/portal dev; \
		else exec bin/portal dev; fi

# Under the race detector the garbage collector takes a fifth of the time; with
# this it takes less, and more memory.
test: export GOGC ?= 400
test: ## Run every test, with real PostgreSQL, Redis and Chromium, under the race detector
	@scripts/setup.sh test
	@$(MAKE) -s handlers/static/manifest.json
	go test -race -p $(PARALLEL) -timeout $(TIMEOUT) ./internal/e2e ./...

lint: $(GOLANGCI_LINT) ## Check style, mistakes and the directions of imports
	go vet ./...
	$(GOLANGCI_LINT) run ./...

e2e: ## Run the browser tests over every screen, size and language
	@scripts/setup.sh test
	@$(MAKE) -s handlers/static/manifest.json
	PORTAL_E2E=full go test -race -count=1 -timeout 60m ./internal/e2e/...

budget: ## Measure what the survey weighs on the way to a phone; fails above the limits
	@scripts/setup.sh test
	@$(MAKE) -s handlers/static/manifest.json
	go test -count=1 -timeout 10m -v -run '^TestBudget$$' ./internal/e2e

faults: ## Do harm of every kind to the portal under load, ROUNDS times (200); SEED repeats a run
	@scripts/setup.sh test
	@$(MAKE) -s handlers/static/manifest.json
	go test -race -count=1 -timeout 120m ./internal/e2e -run '^TestFaults$$' -v -args -rounds=$(ROUNDS) -seed=$(SEED)

attack: ## Let the attacker search 20,000 random waves for somebody whose answers follow
	go test -count=1 -timeout 60m -v -run '^Test(NobodyIsPinnedDown|EachRuleIsNeeded)$$' ./internal/results -args -waves=20000

bench: ## Time ingest, readers, a storm with referrals and memory, and write docs/performance.md; takes an hour and 20 GB
	@scripts/setup.sh bench
	@$(MAKE) -s handlers/static/manifest.json
	go test -count=1 -timeout 180m -run '^$$' -bench '^Benchmark(Ingest|FirstPage|Storm|LargeWave|Soak)$$' -benchtime 1x ./internal/e2e -bench.write=../../docs/performance.md $(BENCHFLAGS)

bench-results: ## Time the results of 1.6 million responses beside GROUP BY; takes half an hour and 8 GB
	@scripts/setup.sh test
	@$(MAKE) -s handlers/static/manifest.json
	go test -count=1 -timeout 120m -run '^$$' -bench '^BenchmarkResults$$' -benchtime 1x ./internal/e2e

bench-export: ## Make the analyst's file of ROWS responses (100,000): rows/s and memory; fails above 30 MB
	@scripts/setup.sh test
	go test -count=1 -timeout 30m -v -run '^TestExportIsQuickAndSmall$$' ./worker -args -exportrows=$(ROWS)

assets: ## Build the style sheets and scripts into handlers/static
	@scripts/setup.sh assets
	@$(MAKE) -s handlers/static/manifest.json

build: ## Build bin/portal, static, with whatever assets are there
	@echo "Building bin/portal. The first time takes a few minutes."
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/portal ./cmd/portal

image: ## Build the container image intake-portal
	docker build -t intake-portal .

clean: ## Remove what was built; the data of `make run` in .data stays
	rm -rf bin handlers/assets/node_modules
	find handlers/static -mindepth 1 ! -name .gitignore -delete

# The templates are among the sources, since the style sheets keep only what
# those use; and folders are, so that a file taken away counts as a change.
asset_sources := $(shell find handlers/assets handlers/templates -mindepth 1 -name node_modules -prune -o -print)
npm_stamp := handlers/assets/node_modules/.up-to-date

handlers/static/manifest.json: $(npm_stamp) $(asset_sources)
	cd handlers/assets && node build.mjs
	@touch $@

$(npm_stamp): handlers/assets/package.json handlers/assets/package-lock.json handlers/assets/.npmrc
	cd handlers/assets && npm ci --no-audit --no-fund
	@touch $@

$(GOLANGCI_LINT):
	@scripts/setup.sh build
	GOBIN="$$PWD/bin/tools" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(GOLANGCI_LINT_VERSION)
	@mv bin/tools/golangci-lint $@
