"""Computes the fixture that holds generation with a key/value cache to PyTorch in float64.

    python Tests/Fixtures/make_generation_fixture.py [--check]

Needs torch, numpy and safetensors; with transformers installed, the run `full` is also held to LlamaForCausalLM and
the run `window` to MistralForCausalLM, both generating with their own caches. With --check nothing is written: what
is computed is compared with the files.

cached-generation.safetensors, all f32:
    weights/P      the parameters of one model, which both runs share
    RUN/logits     [B, P + N - 1, V]: those of the prompt, then those of every token of the continuation but the last
cached-generation.json: the model; `prompt` [B][P]; and two `runs`, each with its `window` (keys that a query sees,
itself included; 0 for all), its `tokens` [B][N], the greedy continuation, and `margin`, the smallest lead in logits
of a token that was taken over the next best. The margin is what f32 has to spare: seeds with less are passed over.
"""

import itertools
import math
from dataclasses import asdict

import torch
import torch.nn.functional as F

from fixture_files import error, finish, wants_check
from make_fixtures import MODERN, build, initial_weights, transformers_model
from model import rope

ROWS, PROMPT, CONTINUATION, WINDOW = 2, 11, 24, 7
MARGIN = 0.02


def attend(attention, x, cache: list, window: int):
    """`attention` over x [B, n, D], tokens that follow those in `cache`, which holds keys and values and gets more."""
    c, (rows, count, _) = attention.c, x.shape
    start = cache[0].shape[2] if cache else 0
    split = lambda y: y.view(rows, count, -1, c.head_dim).transpose(1, 2)
    # Positions are absolute: rows of zeros stand for what came before.
    turn = lambda y: rope(F.pad(y, (0, 0, start, 0)), c.rope_base, c.rope_layout)[:, :, start:]
    q = turn(split(attention.q_proj(x)))
    new = [turn(split(attention.k_proj(x))), split(attention.v_proj(x))]
    cache[:] = [torch.cat([old, y], dim=2) for old, y in zip(cache, new)] if cache else new
    k, v = (y.repeat_interleave(c.heads // c.kv_heads, dim=1) for y in cache)
    scores = q @ k.transpose(-2, -1) / math.sqrt(c.head_dim)
    distance = torch.arange(start, start + count)[:, None] - torch.arange(start + count)
    hidden = distance < 0
    if window:
        hidden |= distance >= window
    weights = scores.masked_fill(hidden, -math.inf).softmax(-1)
    return attention.o_proj((weights @ v).transpose(1, 2).reshape(rows, count, -1))


def forward(model, tokens, caches: list, window: int):
    """Logits [B, n, V] of `tokens` [B, n], which follow those in `caches`, one a layer."""
    x = model.model.embed_tokens(tokens)
    for layer, cache in zip(model.model.layers, caches):
        x = x + attend(layer.self_attn, layer.input_layernorm(x), cache, window)
        x = x + layer.mlp(layer.post_attention_layernorm(x))
    return model.lm_head(model.model.norm(x))


def generate(model, prompt, window: int):
    """The greedy continuation [B, N], the logits of every step [B, P + N - 1, V], and the smallest lead."""
    caches = [[] for _ in model.model.layers]
    logits = [forward(model, prompt, caches, window)]
    tokens = []
    while True:
        tokens.append(logits[-1][:, -1:].argmax(-1))
        if len(tokens) == CONTINUATION:
            break
        logits.append(forward(model, tokens[-1], caches, window))
    logits, tokens = torch.cat(logits, 1), torch.cat(tokens, 1)
    best = logits[:, prompt.shape[1] - 1:].topk(2).values
    return tokens, logits, float((best[..., 0] - best[..., 1]).min())


def check_uncached(model, prompt, tokens, logits, window: int):
    """Fails unless one pass over all tokens gives the logits that came step by step."""
    everything = torch.cat([prompt, tokens[:, :-1]], 1)
    passes = [forward(model, everything, [[] for _ in model.model.layers], window)]
    if not window:
        passes.append(model(everything))
    for whole in passes:
        assert error(logits, whole) < 1e-12


def check_transformers(weights, prompt, tokens, logits, window: int):
    """Fails unless transformers gives the same logits step by step, with a cache of its own."""
    model = transformers_model(MODERN, weights, window)
    if model is None:
        return
    step = model(prompt, use_cache=True)
    theirs = [step.logits]
    for token in tokens[:, :-1].split(1, dim=1):
        step = model(token, past_key_values=step.past_key_values, use_cache=True)
        theirs.append(step.logits)
    off = error(logits, torch.cat(theirs, 1))
    assert off < 1e-12, f"off from {type(model).__name__} by {off:.1e}"
    print(f"window {window}: error against {type(model).__name__} with its cache {off:.1e}")


@torch.no_grad()
def main():
    check = wants_check(__doc__)
    torch.set_num_threads(1)
    for seed in itertools.count(1):
        generator = torch.Generator().manual_seed(seed)
        weights = initial_weights(MODERN, generator)
        prompt = torch.randint(MODERN.vocabulary, (ROWS, PROMPT), generator=generator)
        model = build(MODERN, weights)
        runs = {name: (w, *generate(model, prompt, w)) for name, w in (("full", 0), ("window", WINDOW))}
        varied = all(len(row.unique()) > 5 for run in runs.values() for row in run[1])
        if varied and all(run[3] > MARGIN for run in runs.values()):
            break
    assert not torch.equal(runs["full"][1], runs["window"][1]), "the window changes nothing"
    tensors = {f"weights/{name}": weight for name, weight in weights.items()}
    document = {"model": asdict(MODERN), "seed": seed, "prompt": prompt.tolist(), "runs": {}}
    for name, (window, tokens, logits, margin) in runs.items():
        check_uncached(model, prompt, tokens, logits, window)
        check_transformers(weights, prompt, tokens, logits, window)
        tensors[f"{name}/logits"] = logits
        document["runs"][name] = {"window": window, "tokens": tokens.tolist(), "margin": margin}
        print(f"{name}: seed {seed}, margin {margin:.3f}, {tokens[0].tolist()}")
    finish("cached-generation", tensors, document, check)


if __name__ == "__main__":
    main()
