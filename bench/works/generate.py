"""Generation with a filled key/value cache, against llama.cpp; and attention's part of decoding by itself."""

from ours import EXPERIMENTS
from works import OURS, Group, Work
from works.train import VOCABULARY, text

DEPTH, PROMPT, NEW = 4096, 512, 32
TOKENS = DEPTH + PROMPT + NEW
SHAPE = {"layers": 8, "width": 1024, "heads": 16, "hidden": 2816, "vocabulary": VOCABULARY}
PEER = "llama.cpp"


def ours(context, kv_heads, cache):
    metrics, _, _ = context.program.run(EXPERIMENTS / "generate.yaml", {
        "workload.dataset": text(context.program.folder, TOKENS), "model.attention.kv_heads": kv_heads,
        "workload.cache": cache})
    return {"prefill": PROMPT / metrics["prefill_tokens_per_s"], "decode": metrics["decode_seconds"],
            "shares": {"decode": metrics["bandwidth_percent"] / 100}}


def theirs(context, kv_heads, cache):
    return context.child("llama_cpp_generate.py").ask({
        "shape": SHAPE | {"kv_heads": kv_heads}, "weights": "f32", "cache": {"bf16": "f16"}.get(cache, cache),
        "depth": DEPTH, "prompt": PROMPT, "decode": NEW, "tokens": TOKENS})


def work(context, kv_heads, cache):
    return Work("generate", f"{kv_heads} key/value heads, {cache} cache", {
        OURS: lambda: ours(context, kv_heads, cache), PEER: lambda: theirs(context, kv_heads, cache)},
        {PEER: 2.0, "share": 0.85}, rounds=3)


def decoding(context):
    """What the op cases of decoding give: one query of 8 heads of 128 numbers over 8192 cached keys."""
    times = {}
    for case in context.program.kernels("cached_attention", "f32", context.seconds / 4):
        _, cache, _, kind = case["detail"].split(", ")  # such as `flash2, q8, decode, MQA`
        times[f"{kind}, {cache}"] = case["forward"]
    return {figure: time["seconds"] for figure, time in times.items()} | {
        "shares": {figure: time["share_of_bandwidth"] for figure, time in times.items()}}


def groups(context):
    if context.is_quick:
        return []
    works = [work(context, kv_heads, cache) for kv_heads in (16, 4, 1) for cache in ("bf16", "q8")]
    about = (f"A Llama-shaped model of 8 layers, width 1024, 16 heads and f32 weights, {DEPTH} tokens in its cache: "
             f"{PROMPT} tokens more are read at once, then {NEW} one by one. Where ours is bf16, llama.cpp's is f16.")
    alone = ("One query of 8 heads of 128 numbers, 8192 keys, of 8 key/value heads (MHA), 2 or 1. What fits the last "
             "cache can go beyond the bandwidth; where few key/value heads are shared, multiply-adds set the pace.")
    return [Group("Generation", "bandwidth", about, works), Group(
        "Attention of a decoding step", "bandwidth", alone,
        [Work("decode", "f32", {OURS: lambda: decoding(context)})])]
