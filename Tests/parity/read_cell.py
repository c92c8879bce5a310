"""Reads the folder of one cell: resolved.yaml, steps.jsonl and the initial checkpoint. The only file that knows their keys.

Sizes, biases and tying are taken from the checkpoint's shapes and names; resolved.yaml says the rest.
"""

import json
import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file

from model import Config
from train import Training


@dataclass(frozen=True)
class Cell:
    model: Config
    training: Training
    sequence: int
    batch: int
    weights: dict  # parameter name -> tensor
    losses: list  # training loss of each step, before its update


def component(value) -> dict:
    """A slot as a mapping: a bare word is short for {type: word}."""
    return value if isinstance(value, dict) else {"type": value}


def number(value, default: float) -> float:
    """A number, or what stands for it where the file is silent. PyYAML takes 1e-3 for a word: it has no point."""
    return default if value is None else float(value)


def amount(value, whole: float, default: float) -> float:
    """A number, or a share of another one such as 5 %, by its decimal digits: no more than that is rounded up."""
    if not str(value).endswith("%"):
        return number(value, default)
    return float(Fraction(value.rstrip("% ")) * Fraction(str(whole)) / 100)


def read_model(model: dict, weights: dict) -> Config:
    norm, attention = component(model["norm"]), component(model["attention"])
    position, ffn = component(model["position"]), component(model["ffn"])
    first = "model.layers.0."
    vocabulary, width = weights["model.embed_tokens.weight"].shape
    heads = int(attention["heads"])
    head_dim = weights[first + "self_attn.q_proj.weight"].shape[0] // heads
    table = weights.get("model.embed_positions.weight")
    return Config(
        vocabulary=vocabulary,
        layers=int(model["layers"]),
        width=width,
        heads=heads,
        kv_heads=weights[first + "self_attn.k_proj.weight"].shape[0] // head_dim,
        head_dim=head_dim,
        hidden=weights[first + "mlp.up_proj.weight"].shape[0],
        norm=norm["type"] or "none",
        epsilon=number(norm.get("epsilon"), 1e-5),
        norm_bias="model.norm.bias" in weights,
        attention_bias=first + "self_attn.q_proj.bias" in weights,
        position=position["type"] or "none",
        rope_base=number(position.get("base"), 10000.0),
        sinusoid_base=number(position.get("base"), 10000.0),
        rope_layout=position.get("layout", "half"),
        max_positions=0 if table is None else table.shape[0],
        ffn=ffn["type"],
        ffn_bias=first + "mlp.up_proj.bias" in weights,
        tied_embeddings="lm_head.weight" not in weights,
    )


def read_training(workload: dict) -> Training:
    optimizer, schedule = component(workload["optimizer"]), component(workload["schedule"])
    lr = number(optimizer.get("lr"), 1e-3)
    steps = int(workload["steps"])
    return Training(
        steps=steps,
        lr=lr,
        min_lr=amount(schedule.get("min_lr"), lr, lr / 10),
        warmup=math.ceil(amount(schedule.get("warmup"), steps, min(100, steps // 10))),
        schedule=schedule["type"],
        beta1=number(optimizer.get("beta1"), 0.9),
        beta2=number(optimizer.get("beta2"), 0.95),
        epsilon=number(optimizer.get("epsilon"), 1e-8),
        weight_decay=number(optimizer.get("weight_decay"), 0.1),
        clip=number(optimizer.get("clip"), 1.0) or None,  # 0 turns clipping off
    )


def read_losses(path: Path) -> list:
    """The losses in order of step; lines without a training loss (evaluations) are passed over."""
    losses = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if "loss" in record:
            losses[record["step"]] = float("nan") if record["loss"] is None else record["loss"]
    return [losses[step] for step in sorted(losses)]


def read_cell(folder: Path) -> Cell:
    document = yaml.safe_load((folder / "resolved.yaml").read_text())
    workload = document["workload"]
    if workload["data_order"] != "sequential":
        sys.exit(f"{folder}: data_order is {workload['data_order']}; only a sequential run can be replayed")
    weights: dict[str, torch.Tensor] = load_file(folder / "checkpoint-initial" / "model.safetensors")
    return Cell(
        model=read_model(document["model"], weights),
        training=read_training(workload),
        sequence=int(workload["sequence"]),
        batch=int(workload["batch"]),
        weights=weights,
        losses=read_losses(folder / "steps.jsonl"),
    )
