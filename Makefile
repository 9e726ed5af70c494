# Switchboard: `make run` builds everything and serves the shop bot; `make test` runs every test there is.
#
# Needed: a Rust toolchain, Node 20.19 or newer with npm, a C compiler, and for the browser tests Chromium (installed by `make test` where it may).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

export PATH := $(HOME)/.cargo/bin:$(PATH)

BOT ?= flows/shop
SECONDS ?= 60
CONSOLE := crates/console/ui
WIDGET := channels/web/widget
BROWSER := tests/browser
RELEASE := target/release/switchboard
DEBUG := target/debug/switchboard
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

say = printf '\n\033[1m== %s\033[0m\n' "$(1)"
ui_sources = $(shell find $(1) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: run
run: build ## build everything and serve the shop bot (BOT=folder for another)
	@exec $(RELEASE) serve $(BOT)

.PHONY: build
build: ui ## build the web parts and the release binary
	@$(call say,the binary)
	cargo build --release -p switchboard-cli

.PHONY: test
test: format lint test-ui test-rust test-flows test-api test-browser ## run every test (formatting and lints included)
	@$(call say,all tests passed)

.PHONY: bench
bench: ui ## run the benchmarks, a minute each (SECONDS=600 for longer); a quiet machine is needed
	@$(call say,the engine alone)
	cargo bench -p switchboard-engine --bench conversation
	$(call say,the durable path: contacts at random and new ones)
	cargo bench -p switchboard-runtime --bench durable_path -- $(SECONDS) random
	cargo bench -p switchboard-runtime --bench durable_path -- $(SECONDS) new
	$(call say,the store alone)
	cargo bench -p switchboard-store-sled --bench commit_shape
	$(call say,the web channel over HTTP)
	cargo bench -p switchboard-cli --bench web_http -- $(SECONDS)

.PHONY: bench-scale
bench-scale: ui ## a million contacts: segments in process and through the server, and an import (half an hour, 20 GB of disk)
	@$(call say,segments in process)
	cargo bench -p switchboard-segments --bench scale -- 1000000 20000000
	$(call say,segments through the server)
	cargo bench -p switchboard-cli --bench segments_scale
	$(call say,an import)
	cargo bench -p switchboard-cli --bench import_scale

# --- what must be there ---

.PHONY: tools
tools:
	@missing=
	command -v cargo >/dev/null || missing+=$$'\n  cargo: the Rust toolchain'
	command -v node >/dev/null || missing+=$$'\n  node: Debian package nodejs, version 20.19 or newer'
	command -v npm >/dev/null || missing+=$$'\n  npm: Debian package npm'
	command -v cc >/dev/null || missing+=$$'\n  cc: a C compiler, Debian package gcc (with libc6-dev)'
	if [ -n "$$missing" ]; then echo "make: these are missing:$$missing" >&2; exit 1; fi
	node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error(`make: node is $${process.versions.node}; 20.19 or newer is needed`); process.exit(1); }'

# The browser tests drive Debian's Chromium. CHROMIUM=/path/to/chrome uses another.
.PHONY: chromium
chromium:
	@if command -v "$${CHROMIUM:-chromium}" >/dev/null; then exit 0; fi
	if [ -n "$${CHROMIUM:-}" ]; then echo "make: CHROMIUM=$$CHROMIUM is not there" >&2; exit 1; fi
	$(call say,installing Chromium for the browser tests)
	as_root=
	if [ "$$(id -u)" != 0 ]; then as_root='sudo -n'; fi
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then
	  $$as_root apt-get update -qq
	  DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends chromium
	fi
	command -v chromium >/dev/null || { echo 'make: the browser tests need the Debian package "chromium"; install it, or set CHROMIUM=/path/to/chrome' >&2; exit 1; }

# --- the web parts ---

.PHONY: ui
ui: $(CONSOLE)/dist/index.html $(WIDGET)/dist/widget.js ## build the console and the widget

%/node_modules/.package-lock.json: %/package.json %/package-lock.json | tools
	@$(call say,npm packages of $*)
	cd $* && $(NPM_CI)
	touch node_modules/.package-lock.json

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.package-lock.json $(call ui_sources,$(CONSOLE))
	@$(call say,the console)
	cd $(CONSOLE) && npm run --silent build
	touch dist/index.html

$(WIDGET)/dist/widget.js: $(WIDGET)/node_modules/.package-lock.json $(call ui_sources,$(WIDGET))
	@$(call say,the widget)
	cd $(WIDGET) && npm run --silent build
	touch dist/widget.js

# --- the tests, one kind each ---

.PHONY: format
format: | tools
	@$(call say,formatting)
	cargo fmt --all --check

.PHONY: lint
lint: ui
	@$(call say,lints)
	cargo clippy --workspace --all-targets -- -D warnings
	# As it is shipped: without what only tests ask of the libraries.
	cargo check --quiet -p switchboard-cli

.PHONY: test-ui
test-ui: ui ## type-check and unit-test the console and the widget
	@for part in $(CONSOLE) $(WIDGET); do
	  $(call say,types and tests of $$part)
	  (cd $$part && npm run --silent check && npm test --silent)
	done

.PHONY: test-rust
test-rust: $(DEBUG) ## run the Rust tests of the workspace
	@$(call say,Rust tests)
	if cargo nextest --version >/dev/null 2>&1; then
	  cargo nextest run --workspace
	  cargo test --workspace --doc --quiet
	else
	  cargo test --workspace
	fi

# With every feature that the tests of the workspace ask for: what `make test-rust` builds after it is there already.
$(DEBUG): ui FORCE
	@cargo build --workspace --bin switchboard --test every_test_runs

.PHONY: test-flows
test-flows: $(DEBUG) ## check every bot of flows/ and play its conversations
	@for bot in flows/*/; do
	  $(call say,the bot $$bot)
	  $(DEBUG) check "$$bot"
	  $(DEBUG) test "$$bot"
	done

# schemathesis runs in an environment of its own. Debian keeps what makes one in the package python3-venv.
target/schemathesis/.installed: tests/api/requirements.txt
	@$(call say,schemathesis)
	command -v python3 >/dev/null || { echo 'make: the tests of the API need python3, 3.10 or newer' >&2; exit 1; }
	if ! python3 -c 'import ensurepip' 2>/dev/null; then
	  as_root=
	  if [ "$$(id -u)" != 0 ]; then as_root='sudo -n'; fi
	  if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then
	    $$as_root apt-get update -qq
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends python3-venv
	  fi
	fi
	python3 -m venv target/schemathesis || { echo 'make: the tests of the API need the Debian package "python3-venv"' >&2; exit 1; }
	target/schemathesis/bin/pip install --quiet --disable-pip-version-check -r tests/api/requirements.txt
	touch $@

.PHONY: test-api
test-api: $(DEBUG) tests/api/node_modules/.package-lock.json target/schemathesis/.installed ## lint the API's document and try what it says
	@$(call say,the HTTP API from outside)
	cd tests/api && SWITCHBOARD_BIN="$(CURDIR)/$(DEBUG)" node run.mjs

.PHONY: test-browser
test-browser: $(DEBUG) chromium $(BROWSER)/node_modules/.package-lock.json ## play customers and agents in a real browser
	@$(call say,browser tests)
	cd $(BROWSER) && SWITCHBOARD_BIN="$(CURDIR)/$(DEBUG)" CHROMIUM="$$(command -v "$${CHROMIUM:-chromium}")" npm test --silent

.PHONY: FORCE
FORCE:
