"""Brings the peers into a cache outside the repository, one by one: what cannot be had is left out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# What pip installs for each peer, and the Python that then must work.
PACKAGES = {
    "PyTorch": (["torch", "numpy"], "import torch, numpy"),
    "timm": (["torch", "timm", "numpy"], "import torch, timm"),
    "OpenBLAS": (["scipy-openblas32", "numpy"], "import scipy_openblas32, numpy"),
    "oneDNN": (["onednn-cpu-gomp", "numpy"],
               "import ctypes, numpy, sys; ctypes.CDLL(sys.prefix + '/lib/libdnnl.so.3')"),
    "llama.cpp": (["llama-cpp-python", "gguf", "numpy"], "import llama_cpp, gguf, numpy"),
    "transformers": (["torch", "transformers", "accelerate", "gguf", "numpy"],
                     "import torch, transformers, accelerate, gguf"),
}
COMPILED = {"torch.compile", "llama.cpp"}
# Settings of the surroundings that choose kernels for a processor: a peer shall take its best.
UNWANTED = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_CBWR",
            "MKL_ENABLE_INSTRUCTIONS"}
# And those that hold peers to the instruction set of `--isa`.
LIMITS = {
    "v3": {"OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2",
           "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "v4": {"OPENBLAS_CORETYPE": "SkylakeX", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"},
}


def cache():
    if place := os.environ.get("RUNEXP_BENCH_CACHE"):
        return Path(place)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "runexp", "bench")


def environment(threads, isa=""):
    """What a peer's process finds set.

    - isa: the instruction set to which all are held, of LIMITS; empty for the processor's own.
    """
    kept = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    counts = {key: str(threads) for key in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return kept | counts | LIMITS.get(isa, {}) | {
        "TORCHINDUCTOR_CACHE_DIR": str(cache() / f"inductor{isa and '-' + isa}"), "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class Peers:
    """The peers that there are, and why others are not."""

    def __init__(self, say, isa=""):
        self.isa = isa
        self.python = cache() / "venv" / "bin" / "python"
        self.say = say
        self.found = {}

    def obstacle(self, peer):
        """Why a peer cannot be had; nil where it can. Installs it when first asked."""
        package = "PyTorch" if "torch" in peer.lower() else peer.split(",")[0]
        if self.isa and package == "llama.cpp":
            return "it is built for the processor, and cannot be held to an instruction set"
        if peer in COMPILED and not shutil.which("g++"):
            return "it needs a C++ compiler, g++"
        if package not in self.found:
            self.found[package] = self.install(package)
        return self.found[package]

    def install(self, package):
        names, trial = PACKAGES[package]
        if not self.python.exists():
            made = subprocess.run(
                [sys.executable, "-m", "venv", str(self.python.parent.parent)], capture_output=True, text=True)
            if made.returncode != 0:
                return f"no virtual environment could be made: {last_line(made.stdout + made.stderr)}"
        if self.works(trial):
            return None
        self.say(f"installing {package} into {cache()}")
        how = [] if package != "llama.cpp" else ["--no-binary", "llama-cpp-python"]
        done = subprocess.run(
            [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", *how,
             *names],
            capture_output=True, text=True, env=os.environ | {"CMAKE_ARGS": "-DGGML_NATIVE=ON"})
        if done.returncode != 0:
            return f"pip could not install it: {last_line(done.stderr)}"
        return None if self.works(trial) else "it is installed, but does not load"

    def works(self, trial):
        return subprocess.run([str(self.python), "-c", trial], capture_output=True).returncode == 0


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it said nothing"])[-1].removeprefix("ERROR: ")
