"""The models of runexp, once more, in plain PyTorch: what every component computes, to be read and compared with.

Not fast, and not a training program: attention is written out, no kernel is fused, and rows are whole sequences.
Parameter names are those of the checkpoints (the Hugging Face Llama layout), so `load_state_dict` takes one as it is.
Shapes: B rows, T tokens, D width, H query heads, K key and value heads, E head_dim, V vocabulary.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Config:
    vocabulary: int
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    norm: str = "rmsnorm"  # rmsnorm | layernorm | none
    epsilon: float = 1e-5
    norm_bias: bool = False  # layernorm only
    attention_bias: bool = False
    position: str = "rope"  # none | sinusoidal | learned | rope
    rope_base: float = 10000.0
    rope_layout: str = "half"  # half | interleaved
    sinusoid_base: float = 10000.0
    max_positions: int = 0  # rows of the learned table
    ffn: str = "swiglu"  # gelu | relu | silu | swiglu | geglu
    ffn_bias: bool = False
    tied_embeddings: bool = False


class Norm(nn.Module):
    """RMSNorm (Zhang and Sennrich 2019) or LayerNorm (Ba et al. 2016) over the last axis."""

    def __init__(self, c: Config):
        super().__init__()
        self.kind, self.epsilon = c.norm, c.epsilon
        self.weight = nn.Parameter(torch.ones(c.width))
        has_bias = c.norm == "layernorm" and c.norm_bias
        self.bias = nn.Parameter(torch.zeros(c.width)) if has_bias else None

    def forward(self, x):
        if self.kind == "layernorm":
            x = x - x.mean(-1, keepdim=True)
        y = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight
        return y if self.bias is None else y + self.bias


def make_norm(c: Config):
    return nn.Identity() if c.norm == "none" else Norm(c)


def rope(x, base: float, layout: str):
    """Rotates pair i of a head by position * base^(-2i/E) (Su et al. 2021). x: [B, heads, T, E].

    `half` pairs element i with i + E/2, `interleaved` pairs 2i with 2i + 1. Angles are always computed in
    double precision: in single, they are off by 1e-4 radians after a few thousand positions.
    """
    tokens, head_dim = x.shape[-2:]
    frequency = base ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
    angle = torch.outer(torch.arange(tokens, dtype=torch.float64), frequency)  # [T, E/2]
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    if layout == "half":
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)


def sinusoids(tokens: int, width: int, base: float, dtype):
    """The fixed table of Vaswani et al. 2017, [T, D]: sine in even columns, cosine in odd ones."""
    column = torch.arange(width)
    frequency = base ** (-(column // 2 * 2).to(torch.float64) / width)
    angle = torch.outer(torch.arange(tokens, dtype=torch.float64), frequency)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).to(dtype)


class Attention(nn.Module):
    """Causal attention; query head h reads key and value head h // (H / K). MHA is K = H, MQA is K = 1."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        bias = c.attention_bias
        self.q_proj = nn.Linear(c.width, c.heads * c.head_dim, bias=bias)
        self.k_proj = nn.Linear(c.width, c.kv_heads * c.head_dim, bias=bias)
        self.v_proj = nn.Linear(c.width, c.kv_heads * c.head_dim, bias=bias)
        self.o_proj = nn.Linear(c.heads * c.head_dim, c.width, bias=bias)

    def forward(self, x):
        c, (rows, tokens, _) = self.c, x.shape
        split = lambda y: y.view(rows, tokens, -1, c.head_dim).transpose(1, 2)  # [B, heads, T, E]
        q, k, v = split(self.q_proj(x)), split(self.k_proj(x)), split(self.v_proj(x))
        if c.position == "rope":
            q, k = (rope(y, c.rope_base, c.rope_layout) for y in (q, k))
        k, v = (y.repeat_interleave(c.heads // c.kv_heads, dim=1) for y in (k, v))
        scores = q @ k.transpose(-2, -1) / math.sqrt(c.head_dim)
        later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(later, -math.inf).softmax(-1)
        return self.o_proj((weights @ v).transpose(1, 2).reshape(rows, tokens, -1))


ACTIVATIONS = {
    "gelu": F.gelu,  # x * Phi(x) by the error function, not its tanh approximation
    "relu": F.relu,
    "silu": F.silu,
    "swiglu": F.silu,
    "geglu": F.gelu,
}


class FeedForward(nn.Module):
    """down(act(up(x))), or, gated (Shazeer 2020), down(act(gate(x)) * up(x))."""

    def __init__(self, c: Config):
        super().__init__()
        self.activation = ACTIVATIONS[c.ffn]
        self.gate_proj = None
        if c.ffn in ("swiglu", "geglu"):
            self.gate_proj = nn.Linear(c.width, c.hidden, bias=c.ffn_bias)
        self.up_proj = nn.Linear(c.width, c.hidden, bias=c.ffn_bias)
        self.down_proj = nn.Linear(c.hidden, c.width, bias=c.ffn_bias)

    def forward(self, x):
        if self.gate_proj is None:
            return self.down_proj(self.activation(self.up_proj(x)))
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    """One pre-norm residual block (Xiong et al. 2020)."""

    def __init__(self, c: Config):
        super().__init__()
        self.input_layernorm = make_norm(c)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = make_norm(c)
        self.mlp = FeedForward(c)

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    """Embedding, positions, blocks, final norm. It exists so that names begin with `model.`."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.embed_tokens = nn.Embedding(c.vocabulary, c.width)
        if c.position == "learned":
            self.embed_positions = nn.Embedding(c.max_positions, c.width)
        self.layers = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = make_norm(c)

    def forward(self, tokens):
        x = self.embed_tokens(tokens)
        count = tokens.shape[1]
        if self.c.position == "learned":
            x = x + self.embed_positions.weight[:count]
        elif self.c.position == "sinusoidal":
            x = x + sinusoids(count, self.c.width, self.c.sinusoid_base, x.dtype)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class Transformer(nn.Module):
    """tokens [B, T] -> logits [B, T, V]."""

    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.model = Body(c)
        if not c.tied_embeddings:
            self.lm_head = nn.Linear(c.width, c.vocabulary, bias=False)

    def forward(self, tokens):
        x = self.model(tokens)
        table = self.model.embed_tokens if self.c.tied_embeddings else self.lm_head
        return F.linear(x, table.weight)


def next_token_loss(model, window):
    """Mean cross-entropy in nats of window[:, 1:] after window[:, :-1]. window: [B, T + 1]."""
    logits = model(window[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), window[:, 1:].flatten())
