# Everything a developer types. `make help` lists it; CI calls the same lines (.ci/run).
#
# PYTHON=python3.12 make demo     another interpreter (3.11 or later)
# make test ARGS="tests/device"   what is appended to the command
# make test ARGS="-n 0 --pdb ..." in one process

PYTHON ?= python3
ARGS ?=
# A file's tests run on one core, because many share a browser, a database or a machine; files run
# beside each other on up to four. tests/conftest.py puts the longest first.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
export PYTHON

# Percent of the lines and branches that a run of all tests reaches; a change raises it or leaves it.
COVERAGE_FLOOR := 94

.DEFAULT_GOAL := help
.PHONY: help demo story test test-rigs coverage mutants lint format schema strings manuals pictures bench bench-peers venv lock \
	packages clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

demo: $(VENV)/.demo ## the whole of it on this machine, in a browser; Ctrl-C ends it
	@"$(BIN)/ratingpad-demo" run $(ARGS)

story: $(VENV)/.demo ## the same story without a browser, in under 30 s
	@"$(BIN)/ratingpad-demo" story $(ARGS)

lint: $(VENV)/.dev ## style, types, import contracts
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"

format: $(VENV)/.dev ## format the code
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

test: packages $(VENV)/.dev ## every test; what cannot run here is counted at the end
	"$(BIN)/python" -m pytest $(PARALLEL) $(ARGS)

coverage: packages $(VENV)/.dev ## every test, measured; all of them together must reach the floor
	@rm -rf .cache/coverage && mkdir -p .cache/coverage
	"$(BIN)/coverage" run -m pytest $(PARALLEL) $(ARGS)
	"$(BIN)/coverage" combine --quiet
	"$(BIN)/coverage" html --quiet
	"$(BIN)/coverage" report $(if $(ARGS),,--fail-under=$(COVERAGE_FLOOR))

test-rigs: packages $(VENV)/.dev ## the long runs: power cuts, kills, bad links by the thousand; arm64
	@sh setup/packages.sh rigs
	RATINGPAD_LONG=1 RATINGPAD_CRASH_STATES=100000 "$(BIN)/python" -m pytest tests/power tests/journeys tests/foreign tests/sync tests/hardware tests/device/serial/test_frame68_fuzz.py tests/device/test_agent_service.py tests/device/ledger/test_salvage.py tests/web/test_server_versions.py --timeout=3600 $(ARGS)

pictures: $(VENV)/.dev ## the pictures of both READMEs, taken from the running demo
	"$(BIN)/python" -m tests.rigs.web.demo_pictures

mutants: $(VENV)/.dev ## do the tests notice small changes? ARGS="device.session --sample 200 --seed 1"
	nice -n 19 "$(BIN)/python" -m tests.rigs.mutation.mutation_run $(ARGS)

bench: packages $(VENV)/.dev ## the table of figures
	"$(BIN)/python" -m benchmarks $(ARGS)

bench-peers: packages $(VENV)/.dev ## the same, with the peers installed and measured beside it
	"$(BIN)/python" -m benchmarks --peers $(ARGS)

schema: $(VENV)/.dev ## write docs/contract/ from the types
	"$(BIN)/python" -m sync.schema
	"$(BIN)/python" -m device.desk.openapi
	"$(BIN)/python" -m tests.rigs.commands.documents

manuals: $(VENV)/.dev ## write hw/man/ and hw/completions/ from the parsers of the commands
	"$(BIN)/python" -m tests.rigs.commands.manuals

strings: $(VENV)/.dev ## collect the texts of the commands, compile their translations
	"$(BIN)/python" -m tests.rigs.commands.strings

venv: $(VENV)/.dev ## the environment for all of the above (made by itself when needed)

lock: ## exact versions with hashes for tests and lint; ARGS=--upgrade takes the newest
	@sh setup/lock.sh $(ARGS)

packages: ## the Debian packages that the tests use, where they may be installed
	@sh setup/packages.sh

clean: ## remove the environment and the tools' caches; keeps .cache (kernels in .cache/vm, peers)
	rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.demo: setup.cfg pyproject.toml setup/venv.sh
	@sh setup/venv.sh demo

$(VENV)/.dev: setup.cfg pyproject.toml setup/venv.sh setup/build.lock setup/dev.lock
	@sh setup/venv.sh dev
