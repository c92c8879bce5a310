"""The models that runexp trains, in PyTorch, as one writes them today: one training step of each."""

import resource

import torch
import torch.nn.functional as F
from serve import THREADS, repeated, serve
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads, rotates):
        super().__init__()
        self.head_dim = width // heads
        self.rotates, self.repeats = rotates, kv_heads != heads
        self.q_proj = nn.Linear(width, width, bias=False)
        self.k_proj = nn.Linear(width, kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(width, kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(width, width, bias=False)

    def forward(self, x, cos, sin):
        rows, tokens, _ = x.shape
        q, k, v = (project(x).view(rows, tokens, -1, self.head_dim).transpose(1, 2)
                   for project in (self.q_proj, self.k_proj, self.v_proj))
        if self.rotates:
            q, k = (y * cos + torch.cat((-y[..., y.shape[-1] // 2:], y[..., :y.shape[-1] // 2]), -1) * sin
                    for y in (q, k))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.repeats)
        return self.o_proj(y.transpose(1, 2).reshape(rows, tokens, -1))


class SwiGLU(nn.Module):
    def __init__(self, width):
        super().__init__()
        hidden = -(-8 * width // 192) * 64
        self.gate_proj, self.up_proj = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class GELU(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Linear(width, 4 * width, bias=False), nn.GELU(), nn.Linear(4 * width, width, bias=False))


class Block(nn.Module):
    def __init__(self, model, width, heads, kv_heads):
        super().__init__()
        is_modern = model == "modern"
        norm = nn.RMSNorm if is_modern else nn.LayerNorm
        self.norm1, self.norm2 = norm(width, eps=1e-5), norm(width, eps=1e-5)
        self.attention = Attention(width, heads, kv_heads, is_modern)
        self.feed_forward = SwiGLU(width) if is_modern else GELU(width)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.norm1(x), cos, sin)
        return x + self.feed_forward(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self, model, vocabulary, layers, width, heads, kv_heads, tokens):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(model, width, heads, kv_heads) for _ in range(layers))
        self.norm = (nn.RMSNorm if model == "modern" else nn.LayerNorm)(width, eps=1e-5)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)
        half = torch.arange(0, width // heads, 2) / (width // heads)
        angles = torch.outer(torch.arange(tokens), 10_000.0 ** -half).repeat(1, 2)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, ids, targets):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), targets.flatten())


class Training:
    """One model with its optimizer, and a batch."""

    def __init__(self, shape, precision, compiles):
        torch.manual_seed(0)
        self.model = Transformer(
            *(shape[key] for key in ("model", "vocabulary", "layers", "width", "heads", "kv_heads", "sequence")))
        self.forward = torch.compile(self.model) if compiles else self.model
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3, fused=True)
        size = (shape["batch"], shape["sequence"])
        self.ids, self.targets = (torch.randint(shape["vocabulary"], size) for _ in range(2))
        self.is_half = precision == "bf16"

    def step(self):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.is_half):
            loss = self.forward(self.ids, self.targets)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()


torch.set_num_threads(THREADS)
trainings = {}  # the last work's, which is asked for in every round


def answer(request):
    work = str(request["shape"]) + request["precision"]
    if trainings.get("work") != work:
        trainings.clear()
        trainings["work"] = work
        torch.compiler.reset()
    if request["mode"] not in trainings:
        trainings[request["mode"]] = Training(request["shape"], request["precision"], request["mode"] == "compile")
        trainings[request["mode"]].step()
    training = trainings[request["mode"]]
    seconds = repeated(training.step, request["seconds"])
    return {
        "step": seconds, "parameters": sum(weight.numel() for weight in training.model.parameters()),
        "resident_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "version": torch.__version__,
    }


serve(answer)
