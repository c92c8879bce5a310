"""The most memory that a process holds which trains, against PyTorch's."""

from ours import EXPERIMENTS
from works import OURS, Group, Work, train

PEER = "PyTorch eager"


def ours(context, model):
    _, _, resident = context.program.run(EXPERIMENTS / "train.yaml", train.settings(
        train.STANDARD, model, "f32", context.program.folder) | {"workload.steps": 4})
    return {"resident": resident}


def theirs(context, model):
    """In a process of its own, which has done nothing else."""
    context.close()
    answer = train.theirs(context, train.STANDARD, model, "f32", "eager")
    context.close()
    return {"resident": answer["resident_bytes"], "version": answer["version"]}


def groups(context):
    if context.is_quick:
        return []
    works = [Work("memory", f"{model}, f32, 16 x 256, width 256", {
        OURS: lambda model=model: ours(context, model), PEER: lambda model=model: theirs(context, model)},
        {PEER: 1 / 0.45}, rounds=3) for model in ("modern", "classic")]
    about = "The most resident memory of the whole process, the program included."
    return [Group("Memory of a training", "", about, works, unit="bytes")]
