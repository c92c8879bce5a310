"""nanoGPT's CPU configuration for Tiny Shakespeare: its step, and in a full run the whole training with its loss."""

import os
from pathlib import Path

from child import Failed
from works import OURS, Group, Work
from works.train import text

EXPERIMENT = Path(__file__).resolve().parent.parent.parent / "experiments" / "nanogpt-cpu.yaml"
PEER = "PyTorch eager"
TOKENS = 64


def shakespeare():
    """Where runexp looks for Tiny Shakespeare, see docs/data.md."""
    caches = [Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "runexp")]
    named = os.environ.get("RUNEXP_DATA")
    folders = ([Path(named)] if named else []) + caches
    for folder in folders:
        for name in ("tinyshakespeare/input.txt", "tiny-shakespeare/input.txt", "tiny-shakespeare.txt", "input.txt"):
            if (folder / name).exists():
                return folder / name
    raise Failed("there is no Tiny Shakespeare; `runexp experiments/nanogpt-cpu.yaml` fetches it")


def ours_step(context):
    metrics, lines, _ = context.program.run(EXPERIMENT, {
        "workload.dataset": text(context.program.folder, TOKENS), "workload.steps": 102, "workload.evaluate_every": 0,
        "workload.sample.tokens": 0, "expect": "{}"})
    times = sorted(line["seconds"] for line in lines if "seconds" in line and line["step"] >= 2)
    step = times[len(times) // 2]
    peak = 100 * metrics["flops_per_s"] / metrics["peak_percent"]
    return {"step": step, "shares": {"step": metrics["step_flops"] / step / peak}}


def ours_whole(context):
    metrics, _, _ = context.program.run(EXPERIMENT, {"workload.dataset": shakespeare(), "workload.sample.tokens": 0})
    return {"training": metrics["train_seconds"] + metrics["evaluation_seconds"], "val_loss": metrics["val_loss"]}


def theirs(context, path, is_whole):
    return context.child("torch_nanogpt.py").ask({"text": str(path), "whole": is_whole, "seconds": context.seconds})


def groups(context):
    works = [Work("nanogpt", "a step", {
        OURS: lambda: ours_step(context),
        PEER: lambda: theirs(context, text(context.program.folder, TOKENS), False)}, {PEER: 2.5})]
    if not context.is_quick:
        works.append(Work("nanogpt", "2000 steps with evaluations", {
            OURS: lambda: ours_whole(context), PEER: lambda: theirs(context, shakespeare(), True)}, {PEER: 2.5},
            rounds=3))
    about = "4 layers, width 128, 12 x 64 characters, f32. The loss is that of the whole validation split."
    return [Group("nanoGPT's CPU configuration", "peak", about, works)]
