"""The training of a small vision transformer on Fashion-MNIST beside timm's, and the accuracy that it reaches."""

import gzip
import hashlib
import itertools
import os
import zlib
from pathlib import Path

from works import OURS, Group, Work
from works.vision import EXPERIMENT, PEER, RECIPE, theirs

# SHA-256 of the unpacked files: distributions pack them anew.
FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
NONE = "there is no Fashion-MNIST here, which Debian's package dataset-fashion-mnist has"


def folders():
    """Where runexp looks for Fashion-MNIST, in its order, see docs/vision.md."""
    named = os.environ.get("RUNEXP_DATA")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "runexp")
    places = ([Path(named)] if named else []) + [Path("/usr/share/datasets"), cache]
    return [folder for place in places for folder in (place / "fashion-mnist", place)]


def problem(folder):
    """What keeps the files of a folder from being Fashion-MNIST; None where they are."""
    for name, sha256 in FILES.items():
        path = next((path for path in (folder / name, folder / (name + ".gz")) if path.exists()), None)
        if path is None:
            return f"'{folder / name}' is missing"
        try:
            with (gzip.open if path.suffix else open)(path, "rb") as file:
                found = hashlib.sha256(file.read()).hexdigest()
        except (OSError, EOFError, zlib.error) as error:
            return f"'{path}' cannot be read: {error}"
        if found != sha256:
            return f"'{path}' is not Fashion-MNIST's: the SHA-256 of its unpacked bytes is another"
    return None


def fashion_mnist():
    """The folder from which runexp and its peer read, and why there is none."""
    problems = []
    for folder in folders():
        if any(folder.glob("train-images-idx3-ubyte*")):
            wrong = problem(folder)
            if wrong is None:
                return folder, ""
            problems.append(wrong)
    return None, "; ".join(problems) or NONE


def ours_whole(context, seed):
    """From the files to the evaluation, batches included."""
    metrics, _, _ = context.program.run(EXPERIMENT, {
        "seeds": f"[{seed}]", "workload.dataset": "fashion-mnist", "workload.evaluate_every": 0})
    return {"training": metrics["seconds"], "accuracy": metrics["accuracy_percent"],
            "parameters": metrics["parameters"]}


def whole(context, folder):
    """Each round has a seed of its own, the same for both."""
    seeds = {name: itertools.count(1) for name in (OURS, PEER)}
    return Work("vision", f"{RECIPE['steps']} steps and an evaluation", {
        OURS: lambda: ours_whole(context, next(seeds[OURS])),
        PEER: lambda: theirs(context, next(seeds[PEER]), True, folder)}, {PEER: 1.3}, rounds=3)


def groups(context):
    if context.is_quick:
        return []
    folder, reason = fashion_mnist()
    works = [whole(context, folder)] if folder else []
    left_out = "" if folder else f" It is left out: {reason}."
    about = ("experiments/vit-fashion.yaml, from the files to the accuracy on all 10,000 images that are tested on, "
             "without evaluations on the way, each round with a seed of its own. What is aimed at is 90 % in ten "
             "minutes." + left_out)
    return [Group("The training of a vision transformer", "peak", about, works)]
