"""Reads the tables of runs with pandas and with DuckDB, as anyone would, and compares every value with what was written.

    make readers

or, with pandas and duckdb installed, `python Tests/readers/read_run.py PROGRAM [RUN...]`. Without a RUN the program makes
two of its own: trainings of which one diverges and one is left out, and shapes over axes of numbers, words and lists.
What was written is what Python's json and csv modules read. Exits with 1 where a reader has another value.
"""

import csv
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas

TRAINING = """
# Which of them learns?
name: training
device: cpu
seeds: [1, 2]
model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
variants:
  modern: {}
  wild: {model: {layers: 2, norm: none, init_std: 1}, workload: {optimizer: {lr: 100, clip: 0}}}
  gross-2.b: {model: {norm: layernorm}}
workload:
  type: train
  dataset: {name: synthetic-plays}
  sequence: 16
  batch: 2
  steps: 60
  schedule: {type: constant, warmup: 0}
  sample: {tokens: 0}
matrix: {exclude: [{variant: modern, seed: 2}]}
"""
SHAPES = """
# How large?
name: shapes
model: {layers: 2, width: 32, attention: {type: mha, heads: 2}}
workload: {type: inspect, sequence: 16}
matrix:
  model.attention.window: [8, none, [4, none]]
  model.ffn: [swiglu, {type: gelu, hidden: 48}]
  model.init_std: [0.02, 1e-5]
  workload.vocabulary: [65, 32000]
"""


def make_runs(program, folder):
    for name, text in [("training", TRAINING), ("shapes", SHAPES)]:
        Path(folder, f"{name}.yaml").write_text(text, encoding="utf-8")
        code = subprocess.run([program, "run", f"{name}.yaml", "-q"], cwd=folder, stdout=subprocess.DEVNULL).returncode
        if code != (3 if name == "training" else 0):
            raise SystemExit(f"'{program} run {name}.yaml' ended with {code}")
        yield Path(folder, "results", name, "latest")


def written(path):
    """The rows as dictionaries of text, number or None."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return [{key: number(value) for key, value in row.items()} for row in csv.DictReader(text.splitlines())]


def number(text):
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text or None


def readers(path):
    """Each reader's name and its rows."""
    frame = pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_json(path, lines=True)
    yield "pandas", frame.to_dict("records")
    relation = duckdb.sql(f"select * from '{path}'")
    # An axis of numbers and words is a column of JSON.
    plain = [json.loads if str(kind) == "JSON" else lambda value: value for kind in relation.types]
    yield "DuckDB", [
        {key: value and read(value) for key, read, value in zip(relation.columns, plain, row)}
        for row in relation.fetchall()
    ]


def same(expected, found):
    if expected is None or found is None or found is pandas.NaT or (isinstance(found, float) and math.isnan(found)):
        return expected is None and (found is None or found is pandas.NaT or found != found)
    if isinstance(expected, str) or isinstance(found, str):
        # Where a column holds texts as well, its numbers are texts.
        return str(expected) == found
    # pandas reads fast rather than to the last digits, unless it is told otherwise.
    return math.isclose(expected, found, rel_tol=1e-9, abs_tol=0)


def compare(path):
    rows = written(path)
    faults = []
    for name, found in readers(path):
        if len(found) != len(rows):
            faults.append(f"{path}: {name} reads {len(found)} rows of {len(rows)}")
        for line, (row, other) in enumerate(zip(rows, found), 1):
            if list(row) != list(other):
                faults.append(f"{path}: {name} reads the columns {list(other)}, not {list(row)}")
                break
            faults += [
                f"{path}, row {line}: {name} reads {key} as {other[key]!r}, not {value!r}"
                for key, value in row.items() if not same(value, other[key])
            ]
    print(f"{path}: {len(rows)} rows, {len(rows[0]) if rows else 0} columns, {len(faults)} faults")
    return faults


def main(program, *runs):
    with tempfile.TemporaryDirectory() as folder:
        faults = []
        tables = 0
        for run in map(Path, runs) if runs else make_runs(Path(program).resolve(), folder):
            for path in [run / "cells.csv", run / "cells.jsonl", run / "summary.csv"]:
                faults += compare(path)
                tables += 1
    for fault in faults[:20]:
        print(fault)
    return 1 if faults or not tables else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
