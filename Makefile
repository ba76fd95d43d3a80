# Every command a person needs. Each does its own set-up, says what it does, and does nothing twice.
# The address can be chosen: make run PORT=8080, or HUBBUB_LISTEN=0.0.0.0:8080 make run

.DEFAULT_GOAL := help
.PHONY: help run build dev test check attack chaos chaos-digest chaos-volume bench bench-ab bench-check bench-page fmt fuzz fuzz-cost leptos-check mutants screenshots setup

help: ## What can be asked for
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: ## Build a trial form and serve it on http://127.0.0.1:3000 with demo people, data in ./data
	@tools/setup build
	@tools/build trial
	@HUBBUB_ENV="$${HUBBUB_ENV:-development}" HUBBUB_SITE_DIR="$${HUBBUB_SITE_DIR:-target/trial/site}" exec target/trial/hubbub

build: ## Server and pages, in release form
	@tools/setup build
	@tools/build

dev: ## Serve, and build again at every change (installs cargo-leptos at the first call)
	@tools/setup dev
	@tools/dev

test: ## Every check there is; CI runs the same
	@tools/setup test
	@tools/test

check: ## The quick ones: formatting and clippy for both sides
	@tools/setup build
	@tools/check

chaos: ## Try to break the promise of docs/DELIVERY.md: make chaos MINUTES=10
	@tools/setup build
	@tools/chaos "$(or $(MINUTES),10)"

chaos-digest: ## Run 300 simulated seeds without faults and compare what is stored and told with what is recorded
	@tools/setup build
	@tools/chaos-digest

chaos-volume: ## 50 MiB for each of ten users who are away, 20,000 messages missed in a room, and the memory that it takes
	@tools/setup build
	@tools/chaos-volume

attack: ## Hostile clients of every kind against a real server, ten minutes; what ordinary ones notice
	@tools/setup build
	@tools/attack

bench: ## Measure us beside others, in 15 minutes: make bench, or make bench ROUNDS=1 ROWS=1,3
	@tools/setup build
	@tools/bench "$(or $(ROUNDS),3)" "$(ROWS)"

bench-ab: ## Compare an older server program with today's: make bench-ab OLD=PATH, or with ROUNDS=3 ROWS=1,9
	@tools/setup build
	@tools/bench-ab "$(OLD)" "$(or $(ROUNDS),5)" "$(ROWS)"

bench-check: ## Count the instructions of the hot functions and compare them with the recorded ones
	@tools/setup build
	@tools/bench-check $(RECORD)

fmt: ## Put Rust and style sheets into shape
	@tools/setup build
	@cargo fmt --all
	@node_modules/.bin/stylelint --fix 'style/**/*.scss'

fuzz: ## Any bytes for a decoder: make fuzz TARGET=native SECONDS=60, or TARGET=all
	@tools/setup build
	@tools/fuzz "$(TARGET)" $(SECONDS)

fuzz-cost: ## Count what the decoders cost for each byte of long inputs
	@tools/setup build
	@tools/fuzz-cost

leptos-check: ## Try the four commands of cargo-leptos on a clean clone of what is committed, and every page they serve
	@tools/setup test
	@tools/setup dev
	@tools/leptos-check

mutants: ## Break the hub in each way of qa/chaos/mutants and show that the simulation finds it
	@tools/setup build
	@tools/mutants

screenshots: ## Pictures of every page, on phone and desktop, light and dark, into screenshots/
	@tools/setup test
	@tools/build
	@HUBBUB_SCREENSHOTS=1 node_modules/.bin/playwright test --config end2end --project screenshots

bench-page: ## How long a first visit takes on slow lines, and a key while 1,000 messages a second arrive
	@tools/setup test
	@tools/build
	@HUBBUB_BENCH=1 node_modules/.bin/playwright test --config end2end --project bench

setup: ## Only install what building and testing need
	@tools/setup test
