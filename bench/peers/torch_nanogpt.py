"""nanoGPT's CPU configuration in PyTorch: a training with its evaluations, or only some of its steps.

The model of GPT-2 without biases and dropout: 4 layers and 4 heads of width 128, 64 characters, 12 rows a step, tied
embeddings. AdamW with a cosine schedule; every 250 steps a loss over 20 batches, and at the end over the whole
validation split, as runexp takes it.
"""

import math
import time

import torch
import torch.nn.functional as F
from serve import THREADS, repeated, serve
from torch import nn

LAYERS, HEADS, WIDTH, TOKENS, ROWS = 4, 4, 128, 64, 12
STEPS, WARMUP, RATE, LEAST_RATE = 2000, 100, 1e-3, 1e-4
torch.set_num_threads(THREADS)


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return F.layer_norm(x, (WIDTH,), self.weight, None, 1e-5)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = Norm(), Norm()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x):
        rows, tokens, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(rows, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(rows, tokens, WIDTH))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, WIDTH), nn.Embedding(TOKENS, WIDTH)
        self.blocks, self.norm = nn.Sequential(*(Block() for _ in range(LAYERS))), Norm()
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                joins = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * LAYERS) if joins else 0.02)

    def forward(self, ids, targets):
        x = self.blocks(self.tokens(ids) + self.positions.weight[: ids.shape[1]])
        return F.cross_entropy(F.linear(self.norm(x), self.tokens.weight).flatten(0, 1), targets.flatten())


class Training:
    def __init__(self, path):
        with open(path) as file:
            text = file.read()
        numbers = {character: number for number, character in enumerate(sorted(set(text)))}
        ids = torch.tensor([numbers[character] for character in text])
        cut = int(0.9 * len(ids))
        self.train, self.validation = ids[:cut], ids[cut:]
        torch.manual_seed(1337)
        self.model = GPT(len(numbers))
        parameters = list(self.model.parameters())
        self.optimizer = torch.optim.AdamW(
            [{"params": [weight for weight in parameters if weight.dim() == 2], "weight_decay": 0.1},
             {"params": [weight for weight in parameters if weight.dim() < 2], "weight_decay": 0.0}],
            lr=RATE, betas=(0.9, 0.99), fused=True)

    def batch(self, ids):
        starts = torch.randint(len(ids) - TOKENS, (ROWS,))
        return (torch.stack([ids[start + shift : start + shift + TOKENS] for start in starts]) for shift in (0, 1))

    def step(self, number):
        part = (number - WARMUP) / (STEPS - WARMUP)
        rate = (RATE * (number + 1) / WARMUP if number < WARMUP
                else LEAST_RATE + 0.5 * (1 + math.cos(math.pi * part)) * (RATE - LEAST_RATE))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.model(*self.batch(self.train))
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    @torch.no_grad()
    def whole_loss(self):
        """Over every window of the validation split, 100 at a time."""
        windows = (len(self.validation) - 1) // TOKENS
        ids = self.validation[: windows * TOKENS].view(windows, TOKENS)
        targets = self.validation[1 : windows * TOKENS + 1].view(windows, TOKENS)
        losses = [self.model(some, next_ones).item() * len(some)
                  for some, next_ones in zip(ids.split(100), targets.split(100))]
        return sum(losses) / windows

    @torch.no_grad()
    def estimate(self):
        return sum(self.model(*self.batch(self.validation)).item() for _ in range(20)) / 20


def answer(request):
    training = Training(request["text"])
    facts = {"version": torch.__version__}
    if not request["whole"]:
        return facts | {"step": repeated(lambda: training.step(0), request["seconds"], warm=3)}
    start = time.perf_counter()
    for number in range(STEPS):
        if number % 250 == 0:
            training.estimate()
        training.step(number)
    loss = training.whole_loss()
    return facts | {"training": time.perf_counter() - start, "val_loss": loss}


serve(answer)
