"""A real model and one of random weights, by kinds of weights and caches, against llama.cpp and transformers."""

import random
import subprocess
from pathlib import Path

from child import Failed
from ours import EXPERIMENTS
from works import OURS, Group, Work, generate
from works.train import text

PROMPT, NEW = generate.PROMPT, generate.NEW
DEPTHS = (0, generate.DEPTH)
TOKENS = generate.TOKENS
SHAPED, REAL = "Llama-shaped", "SmolLM2-135M"
VOCABULARY = 49_152
LLAMA, TRANSFORMERS = "llama.cpp", "transformers"
# Of weights: the exact cache of their kind, and what llama.cpp has of either.
CACHES = {"f32": "f32", "bf16": "bf16", "q8": "bf16"}
THEIRS = {"bf16": "f16", "q8": "q8"}
GOALS = {LLAMA: {"prefill": 2.0, "decode": 1.5}, TRANSFORMERS: 3.0, "share": 0.85}


def smollm2():
    """Its GGUF file; `Failed` where it cannot be had."""
    script = Path(__file__).resolve().parent.parent.parent / "scripts" / "smollm2-file"
    done = subprocess.run([str(script)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or "it cannot be fetched")
    return Path(done.stdout.strip())


def ids(folder):
    """A file of random tokens, of which the validation split holds a prompt."""
    path = folder / "ids.txt"
    if not path.exists():
        draw = random.Random(1)
        path.write_text(" ".join(str(draw.randrange(VOCABULARY)) for _ in range(12 * TOKENS)))
    return path


def ours(context, model, weights, cache, depth):
    """- model: a file; None for random weights."""
    is_half = weights != "f32" and context.machine["has_bf16_products"]
    # A row of bf16 by Q8 is multiplied in fixed point there.
    is_half = is_half or weights == "q8" and context.machine["isa"].startswith("x86-64-v3")
    settings = {
        "precision": "bf16" if is_half else "f32", "workload.weight_type": weights, "workload.cache": cache,
        "workload.depth": depth, "workload.prompt_tokens": depth + PROMPT}
    if model:
        experiment = "model.yaml"
        settings |= {"model.from": model, "workload.dataset.name": ids(context.program.folder)}
    else:
        experiment = "generate.yaml"
        settings["workload.dataset"] = text(context.program.folder, TOKENS)
    metrics, _, _ = context.program.run(EXPERIMENTS / experiment, settings)
    return {"prefill": PROMPT / metrics["prefill_tokens_per_s"], "decode": metrics["decode_seconds"],
            "shares": {"decode": metrics["bandwidth_percent"] / 100}}


def theirs(context, program, model, depth, **kinds):
    request = {"depth": depth, "prompt": PROMPT, "decode": NEW, "tokens": TOKENS}
    what = {"file": str(model)} if model else {"shape": generate.SHAPE | {"kv_heads": 4}}
    return context.child(program).ask(request | what | kinds)


def work(context, model, weights, cache, depth):
    """Peers stand where they have such weights and such a cache."""
    contestants = {OURS: lambda: ours(context, model, weights, cache, depth)}
    if weights in THEIRS:
        contestants[LLAMA] = lambda: theirs(
            context, "llama_cpp_generate.py", model, depth, weights=THEIRS[weights], cache=THEIRS[cache])
    if weights == cache and weights != "q8":
        contestants[TRANSFORMERS] = lambda: theirs(context, "transformers_generate.py", model, depth, weights=weights)
    goals = GOALS | ({LLAMA: 2.0} if cache == "q8" else {})
    name = f"{REAL if model else SHAPED}, {weights} weights, {cache} cache, depth {depth}"
    return Work("models", name, contestants, goals, rounds=3)


def groups(context):
    if context.is_quick:
        return []
    models, left_out = [None], ""
    try:
        models.append(smollm2())
    except Failed as failure:
        left_out = f" {REAL} is left out: {failure}."
    works = [work(context, model, weights, cache, depth)
             for model in models for weights, exact in CACHES.items() for depth in DEPTHS for cache in (exact, "q8")]
    about = (
        f"After so many tokens in the cache, {PROMPT} more are read at once, then {NEW} one by one. {SHAPED}: 8 "
        f"layers, width 1024, 16 heads on 4 key/value heads, random weights; {REAL}: its own. Where ours is bf16, "
        "llama.cpp's is f16. Beside weights in Q8 and bf16 ours rounds activations to bf16 where that is quicker, "
        "llama.cpp to Q8 and f16. Llama.cpp with f32 weights is in the table above, transformers has no Q8 here."
        + left_out)
    return [Group("Models", "bandwidth", about, works)]
