# make run    build and run the first experiment        make test   run the tests
# make check  what CI runs: format lint, build, tests   make format, make clean
# make bench  the speed of this machine beside PyTorch, BLAS libraries and llama.cpp
# make bench QUICK=1   two to three minutes             make bench WORKS='train|attention'   a choice
# make test-cluster  job arrays on a real Slurm, which is fetched the first time
# make large-runs  how commands grow with the cells of a run, up to 100,000
# make arm  the kernels of 64-bit Arm, under an emulator
# make smollm2  a real model, where its package can be had
# make tokenizers  tokenizers of real models, beside the libraries that define them
# make sanitize  the kernels under ThreadSanitizer and AddressSanitizer
# make fuzz  damaged files of models, tokenizers and images under AddressSanitizer      make fuzz FUZZ=1000   so many
# make transformers PYTHON=venv/bin/python  exported models beside transformers
# make readers  pandas and others on a run's files       make pictures  draw the README's pictures anew
# make cuda  the plugin for NVIDIA GPUs
# make cuda-verify  its library, without a GPU        make cuda-test cuda-check  its kernels, on the host
# make cuda-test cuda-check QUICK=1  in one order of threads, without AddressSanitizer
# make build-tests  all that make test runs
# make test TESTS='ResumeTests|FuzzTests'   run those tests alone
SHELL := /bin/bash
.PHONY: run build-tests test test-cluster large-runs check lint format bench arm smollm2 tokenizers
.PHONY: transformers sanitize fuzz readers pictures build prepare clean
.PHONY: cuda cuda-emulation cuda-emulations cuda-test cuda-check cuda-verify
.DEFAULT_GOAL := check

EXPERIMENT ?= experiments/modern.yaml
SWIFT_FLAGS ?= -c release
TESTS ?=
QUICK ?=
WORKS ?=
FUZZ ?= 50000
PYTHON ?= python3
C_SOURCES := $(wildcard Sources/CKernels/*/*.[ch] Sources/CKernels/*/*.inc Sources/CKernels/*/*.def \
  Sources/CHash/*.c Sources/CHash/*/*.h \
  Tests/DelayedPlugin/*.[ch] Tests/DelayedPlugin/*/*.h scripts/arm/*.c scripts/tuning/*.c \
  cuda/*.cu cuda/*.cuh cuda/*/*.cu cuda/*/*.cuh cuda/*/*.h cuda/*/*.c cuda/*/*.cpp)

# The program finds the plugin beside itself.
PLUGIN := $(CURDIR)/build/cuda/librunexp_cuda.so
place_plugin = if [ -e $(PLUGIN) ] && command -v swift > /dev/null; then \
  program="$$(swift build $(SWIFT_FLAGS) --show-bin-path)" && mkdir -p "$$program" && \
  ln -sf $(PLUGIN) "$$program/"; fi

run: build
	@"$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(EXPERIMENT)

build: prepare
	@scripts/build $(SWIFT_FLAGS) --product runexp
	@$(place_plugin)

build-tests: prepare
	@scripts/build $(SWIFT_FLAGS) --build-tests

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

# In turn with PyTorch, BLAS libraries and llama.cpp, which are fetched the first time: docs/performance.md.
bench: build
	@python3 bench "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(if $(QUICK),--quick) $(if $(ISA),--isa $(ISA)) --works '$(WORKS)'

# The manifests of Kubernetes need Python and its registry, Slurm root and Debian's packages; says so where it cannot
# have them.
test-cluster: build
	@python3 Tests/cluster/test_slurm.py "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" \
	  "$${XDG_CACHE_HOME:-$$HOME/.cache}/runexp-slurm" $(TESTS)

# Some minutes, and 1.5 GB of files that it removes.
large-runs: build
	@scripts/large-runs "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp"

arm:
	@scripts/check-arm

# Its 98 MB are fetched the first time.
smollm2: build
	@scripts/smollm2 "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp"

# Their 35 MB are fetched the first time.
tokenizers: build
	@scripts/check-tokenizers "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(SWIFT_FLAGS)

sanitize: prepare
	@scripts/sanitize

fuzz: prepare
	@scripts/fuzz $(FUZZ)

# Needs a Python with torch and transformers 5; says so where it has not.
transformers: build
	@scripts/transformers "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(PYTHON)

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

# Needs g++, and nvcc 13 or newer or a network to fetch it; no GPU.
cuda:
	@cuda/build
	@$(place_plugin)

# The same kernels for the host: build/cuda/librunexp_cuda_emulation.so. See docs/cuda.md.
cuda-emulation:
	@$(MAKE) --no-print-directory -j "$$(nproc)" -C cuda emulation

# What both checks below want first, so that they may run side by side.
cuda-emulations: cuda-emulation
	@$(if $(QUICK),,$(MAKE) --no-print-directory -j "$$(nproc)" -C cuda emulation SANITIZE=address)

cuda-test: cuda-emulations
	@$(MAKE) --no-print-directory -j "$$(nproc)" -C cuda test \
	  $(if $(QUICK),ORDERS=reversed PRODUCT_ORDERS=random)
	@$(if $(QUICK),,$(MAKE) --no-print-directory -j "$$(nproc)" -C cuda test SANITIZE=address)

# What the program sees of them: op cases against the reference, and the losses of a training.
cuda-check: build cuda-emulations
	@cuda/test/program "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(if $(QUICK),random:2)
	@cuda/test/training "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/runexp" $(if $(QUICK),random:1)

# The plugin itself, as far as that goes without a GPU.
cuda-verify: cuda
	@cuda/verify

prepare:
	@scripts/prepare

clean:
	@rm -rf .build build
