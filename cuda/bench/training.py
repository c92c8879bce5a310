#!/usr/bin/env python3
"""Times a training step of the program in bf16 beside that of the same model in PyTorch, compiled, on one GPU.

    cuda/bench/training.py build/cuda/pack/runexp [--csv FILE] [--seconds 60] [--only mini|gpt2]
    cuda/bench/training.py --compile-only      fills PyTorch's cache of compiled code, and times nothing

Both train the same shapes on random tokens: forward, loss, backward, clipping at 1, AdamW. They take turns: the
program trains in a process of its own, while PyTorch's waits. PyTorch's steps are queued without waiting for their
losses; its time is that of all of them, over their number. With --emulation the shapes are tiny.
"""
import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SHAPES = {
    "mini": {"label": "mini-GPT, 5 M", "layers": 6, "width": 256, "heads": 8, "kv_heads": 4, "modern": True,
             "vocabulary": 65, "text": 100_000, "sequence": 256, "batch": 64, "steps": 200},
    "gpt2": {"label": "GPT-2, 124 M", "layers": 12, "width": 768, "heads": 12, "kv_heads": 12, "modern": False,
             "vocabulary": 50304, "text": 100_608, "sequence": 1024, "batch": 16, "steps": 30},
}
TINY = {"layers": 1, "width": 32, "heads": 2, "kv_heads": 2, "vocabulary": 65, "text": 800, "sequence": 16, "batch": 2,
        "steps": 4}
MODES = {"mini": ["default", "reduce-overhead"], "gpt2": ["default"]}  # of torch.compile; the latter makes CUDA graphs
FIELDS = ["model", "candidate", "median_seconds", "least_seconds", "greatest_seconds", "rounds", "tokens_per_second",
          "reason"]


# The program's.


def experiment(shape, device, text):
    if shape["modern"]:
        model = (f"norm: rmsnorm, position: rope, ffn: swiglu, "
                 f"attention: {{type: gqa, heads: {shape['heads']}, kv_heads: {shape['kv_heads']}}}")
    else:
        model = (f"norm: layernorm, position: learned, ffn: {{type: gelu, bias: true}}, tied_embeddings: true, "
                 f"attention: {{type: mha, heads: {shape['heads']}, bias: true}}")
    return f"""# How long does a training step take?
name: training
device: {device}
precision: bf16
seeds: [1]
model: {{layers: {shape['layers']}, width: {shape['width']}, {model}}}
workload:
  type: train
  dataset: {{name: {text}}}
  sequence: {shape['sequence']}
  batch: {shape['batch']}
  steps: {shape['steps']}
  evaluate_every: 0
  sample: {{tokens: 0}}
"""


def write_text(path, vocabulary, count):
    """A text of `count` characters, `vocabulary` different ones: each at least once, the rest by chance."""
    def character(i):
        return chr(0x4E00 + i) if i < 20000 else chr(0x20000 + i - 20000)  # two ranges of Chinese ones

    numbers = list(range(vocabulary)) + torch.randint(
        vocabulary, (count - vocabulary,), generator=torch.Generator().manual_seed(1)).tolist()
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(character(i) for i in numbers))


def train_ours(program, file, results, limit):
    """The median step of one training, in seconds."""
    command = [program, "run", file, "--quiet", "--results", results]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])
    with open(os.path.join(results, "training", "latest", "cells.csv"), newline="") as table:
        row = next(csv.DictReader(table))
    return float(row["step_seconds"])


# PyTorch's.


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads, modern):
        super().__init__()
        self.heads, self.kv_heads, self.dim, self.modern = heads, kv_heads, width // heads, modern
        self.q, self.o = (nn.Linear(width, width, bias=not modern) for _ in range(2))
        self.k, self.v = (nn.Linear(width, kv_heads * self.dim, bias=not modern) for _ in range(2))

    def forward(self, x, cos, sin):
        batch, tokens, width = x.shape
        q, k, v = (f(x).view(batch, tokens, -1, self.dim).transpose(1, 2) for f in (self.q, self.k, self.v))
        if self.modern:
            def turn(y):
                a, b = y.chunk(2, -1)
                return torch.cat((a * cos - b * sin, b * cos + a * sin), -1).to(y.dtype)

            q, k = turn(q), turn(k)
        options = {"enable_gqa": True} if self.heads != self.kv_heads else {}
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, **options)
        return self.o(y.transpose(1, 2).reshape(batch, tokens, width))


class SwiGLU(nn.Module):
    def __init__(self, width):
        super().__init__()
        hidden = -(-8 * width // 3 // 64) * 64
        self.gate, self.up = (nn.Linear(width, hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, width, heads, kv_heads, modern):
        super().__init__()
        norm = nn.RMSNorm if modern else nn.LayerNorm
        self.norm1, self.norm2 = norm(width), norm(width)
        self.attention = Attention(width, heads, kv_heads, modern)
        self.ffn = SwiGLU(width) if modern else nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, cos, sin):
        x = x + self.attention(self.norm1(x), cos, sin)
        return x + self.ffn(self.norm2(x))


class Model(nn.Module):
    def __init__(self, layers, width, heads, kv_heads, modern, vocabulary, sequence, **_):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = None if modern else nn.Embedding(sequence, width)
        self.blocks = nn.ModuleList(Block(width, heads, kv_heads, modern) for _ in range(layers))
        self.norm = (nn.RMSNorm if modern else nn.LayerNorm)(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        if not modern:
            self.head.weight = self.embedding.weight
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
        dim = width // heads
        angles = torch.outer(torch.arange(sequence), 10000.0 ** (-torch.arange(0, dim, 2) / dim))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        if self.positions is not None:
            x = x + self.positions.weight
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), targets.flatten())


class Peer:
    """A compiled model with its optimizer, whose first steps are behind it."""

    def __init__(self, shape, mode, device):
        torch.manual_seed(1)
        self.device = device
        self.model = Model(**shape).to(device)
        matrices = [p for p in self.model.parameters() if p.dim() >= 2]
        others = [p for p in self.model.parameters() if p.dim() < 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=1e-3, fused=True)
        self.loss = torch.compile(self.model, mode=mode)
        size = (shape["batch"], shape["sequence"])
        self.tokens, self.targets = (torch.randint(shape["vocabulary"], size, device=device) for _ in range(2))
        for _ in range(4):
            self.step()
        self.wait()

    def step(self):
        with torch.autocast(self.device, dtype=torch.bfloat16):
            loss = self.loss(self.tokens, self.targets)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def seconds(self, steps):
        """Of one step, of so many in a row."""
        self.wait()
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        self.wait()
        return (time.perf_counter() - start) / steps


# Both.


def compare(name, shape, arguments, folder, end):
    """A row for each candidate."""
    device = "cpu" if arguments.emulation else "cuda"
    makers, times, reasons = {}, {}, {}
    if arguments.program:
        text, file = os.path.join(folder, f"{name}.txt"), os.path.join(folder, f"{name}.yaml")
        write_text(text, shape["vocabulary"], shape["text"])
        with open(file, "w") as out:
            out.write(experiment(shape, "cuda", text))
        makers["runexp"] = lambda: lambda: train_ours(
            arguments.program, file, os.path.join(folder, name), max(end - time.monotonic(), 1))
    for mode in MODES[name]:
        def make(mode=mode):
            peer = Peer(shape, mode, device)
            return lambda: peer.seconds(shape["steps"])

        makers[f"torch compiled, {mode}"] = make
    runs = {}
    for _ in range(3):
        for candidate, make in makers.items():
            if candidate in reasons or (candidate in times and time.monotonic() > end):
                continue
            try:
                runs[candidate] = runs.get(candidate) or make()
                if not arguments.compile_only:
                    seconds = runs[candidate]()
                    times.setdefault(candidate, []).append(seconds)
            except Exception as error:  # of whatever kind: the others go on
                if isinstance(error, subprocess.TimeoutExpired) and candidate in times:
                    continue  # a further round for which there was no time
                reasons[candidate] = (str(error) or repr(error)).splitlines()[0]
        if arguments.compile_only:
            break
    tokens = shape["batch"] * shape["sequence"]
    for candidate, found in times.items():
        yield {"model": shape["label"], "candidate": candidate, "median_seconds": statistics.median(found),
               "least_seconds": min(found), "greatest_seconds": max(found), "rounds": len(found),
               "tokens_per_second": tokens / statistics.median(found)}
    for candidate, reason in reasons.items():
        yield {"model": shape["label"], "candidate": candidate, "reason": reason}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?")
    parser.add_argument("--csv", default="/dev/null", help="a file for every figure")
    parser.add_argument("--seconds", type=float, default=60, help="after which no further round begins")
    parser.add_argument("--only", choices=list(SHAPES))
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--emulation", action="store_true", help="tiny shapes; PyTorch's on the CPU")
    arguments = parser.parse_args()
    names, failed = [arguments.only] if arguments.only else list(SHAPES), False
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, open(arguments.csv, "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for number, name in enumerate(names):
            shape = SHAPES[name] | (TINY if arguments.emulation else {})
            end = start + arguments.seconds * (number + 1) / len(names)
            for row in compare(name, shape, arguments, folder, end):
                writer.writerow(row)
                file.flush()
                failed |= "reason" in row
                rate = row.get("reason") or (
                    f"{row['median_seconds'] * 1e3:.3f} ms ({row['least_seconds'] * 1e3:.3f} to "
                    f"{row['greatest_seconds'] * 1e3:.3f}), {row['tokens_per_second']:.4g} tokens/s")
                print(f"{row['model']:14} {row['candidate']:32} {rate}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
