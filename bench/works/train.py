"""Training steps of the modern and the classic mini-GPT, against PyTorch as it is and compiled."""

import random
import string

from ours import EXPERIMENTS
from works import OURS, Group, Work

VOCABULARY = 65
CLASSIC = {"model.norm": "layernorm", "model.attention.type": "mha", "model.position": "none", "model.ffn": "gelu"}
# Batch, tokens, width, heads, key/value heads.
STANDARD = (16, 256, 256, 8, 4)
GRID = [
    (64, 32, 64, 2, 1), (1, 256, 64, 2, 1), (8, 2048, 64, 2, 1), (64, 64, 128, 4, 2), (4, 512, 128, 4, 2),
    (16, 256, 128, 4, 2), (8, 128, 256, 8, 4), (1, 2048, 256, 8, 4), (32, 128, 384, 6, 3), (4, 1024, 384, 6, 3),
    (8, 256, 512, 8, 4), (2, 512, 768, 12, 6),
]
LAYERS = 6


def text(folder, sequence):
    """A file of random characters, all 65, with a short validation split."""
    path = folder / f"text-{sequence}.txt"
    if not path.exists():
        characters = sorted(string.ascii_letters + string.digits + " .\n")
        draw = random.Random(1)
        path.write_text("".join(characters + draw.choices(characters, k=12 * sequence + 4000)))
    return path


def settings(shape, model, precision, folder):
    batch, sequence, width, heads, kv_heads = shape
    values = {
        "workload.batch": batch, "workload.sequence": sequence, "model.width": width, "model.attention.heads": heads,
        "precision": precision, "workload.dataset": text(folder, sequence),
    }
    return values | (CLASSIC if model == "classic" else {"model.attention.kv_heads": kv_heads})


def steps(shape, seconds):
    """How many steps take about so long, by their multiply-adds at a modest rate."""
    batch, sequence, width, _, _ = shape
    work = 6 * batch * sequence * LAYERS * (12 * width**2 + sequence * width)
    return max(4, min(200, round(seconds * 1.2e11 / work)))


def ours(context, shape, model, precision, threads=None):
    """The median time of a step, after two to warm up, and the share of the peak."""
    count = steps(shape, context.seconds)
    metrics, lines, resident = context.program.run(
        EXPERIMENTS / "train.yaml", settings(shape, model, precision, context.program.folder) |
        {"workload.steps": count + 2}, threads)
    times = sorted(line["seconds"] for line in lines if "seconds" in line and line["step"] >= 2)
    step = times[len(times) // 2]
    peak = 100 * metrics["flops_per_s"] / metrics["peak_percent"]
    return {"step": step, "shares": {"step": metrics["step_flops"] / step / peak}, "resident_bytes": resident,
            "parameters": metrics["parameters"]}


def theirs(context, shape, model, precision, mode):
    batch, sequence, width, heads, kv_heads = shape
    return context.child("torch_train.py").ask({
        "shape": {"model": model, "vocabulary": VOCABULARY, "layers": LAYERS, "width": width, "heads": heads,
                  "kv_heads": kv_heads if model == "modern" else heads, "sequence": sequence, "batch": batch},
        "precision": precision, "mode": mode, "seconds": context.seconds})


def work(context, shape, model, precision, modes, goals):
    batch, sequence, width, _, _ = shape
    contestants = {OURS: lambda: ours(context, shape, model, precision)}
    for peer, mode in modes.items():
        contestants[peer] = lambda mode=mode: theirs(context, shape, model, precision, mode)
    return Work("train", f"{model}, {precision}, {batch} x {sequence}, width {width}", contestants, goals)


def groups(context):
    """Without products of bf16, PyTorch takes half a minute a step in bf16: ours is then held against ours in f32."""
    eager, both = {"PyTorch eager": "eager"}, {"PyTorch eager": "eager", "torch.compile": "compile"}
    works = []
    for model in ("modern", "classic"):
        works.append(work(context, STANDARD, model, "f32", eager if context.is_quick else both,
                          {"PyTorch eager": 1.8, "torch.compile": 1.6, "share": 0.75}))
    if not context.is_quick:
        for model in ("modern", "classic"):
            if context.machine["has_bf16_products"]:
                works.append(work(
                    context, STANDARD, model, "bf16", both, {"PyTorch eager": 2.0, "torch.compile": 1.7}))
            else:
                one = work(context, STANDARD, model, "bf16", {}, {"runexp f32": 0.95})
                one.contestants["runexp f32"] = lambda model=model: ours(context, STANDARD, model, "f32")
                works.append(one)
        precisions = ("f32", "bf16") if context.machine["has_bf16_products"] else ("f32",)
        works += [work(context, shape, "modern", precision, eager, {"PyTorch eager": 1.5})
                  for precision in precisions for shape in GRID if not context.machine["held_to"]]
    about = (f"One step of a model of {LAYERS} layers: loss, gradients, clipping, AdamW. Batch x tokens. PyTorch's "
             "products in f32 are MKL's, which takes AVX-512 on Intel's processors alone: see torch.mm under Products.")
    return [Group("Training steps", "peak", about, works)]
