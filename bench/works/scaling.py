"""What further threads bring: a training step on all of them against one on a single thread."""

from works import OURS, Group, Work, train

SINGLE = "runexp, 1 thread"


def groups(context):
    threads = context.machine["threads"]
    if context.is_quick or threads == 1:
        return []
    works = []
    for model in ("modern", "classic"):
        works.append(Work("scaling", f"{model}, f32, 16 x 256, width 256", {
            OURS: lambda model=model: train.ours(context, train.STANDARD, model, "f32"),
            SINGLE: lambda model=model: train.ours(context, train.STANDARD, model, "f32", threads=1)},
            {SINGLE: 1.9} if threads == 2 else {}))
    return [Group("Threads", "peak", f"A training step on {threads} threads against one on a single thread.", works)]
