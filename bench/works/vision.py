"""A small vision transformer beside timm's: its step; and attention of images beside torch's."""

import re
from pathlib import Path

from works import OURS, Group, Work, attention

EXPERIMENT = Path(__file__).resolve().parent.parent.parent / "experiments" / "vit-fashion.yaml"
PEER = "timm"
# What the peer is told of the experiment, and what a share of it is a share of.
KEYS = ("layers", "width", "heads", "hidden", "patch", "init_std", "batch", "steps", "lr", "warmup", "min_lr")
WHOLES = {"warmup": "steps", "min_lr": "lr"}
PATIENCE = 3600


def recipe(text):
    """The numbers that an experiment says under these keys.

    Each must be there once: what follows from a default is not known here.
    """
    said = re.sub("#.*", "", text)
    found = {}
    for key in KEYS:
        numbers = re.findall(rf"\b{key}: *(\d+(?:\.\d+)?(?:e-?\d+)?)( *%)?(?=[\s,}}])", said)
        if len(numbers) != 1:
            raise ValueError(f"the experiment must say '{key}' once, as a number")
        number, is_share = numbers[0]
        value = int(number) if number.isdigit() else float(number)
        found[key] = value * found[WHOLES[key]] / 100 if is_share else value
    return found


RECIPE = recipe(EXPERIMENT.read_text())


def ours_step(context):
    """Without the time that a batch takes to be made."""
    metrics, lines, _ = context.program.run(EXPERIMENT, {
        "seeds": "[1]", "workload.dataset": "synthetic-shapes", "workload.evaluate_every": 0,
        "workload.steps": max(12, round(20 * context.seconds)) + 2})
    times = sorted(line["seconds"] for line in lines if "seconds" in line and line["step"] >= 2)
    step = times[len(times) // 2]
    peak = 100 * metrics["flops_per_s"] / metrics["peak_percent"]
    return {"step": step, "shares": {"step": metrics["step_flops"] / step / peak},
            "images_per_s": RECIPE["batch"] / step, "parameters": metrics["parameters"]}


def theirs(context, seed, is_whole, folder=None):
    return context.child("timm_vit.py").ask({
        "recipe": RECIPE, "seed": seed, "whole": is_whole, "seconds": context.seconds,
        "folder": str(folder) if folder else None}, PATIENCE)


def theirs_step(context):
    answer = theirs(context, 1, is_whole=False)
    return answer | {"images_per_s": RECIPE["batch"] / answer["step"]}


def groups(context):
    if context.is_quick:
        return []
    works = [Work("vision", f"a step of {RECIPE['batch']} images", {
        OURS: lambda: ours_step(context), PEER: lambda: theirs_step(context)}, {PEER: 1.3})]
    about = ("experiments/vit-fashion.yaml: 6 layers, width 96, patches of 4 x 4 pixels, f32. A step is timed without "
             "the making of its batch.")
    seen = ("One sequence of 8 heads in which each token sees all, as patches do: images of 224, 512 and 1024 pixels "
            "in patches of 16.")
    return [
        Group("A vision transformer", "peak", about, works),
        Group("Attention of images", "peak", seen, [
            attention.work(context, tokens, head_dim=head_dim, is_causal=False)
            for head_dim in (32, 64) for tokens in (196, 1024, 4096)]),
    ]
