# make run    build and run the first experiment        make test   run the tests
# make check  what CI runs: format lint, build, tests   make format, make bench, make clean
# make sanitize  the kernels under ThreadSanitizer and AddressSanitizer
# make readers  pandas and others on a run's files       make pictures  draw the README's pictures anew
# make test TESTS='ResumeTests|FuzzTests'   run those tests alone
SHELL := /bin/bash
.PHONY: run test check lint format bench sanitize readers pictures build prepare clean
.DEFAULT_GOAL := check

EXPERIMENT ?= experiments/modern.yaml
SWIFT_FLAGS := -c release
TESTS ?=
C_SOURCES := $(wildcard Sources/CKernels/*/*.[ch] Sources/CKernels/cpu/*.inc Tests/DelayedPlugin/*.[ch])

run: build
	@"$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(EXPERIMENT)

build: prepare
	@swift build $(SWIFT_FLAGS) --product runexp

test: prepare
	@scripts/test '$(TESTS)' $(SWIFT_FLAGS)

check: lint test

lint: prepare
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@if command -v clang-format > /dev/null; then clang-format --dry-run --Werror $(C_SOURCES); fi
	@scripts/compile-parts

format: prepare
	@swift format --in-place --recursive --parallel Package.swift Sources Tests
	@if command -v clang-format > /dev/null; then clang-format -i $(C_SOURCES); fi

bench: build
	@"$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" kernels --check
	@"$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" kernels --bench

sanitize: prepare
	@scripts/sanitize

# The readers go into a folder of their own; the first time needs a network.
readers: build
	@test -x .build/readers/bin/python || python3 -m venv .build/readers
	@.build/readers/bin/pip install --quiet pandas duckdb pyyaml
	@.build/readers/bin/python Tests/readers/read_run.py "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp"
	@.build/readers/bin/python Tests/readers/read_resolved.py "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp"
	@.build/readers/bin/python Tests/readers/infer.py --check Tests/Fixtures/inferred.txt

# The README's pictures; needs Python and Chromium, and a quiet machine for a minute.
pictures: build
	@scripts/pictures "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp"

prepare:
	@scripts/prepare

clean:
	@rm -rf .build
