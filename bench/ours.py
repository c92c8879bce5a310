"""The program that is measured: runs of an experiment file, and its times of single kernels."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from child import Failed

EXPERIMENTS = Path(__file__).resolve().parent / "experiments"


def reason(errors):
    """The first error of what the program said, or else the last that it said."""
    lines = errors.strip().splitlines() or ["it ended without a word"]
    return next((line for line in lines if "error: " in line), lines[-1])


class Program:
    """- path: of the runexp binary.
    - isa: the instruction set to which it is held; empty for the processor's best.
    """

    def __init__(self, path, threads, isa=""):
        self.path, self.threads = str(path), threads
        self.environment = os.environ | ({"RUNEXP_ISA": isa} if isa else {})
        self.folder = Path(tempfile.mkdtemp(prefix="runexp-bench-"))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self, *arguments):
        """What a command prints."""
        done = subprocess.run(
            [self.path, *arguments], capture_output=True, text=True, cwd=self.folder, env=self.environment)
        if done.returncode != 0:
            raise Failed(reason(done.stderr))
        return done.stdout

    def doctor(self):
        """The checks of `runexp doctor`, by name; it may find that something is in the way of other commands."""
        done = subprocess.run([self.path, "doctor", "--json"], capture_output=True, text=True, env=self.environment)
        return {check["name"]: check for check in json.loads(done.stdout)["checks"]}

    def run(self, experiment, settings, threads=None):
        """Runs an experiment of one cell: its metrics, the lines of its steps, and the most memory that it held."""
        shutil.rmtree(self.folder / "results", ignore_errors=True)
        command = [self.path, "run", str(experiment), "--quiet", "--threads", str(threads or self.threads),
                   "--results", "results", *(f"{key}={value}" for key, value in settings.items())]
        with open(self.folder / "log", "w") as log:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder, env=self.environment)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        cells = list(self.folder.glob("results/*/r-*/cells/*/result.json"))
        row = json.loads(cells[0].read_text()) if cells else {}
        if row.get("status") != "ok":
            raise Failed(row.get("reason") or reason((self.folder / "log").read_text()))
        steps = cells[0].parent / "steps.jsonl"
        lines = [json.loads(line) for line in steps.read_text().splitlines()] if steps.exists() else []
        return row["metrics"], lines, 1024 * usage.ru_maxrss

    def kernels(self, only, precision, seconds):
        """The times of an operation's cases."""
        lines = self.output(
            "kernels", "--bench", "--only", only, "--type", precision, "--json", "--seconds", str(seconds), "--threads",
            str(self.threads))
        return [json.loads(line) for line in lines.splitlines()]
