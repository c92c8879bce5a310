"""Generation with a filled key/value cache, against llama.cpp; and attention's part of decoding by itself."""

from ours import EXPERIMENTS
from works import OURS, Group, Work
from works.train import VOCABULARY, text

DEPTH, PROMPT, NEW = 4096, 512, 32
TOKENS = DEPTH + PROMPT + NEW
SHAPE = {"layers": 8, "width": 1024, "heads": 16, "hidden": 2816, "vocabulary": VOCABULARY}
PEER = "llama.cpp"
F32, BF16 = "runexp, f32 cache", "runexp, bf16 cache"


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
    """A Q8 cache is held against one in bf16 as well, which reads twice as much: in the same rounds, as times drift."""
    contestants = {
        OURS: lambda: ours(context, kv_heads, cache), PEER: lambda: theirs(context, kv_heads, cache)}
    goals = {PEER: 2.0, "share": {"decode": 0.85}}
    if cache == "q8":
        contestants[BF16] = lambda: {"decode": ours(context, kv_heads, "bf16")["decode"]}
        goals[BF16] = 1.0
    return Work("generate", f"{kv_heads} key/value heads, {cache} cache", contestants, goals, rounds=3)


# Sequences, and key/value heads of the 8 query heads, for which what decoding gives is told.
CACHES = {"MHA": (1, 8), "GQA": (1, 2), "MQA": (1, 1), "4 x MHA": (4, 8), "16 x GQA": (16, 2), "32 x MQA": (32, 1)}
KEYS, HEAD_DIM = 8192, 128
BYTES = {"f32": 4, "bf16": 2, "q8": 34 / 32}  # of a number; a block of 32 has a scale of 2 bytes


def is_beyond(kind, cache, last_level_bytes):
    """Whether keys and values do not fit the last cache, where its size is known."""
    sequences, kv_heads = CACHES[kind]
    return 0 < last_level_bytes < 2 * sequences * kv_heads * KEYS * HEAD_DIM * BYTES[cache]


class Decoding:
    """What the op cases of decoding give, and how caches of f32 and bf16 do of the same shape in the same round."""

    def __init__(self, context):
        self.context, self.measured, self.askers = context, None, set()

    def cases(self, asker):
        """Those of a round, in which each contestant asks once: the first has them measured for all."""
        if self.measured is None or asker in self.askers:
            self.measured, self.askers = self.times(), set()
        self.askers.add(asker)
        return self.measured

    def times(self):
        times = {}
        for case in self.context.program.kernels("cached_attention", "f32", self.context.seconds / 4):
            _, cache, _, kind = case["detail"].split(", ")  # such as `flash2, q8, decode, 4 x MHA`
            times[kind, cache] = case["forward"]
        return times

    def ours(self):
        times = {f"{kind}, {cache}": time for (kind, cache), time in self.cases(OURS).items()}
        return {figure: time["seconds"] for figure, time in times.items()} | {
            "shares": {figure: time["share_of_bandwidth"] for figure, time in times.items()}}

    def of(self, contestant, larger, smaller):
        """The times of a type of cache under the names of those types that are smaller."""
        times = self.cases(contestant)
        return {f"{kind}, {cache}": times[kind, larger]["seconds"] for kind, cache in times if cache in smaller}

    def work(self):
        last = self.context.machine["last_level_bytes"]
        shares = {f"{kind}, {cache}": 0.85 for kind in CACHES for cache in BYTES if is_beyond(kind, cache, last)}
        faster = {f"{kind}, q8": 3.0 for kind in CACHES if is_beyond(kind, "q8", last)}
        contestants = {OURS: self.ours, F32: lambda: self.of(F32, "f32", ("bf16", "q8")),
                       BF16: lambda: self.of(BF16, "bf16", ("q8",))}
        return Work("decode", "f32", contestants, {"share": shares, F32: faster, BF16: 1.0})


def groups(context):
    if context.is_quick:
        return []
    works = [work(context, kv_heads, cache) for kv_heads in (16, 4, 1) for cache in ("bf16", "q8")]
    about = (f"A Llama-shaped model of 8 layers, width 1024, 16 heads and f32 weights, {DEPTH} tokens in its cache: "
             f"{PROMPT} tokens more are read at once, then {NEW} one by one. Where ours is bf16, llama.cpp's is f16.")
    alone = (f"One query of 8 heads of {HEAD_DIM} numbers, {KEYS} keys, of 8 key/value heads (MHA), 2 or 1; and that "
             "of several sequences, whose caches do not fit the last cache. What fits it can go beyond the bandwidth.")
    return [Group("Generation", "bandwidth", about, works), Group(
        "Attention of a decoding step", "bandwidth", alone, [Decoding(context).work()])]
