"""AdamW, its schedule and clipping as runexp's train workload has them, on the models of model.py.

One step: loss, gradients, clip, AdamW at the step's rate. Not a data loader: the caller hands in the windows, or
whatever the loss is of.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn

from model import next_token_loss


@dataclass(frozen=True)
class Training:
    steps: int
    lr: float
    min_lr: float = 0.0
    warmup: int = 0
    schedule: str = "cosine"  # cosine | linear | constant
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    clip: float | None = 1.0  # largest global gradient norm; None never clips


def learning_rate(c: Training, step: int) -> float:
    """The rate of a step counted from 0: linear warm-up that never is 0, then down to `min_lr` at the last step."""
    if step < c.warmup:
        return c.lr * (step + 1) / c.warmup
    if c.schedule == "constant":
        return c.lr
    last = c.steps - 1
    part = 1.0 if step >= last > 0 else (step - c.warmup) / max(last - c.warmup, 1)
    if c.schedule == "linear":
        return c.lr + part * (c.min_lr - c.lr)
    return c.min_lr + 0.5 * (1 + math.cos(math.pi * part)) * (c.lr - c.min_lr)


def make_optimizer(model, c: Training):
    """AdamW (Loshchilov and Hutter 2019); decay on matrices (embeddings too), none on norms and biases."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": c.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=c.lr, betas=(c.beta1, c.beta2), eps=c.epsilon)


def train(model, c: Training, window_of_step, steps: int | None = None, loss_of=next_token_loss):
    """Trains in place; yields (loss before the update, gradient norm before clipping) of each step."""
    optimizer = make_optimizer(model, c)
    for step in range(c.steps if steps is None else steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(c, step)
        loss = loss_of(model, window_of_step(step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        limit = math.inf if c.clip is None else c.clip  # scale = min(1, limit / (norm + 1e-6))
        norm = nn.utils.clip_grad_norm_(model.parameters(), limit)
        optimizer.step()
        yield loss.item(), norm.item()
