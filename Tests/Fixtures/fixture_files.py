"""Fixtures on disk: NAME.safetensors, all f32, and NAME.json beside it; written, or compared with a new computation."""

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

FOLDER = Path(__file__).resolve().parent


def wants_check(documentation: str) -> bool:
    """Reads the command line of a script that writes fixtures."""
    arguments = argparse.ArgumentParser(description=documentation.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    return arguments.parse_args().check


def error(got, want) -> float:
    """The largest difference, relative to the largest magnitude; infinities must be equal.

    What is nothing but float64's rounding, such as the gradient of a bias of keys, counts as 0.
    """
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    finite = np.isfinite(want)
    if got.shape != want.shape or not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    scale = np.abs(want[finite]).max()
    return float(np.abs(got[finite] - want[finite]).max() / (scale if scale > 1e-12 else 1))


def finish(name: str, tensors: dict, document, check: bool):
    """Writes the fixture, or with `check` fails unless its files say the same."""
    arrays = {
        key: np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))
        for key, tensor in sorted(tensors.items())
    }
    path, page = FOLDER / f"{name}.safetensors", FOLDER / f"{name}.json"
    text = json.dumps(document, separators=(",", ":")).replace(',"', ',\n"') + "\n"
    if not check:
        if arrays:
            save_file(arrays, path)
            path.chmod(0o644)
        page.write_text(text)
        return
    stored = load_file(path) if arrays else {}
    assert stored.keys() == arrays.keys(), f"{name}: other tensors than stored"
    for key, array in arrays.items():
        assert error(stored[key], array) < 1e-6, f"{name}: {key} differs"
    pages = json.loads(page.read_text()), json.loads(text)
    for document in pages:
        if isinstance(document, dict):
            document.pop("f32_error", None)  # of PyTorch on the processor that it ran on
    assert_alike(name, *pages)


def assert_alike(path: str, stored, computed):
    """Fails unless two JSON values agree, numbers to 12 digits."""
    if isinstance(computed, dict):
        assert stored.keys() == computed.keys(), f"{path}: other keys than stored"
        for key in computed:
            assert_alike(f"{path}.{key}", stored[key], computed[key])
    elif isinstance(computed, list):
        assert len(stored) == len(computed), f"{path}: another length than stored"
        for index, pair in enumerate(zip(stored, computed)):
            assert_alike(f"{path}[{index}]", *pair)
    elif isinstance(computed, float):
        assert abs(stored - computed) <= 1e-12 * abs(computed), f"{path} differs"
    else:
        assert stored == computed, f"{path} differs"
