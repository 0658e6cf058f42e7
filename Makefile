# Jarvis: `make run` does all that is needed and starts it; `make test` does all that tests need and runs them.
# Both can be called again at any time and do only what is missing.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check build build-headless models ui bench format clean system

# Where a window can be shown, `make run` starts the menu bar app; elsewhere, or with HEADLESS=1, the daemon.
HEADLESS ?= $(if $(filter Darwin,$(shell uname -s)),,$(if $(DISPLAY)$(WAYLAND_DISPLAY),,1))
CARGO ?= cargo
# What scripts/bootstrap had to bring for this checkout alone stands in .tools.
export PATH := $(CURDIR)/.tools/node/bin:$(HOME)/.cargo/bin:$(PATH)
TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(TARGET)/release

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## System packages, models, build, start (the app; the daemon where there is no display)
ifeq ($(HEADLESS),)
	@scripts/bootstrap app
	@$(MAKE) --no-print-directory build models
	@echo "Starting Jarvis. Look for its ring in the menu bar; a second start opens the window."
	@exec $(BIN)/jarvis-desktop
else
	@scripts/bootstrap headless
	@$(MAKE) --no-print-directory build-headless models
	@echo "No display: starting the daemon. Say \"hey Jarvis\", or use 'jarvis toggle'; Ctrl-C ends it."
	@exec $(BIN)/jarvis run
endif

test: ## Everything that tests need, then all tests
	@scripts/bootstrap test
	@$(MAKE) --no-print-directory ui
	$(CARGO) test --release --workspace --locked --no-run # builds the programs too, with the features that tests see
	@$(MAKE) --no-print-directory models
	npm --prefix ui run test
	$(CARGO) test --release --workspace --locked --no-fail-fast --config 'target."cfg(all())".runner = ["$(CURDIR)/scripts/within", "20"]'

check: ## Formatting, lints, types, dependency rules, licences
	@scripts/bootstrap app
	$(CARGO) fmt --all --check
	scripts/check-dependencies
	scripts/check-licences
	@$(MAKE) --no-print-directory ui
	npm --prefix ui run check
	npm --prefix ui run lint
	$(CARGO) clippy --release --workspace --all-targets --locked -- -D warnings

build: ui ## The app and the command line
	$(CARGO) build --release --workspace --locked

build-headless: ## The command line and daemon alone, without a web view
	$(CARGO) build --release --package jarvis --locked

models: ## The default models
	@$(BIN)/jarvis models pull

ui: ui/dist/index.html

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	npm --prefix ui ci --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json ui/index.html $(shell find ui/src ui/*.ts ui/*.js -type f 2>/dev/null)
	npm --prefix ui run build

bench: build-headless models ## Measure this machine, and other programs beside it
	@scripts/bootstrap bench
	@scripts/recordings
	$(BIN)/jarvis bench

format: ## Format everything
	$(CARGO) fmt --all
	npm --prefix ui run format

system: ## Only the system packages
	@scripts/bootstrap app

clean: ## Remove what was built
	$(CARGO) clean
	rm -rf ui/dist ui/node_modules
