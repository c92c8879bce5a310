"""The products of the linear layers of a training step, forward and backward, against BLAS libraries and PyTorch."""

import math

from works import OURS, Group, Work

# Rows, inputs and outputs: of the layers of the modern and the classic model at width 256, and of the output of
# nanoGPT's CPU configuration for GPT-2's tokens.
LAYERS = [(16 * 256, *sizes) for sizes in (
    (256, 256), (256, 128), (256, 704), (704, 256), (256, 1024), (1024, 256), (256, 65))]
VOCABULARY = (12 * 64, 128, 50_257)


def name(rows, inputs, outputs):
    return f"{rows} rows, {inputs} to {outputs}"


def ours(context, precision, layers):
    """What the op cases of `linear` give, whose shapes are such as [16, 256, inputs] [outputs, inputs]."""
    times = {}
    for case in context.program.kernels("linear", precision, context.seconds / 4):
        x, weight = ([int(size) for size in shape.split(", ")] for shape in case["shapes"].strip("[]").split("] ["))
        layer = (math.prod(x[:-1]), x[-1], weight[0])
        if layer in layers:
            times |= {f"{name(*layer)}, {direction}": case[direction] for direction in ("forward", "backward")}
    return {figure: time["seconds"] for figure, time in times.items()} | {
        "shares": {figure: time["share_of_peak"] for figure, time in times.items()}}


def work(context, precision, peers, goals):
    layers = LAYERS if context.is_quick else [*LAYERS, VOCABULARY]
    contestants = {OURS: lambda: ours(context, precision, layers)}
    for peer, program in peers.items():
        contestants[peer] = lambda program=program: context.child(program).ask({
            "layers": {name(*layer): layer for layer in layers}, "precision": precision,
            "seconds": context.seconds / 4})
    return Work("products", precision, contestants, goals)


def groups(context):
    libraries = {"OpenBLAS": "openblas_products.py", "oneDNN": "onednn_products.py"}
    torch = {"torch.mm": "torch_products.py"}
    works = [work(context, "f32", libraries | torch, {"OpenBLAS": 1.0, "oneDNN": 1.0, "share": 0.85})]
    if not context.is_quick and context.machine["has_bf16_products"]:
        works.append(work(context, "bf16", {"oneDNN": libraries["oneDNN"]} | torch, {"share": 0.75}))
    elif not context.is_quick:
        one = work(context, "bf16", {}, {"runexp f32": 0.95})
        one.contestants["runexp f32"] = lambda: ours(context, "f32", [*LAYERS, VOCABULARY])
        works.append(one)
    about = ("The linear layers of both models, and the output of nanoGPT's CPU configuration for GPT-2's 50,257 "
             "tokens, inputs to outputs: forward one product (NT), backward two, of the input's gradient (NN) and of "
             "the weight's (TN). OpenBLAS is built without bf16.")
    return [Group("Products", "peak", about, works)]
