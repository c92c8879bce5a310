"""Whether PyYAML reads what runexp writes as the values that were meant.

    make readers

or, with pyyaml installed, `python Tests/readers/read_resolved.py PROGRAM`.

Runs an experiment whose options have small and large numbers, and compares the resolved.yaml of the run and of each
cell with the JSON of the same values in plan.jsonl.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import yaml

NUMBERS = [1e-8, 1e-5, 0.001, 0.3, 1.0, 1e-30, 5e-1, 1.5e-7]
LARGE = [10.0, 10000.0, 1.5e8, 1e9]


def compare(path, ours, theirs):
  if isinstance(ours, dict):
    assert isinstance(theirs, dict) and ours.keys() == theirs.keys(), path
    for key in ours:
      compare(f"{path}.{key}", ours[key], theirs[key])
  elif theirs is not None:
    # What follows from other options is null in resolved.yaml, its value a comment.
    same = type(ours) is type(theirs) and ours == theirs
    assert same, f"{path}: {ours!r} in JSON, {theirs!r} to PyYAML"


def main(runexp):
  with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    file = folder / "numbers.yaml"
    file.write_text(json.dumps({
      "name": "numbers", "device": "cpu",
      "model": {"layers": 1, "width": 16, "attention": {"type": "mha", "heads": 1}},
      "workload": {"type": "inspect"},
      "matrix": {"model.norm.epsilon": NUMBERS, "model.position.base": LARGE},
    }))
    subprocess.run([runexp, "run", file, "--results", folder / "results"], check=True, capture_output=True)
    run = folder / "results" / "numbers" / "latest"
    count = 0
    for line in (run / "plan.jsonl").read_text().splitlines():
      cell = json.loads(line)
      resolved = yaml.safe_load((run / "cells" / cell["cell"] / "resolved.yaml").read_text())
      for key, value in cell["config"].items():
        compare(key, value, resolved[key])
      count += 1
    axes = yaml.safe_load((run / "resolved.yaml").read_text())["matrix"]
    compare("matrix", {"model.norm.epsilon": NUMBERS, "model.position.base": LARGE},
            {key: [float(value) for value in axes[key]] for key in axes})
    print(f"{count} cells are the same to PyYAML {yaml.__version__}")


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]).resolve())
