"""Models of images, once more, in plain PyTorch: what model.py has of texts, without a causal mask.

Shapes as there; R rows and C columns of patches, and tokens behind them that stand nowhere: registers, then a class
token. The patch embedding is a convolution here, with the weight of runexp's linear layer.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from draws import kept_samples
from model import Attention, Config, FeedForward, make_norm


@dataclass(frozen=True)
class ImageConfig(Config):
    """`vocabulary` is the number of classes; `position` is none, learned, sincos_2d or rope_2d."""

    height: int = 6
    image_width: int = 9
    channels: int = 2
    patch: int = 3
    class_token: bool = True
    registers: int = 0
    pool: str = "class_token"  # class_token | mean
    coordinates: str = "index"  # index | normalised
    order: str = "rows_first"  # rows_first | columns_first
    stochastic_depth: float = 0.0
    label_smoothing: float = 0.0

    @property
    def grid(self):
        return self.height // self.patch, self.image_width // self.patch

    @property
    def tokens(self):
        return self.grid[0] * self.grid[1] + self.registers + self.class_token


def grid_angles(c: ImageConfig):
    """The angles of every token's pairs, [T, E/2], 0 where it stands nowhere, in float64.

    index: r base^(-4k/E) (EVA-02, arXiv 2303.11331; arXiv 2403.13298); normalised: 2 pi times that of coordinates
    between -1 and 1 (DINOv3, arXiv 2508.10104).
    """
    rows, columns = c.grid
    count = c.head_dim // 4
    frequency = c.rope_base ** (-torch.arange(count, dtype=torch.float64) / count)

    def coordinates(size):
        index = torch.arange(size, dtype=torch.float64)
        return index if c.coordinates == "index" else 2 * math.pi * (2 * (index + 0.5) / size - 1)

    r = coordinates(rows)[:, None].expand(rows, columns).reshape(-1, 1) * frequency
    q = coordinates(columns)[None, :].expand(rows, columns).reshape(-1, 1) * frequency
    patches = torch.cat([r, q] if c.order == "rows_first" else [q, r], dim=1)
    nowhere = torch.zeros(c.tokens - rows * columns, 2 * count, dtype=torch.float64)
    return torch.cat([patches, nowhere])


def turn(x, angle, layout: str):
    """Rotates pair i of a head by its angle. x: [B, heads, T, E]."""
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)


def grid_sinusoids(c: ImageConfig, dtype):
    """The fixed table of MAE (arXiv 2111.06377), [T, D]: sines and cosines of the column, then of the row."""
    rows, columns = c.grid
    count = c.width // 4
    frequency = c.sinusoid_base ** (-torch.arange(count, dtype=torch.float64) / count)
    table = torch.zeros(c.tokens, c.width, dtype=torch.float64)
    for row in range(rows):
        for column in range(columns):
            parts = [f(at * frequency) for at in (column, row) for f in (torch.sin, torch.cos)]
            table[row * columns + column] = torch.cat(parts)
    return table.to(dtype)


class ImageAttention(Attention):
    """Attention in which every token sees every other one."""

    def forward(self, x):
        c, (rows, tokens, _) = self.c, x.shape
        split = lambda y: y.view(rows, tokens, -1, c.head_dim).transpose(1, 2)  # [B, heads, T, E]
        q, k, v = split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x))
        if c.position == "rope_2d":
            q, k = (turn(y, grid_angles(c), c.rope_layout) for y in (q, k))
        k, v = (y.repeat_interleave(c.heads // c.kv_heads, dim=1) for y in (k, v))
        weights = (q @ k.transpose(-2, -1) / math.sqrt(c.head_dim)).softmax(-1)
        return self.o_proj((weights @ v).transpose(1, 2).reshape(rows, tokens, -1))


class ImageBlock(nn.Module):
    """One pre-norm residual block; layer i of L leaves each sublayer out with probability p i / (L - 1)."""

    def __init__(self, c: ImageConfig, index: int):
        super().__init__()
        self.index = index
        self.rate = c.stochastic_depth * index / max(c.layers - 1, 1)
        self.input_layernorm = make_norm(c)
        self.self_attn = ImageAttention(c)
        self.post_attention_layernorm = make_norm(c)
        self.mlp = FeedForward(c)

    def forward(self, x, step):
        x = x + self.drop(self.self_attn(self.input_layernorm(x)), 0, step)
        return x + self.drop(self.mlp(self.post_attention_layernorm(x)), 1, step)

    def drop(self, y, sublayer, step):
        """y [B, T, D] without the samples that are left out; all of it in an evaluation, whose step is None."""
        if step is None or self.rate == 0:
            return y
        kept = kept_samples(len(y), self.rate, number=2 * (self.index - 1) + sublayer, step=step)
        return y * torch.tensor(kept, dtype=y.dtype)[:, None, None] / (1 - self.rate)


class ImageBody(nn.Module):
    """Patches, tokens behind them, positions, blocks, pooling, final norm."""

    def __init__(self, c: ImageConfig):
        super().__init__()
        self.c = c
        self.patch_embed = nn.Linear(c.channels * c.patch * c.patch, c.width)
        if c.registers:
            self.register_tokens = nn.Parameter(torch.zeros(c.registers, c.width))
        if c.class_token:
            self.class_token = nn.Parameter(torch.zeros(c.width))
        if c.position == "learned":
            self.embed_positions = nn.Embedding(c.tokens, c.width)
        self.layers = nn.ModuleList(ImageBlock(c, i) for i in range(c.layers))
        self.norm = make_norm(c)

    def forward(self, images, step):
        c = self.c
        kernel = self.patch_embed.weight.view(c.width, c.channels, c.patch, c.patch)
        x = F.conv2d(images, kernel, self.patch_embed.bias, stride=c.patch)  # [B, D, R, C]
        x = x.flatten(2).transpose(1, 2)
        behind = [self.register_tokens] if c.registers else []
        behind += [self.class_token[None]] if c.class_token else []
        if behind:
            x = torch.cat([x, torch.cat(behind).expand(len(images), -1, -1)], dim=1)
        if c.position == "learned":
            x = x + self.embed_positions.weight
        elif c.position == "sincos_2d":
            x = x + grid_sinusoids(c, x.dtype)
        for layer in self.layers:
            x = layer(x, step)
        patches = c.grid[0] * c.grid[1]
        return self.norm(x[:, -1] if c.pool == "class_token" else x[:, :patches].mean(1))


class Classifier(nn.Module):
    """images [B, channels, height, width] -> logits [B, classes]; in training the step says what is left out."""

    def __init__(self, c: ImageConfig):
        super().__init__()
        self.c = c
        self.model = ImageBody(c)
        self.head = nn.Linear(c.width, c.vocabulary)

    def forward(self, images, step=None):
        return self.head(self.model(images, step))


def class_loss(model, batch):
    """Mean cross-entropy of a training step in nats. batch: images, the class of each, the step from 0."""
    images, classes, step = batch
    return F.cross_entropy(model(images, step), classes, label_smoothing=model.c.label_smoothing)
