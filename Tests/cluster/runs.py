"""The files of a run, and what the tests of the cluster hold against each other in them."""

import hashlib
import json
import re
from pathlib import Path

# What may differ between two runs of the same bits.
TIMES = re.compile(r"seconds|per_s|peak_percent|bandwidth_percent|resident|^ran\.(node|cpu|isa|threads)$|^time$")


class Run:
    """A run's files."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def plan(self):
        return [json.loads(line) for line in (self.folder / "plan.jsonl").read_text(encoding="utf-8").splitlines()]

    def cell(self, index):
        return self.folder / "cells" / self.plan()[index]["cell"]

    def table(self):
        return [json.loads(line) for line in (self.folder / "cells.jsonl").read_text(encoding="utf-8").splitlines()]

    def statuses(self):
        return [row["status"] for row in self.table()]

    def logs(self):
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("slurm/*/*.log")))

    def steps(self, index):
        path = self.cell(index) / "steps.jsonl"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def content(self):
        """All that does not depend on time: rows, curves and trained parameters."""
        rows = [{key: value for key, value in row.items() if not TIMES.search(key)} for row in self.table()]
        files = {}
        for line in self.plan():
            cell = self.folder / "cells" / line["cell"]
            for path in sorted(cell.rglob("*")):
                if path.name == "model.safetensors":
                    files[str(path.relative_to(cell.parent))] = hashlib.sha256(path.read_bytes()).hexdigest()
            if (cell / "steps.jsonl").exists():
                curve = [json.loads(step) for step in (cell / "steps.jsonl").read_text(encoding="utf-8").splitlines()]
                files[line["cell"]] = [{k: v for k, v in step.items() if not TIMES.search(k)} for step in curve]
        return rows, files


class Failure(Exception):
    pass


class Skipped(Exception):
    """A test cannot look at what it is there for, and why."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def expect_same(found, expected):
    differences = list(unlike(found.content(), expected.content()))
    expect(not differences, f"{found.folder} and {expected.folder} differ in {len(differences)} places: {differences[:20]}")


def unlike(one, other, place=""):
    """Where two values of JSON differ, and in what."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from unlike(one.get(key), other.get(key), f"{place}.{key}")
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            yield from unlike(*pair, f"{place}[{index}]")
    elif one != other:
        yield f"{place}: {str(one)[:200]} and {str(other)[:200]}"
