"""The training of a small vision transformer on Fashion-MNIST beside timm's, and the accuracy that it reaches."""

import itertools
import os
from pathlib import Path

from works import OURS, Group, Work
from works.vision import EXPERIMENT, PEER, RECIPE, theirs


def fashion_mnist():
    """The folder in which runexp finds Fashion-MNIST, see docs/vision.md; None where there is none."""
    named = os.environ.get("RUNEXP_DATA")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "runexp")
    places = ([Path(named)] if named else []) + [Path("/usr/share/datasets"), cache]
    folders = [folder for place in places for folder in (place / "fashion-mnist", place)]
    return next((folder for folder in folders if any(folder.glob("train-images-idx3-ubyte*"))), None)


def ours_whole(context, seed):
    """From the files to the last evaluation, batches included."""
    metrics, _, _ = context.program.run(
        EXPERIMENT, {"seeds": f"[{seed}]", "workload.dataset": "fashion-mnist"})
    return {"training": metrics["seconds"], "accuracy": metrics["accuracy_percent"],
            "parameters": metrics["parameters"]}


def whole(context, folder):
    """Each round has a seed of its own, the same for both."""
    seeds = {name: itertools.count(1) for name in (OURS, PEER)}
    return Work("vision", f"{RECIPE['steps']} steps with evaluations", {
        OURS: lambda: ours_whole(context, next(seeds[OURS])),
        PEER: lambda: theirs(context, next(seeds[PEER]), True, folder)}, {PEER: 1.3}, rounds=3)


def groups(context):
    if context.is_quick:
        return []
    works, left_out = [], ""
    if folder := fashion_mnist():
        works.append(whole(context, folder))
    else:
        left_out = (" It is left out: there is no Fashion-MNIST here, which Debian's package dataset-fashion-mnist "
                    "has.")
    about = ("experiments/vit-fashion.yaml, from the files to the accuracy on the 10,000 images that are tested on, "
             "each round with a seed of its own. What is aimed at is 90 % in ten minutes." + left_out)
    return [Group("The training of a vision transformer", "peak", about, works)]
