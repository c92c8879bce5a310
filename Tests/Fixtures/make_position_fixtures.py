"""Computes the fixtures of positions in float64: rope.json, rope.safetensors and alibi.json.

    python Tests/Fixtures/make_position_fixtures.py [--check]

Needs torch, numpy and safetensors; with transformers installed, every formula here is also held to its.
With --check nothing is written: what is computed is compared with the files.

rope.json: `positions` [P], and `cases` by name, each with `base` and `scaling` in the words of an experiment file,
`head_dim`, `inverse_frequencies` [d/2] in radians a position (float64), and `attention_factor`, which multiplies
cosine and sine.
rope.safetensors, all f32, rounded only at the end:
    CASE/cos, CASE/sin [P, d/2]              with the attention factor
    CASE/q [P, 2, d]                         a query of two heads at each position
    CASE/half, CASE/interleaved [P, 2, d]    what becomes of q in the two pair layouts
alibi.json: the slopes of ALiBi, a list for each number of heads.
"""

import math
from dataclasses import asdict, dataclass, field

import torch

from fixture_files import error, finish, wants_check

POSITIONS = [0, 1, 2047, 4096, 131071]


@dataclass(frozen=True)
class Rope:
    head_dim: int
    base: float = 10000.0
    scaling: dict = field(default_factory=lambda: {"type": "none"})


CASES = {
    "none": Rope(64),
    "none-base-500000": Rope(48, base=500000.0),
    "linear": Rope(64, scaling={"type": "linear", "factor": 4.0}),
    "ntk": Rope(64, scaling={"type": "ntk", "factor": 8.0}),
    "yarn": Rope(64, scaling={"type": "yarn", "factor": 16.0, "original_length": 4096}),
    "yarn-other": Rope(48, base=1e6, scaling={
        "type": "yarn", "factor": 4.0, "original_length": 2048, "beta_fast": 16.0, "beta_slow": 2.0}),
    "llama3": Rope(64, base=500000.0, scaling={
        "type": "llama3", "factor": 8.0, "original_length": 8192}),
    "llama3-other": Rope(128, scaling={
        "type": "llama3", "factor": 32.0, "original_length": 1024,
        "low_freq_factor": 2.0, "high_freq_factor": 8.0}),
}
# What a scaling means where it does not say otherwise.
DEFAULTS = {
    "factor": 1.0, "original_length": 4096,
    "beta_fast": 32.0,  # yarn: turns within the original length above which a pair is left alone
    "beta_slow": 1.0,  # and below which it is interpolated
    "low_freq_factor": 1.0,  # llama3: the same, the other way round
    "high_freq_factor": 4.0,
}


def frequencies(c: Rope):
    """Radians a position of each pair [d/2], and the factor on cosine and sine."""
    o = DEFAULTS | c.scaling
    d, s, kind = c.head_dim, o["factor"], o["type"]
    pair = torch.arange(d // 2, dtype=torch.float64)
    if kind == "ntk":  # bloc97 2023: a larger base, so that only the last pair is interpolated in full
        return (c.base * s ** (d / (d - 2))) ** (-2 * pair / d), 1.0
    plain = c.base ** (-2 * pair / d)
    if kind == "linear":  # Chen et al. 2023, position interpolation
        return plain / s, 1.0
    if kind == "yarn":  # Peng et al. 2023
        def pair_turning(turns):  # the pair, as a fraction, that turns so often within the original length
            return d * math.log(o["original_length"] / (2 * math.pi * turns)) / (2 * math.log(c.base))
        first = max(math.floor(pair_turning(o["beta_fast"])), 0)
        last = min(math.ceil(pair_turning(o["beta_slow"])), d - 1)
        interpolated = ((pair - first) / max(last - first, 1e-3)).clamp(0, 1)
        return plain / s * interpolated + plain * (1 - interpolated), 0.1 * math.log(s) + 1
    if kind == "llama3":  # Llama 3.1
        turns = o["original_length"] * plain / (2 * math.pi)
        low, high = o["low_freq_factor"], o["high_freq_factor"]
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        return plain / s * (1 - kept) + plain * kept, 1.0
    return plain, 1.0


def rotated(q, cos, sin, layout: str):
    """q [P, heads, d] with the pairs of each row turned by that row of the tables [P, d/2]."""
    cos, sin = cos[:, None], sin[:, None]
    if layout == "half":
        a, b = q.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
    a, b = q[..., 0::2], q[..., 1::2]
    return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)


def alibi_slopes(heads: int) -> list:
    """Press et al. 2021: 2^(-8 i / n), i = 1..n, where n is a power of two.

    Otherwise those of the power of two below, then every second one of the power of two above.
    """
    power = 2 ** math.floor(math.log2(heads))
    below = [2 ** (-8 * i / power) for i in range(1, power + 1)]
    above = [2 ** (-8 * i / (2 * power)) for i in range(1, 2 * (heads - power), 2)]
    return below + above


def error_against_transformers(c: Rope, inverse, factor, q, cos, sin) -> float:
    """The largest disagreement with transformers, which computes all this in f32."""
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
    from transformers.models.cohere.modeling_cohere import apply_rotary_pos_emb as turn_interleaved
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as turn_half

    # transformers knows NTK scaling as `dynamic`: with a factor of 1 it gives, at s times the trained length, base'.
    o = DEFAULTS | c.scaling
    length = o["original_length"]
    trained = {"original_max_position_embeddings": length}
    parameters = {
        "none": {"rope_type": "default"},
        "linear": {"rope_type": "linear", "factor": o["factor"]},
        "ntk": {"rope_type": "dynamic", "factor": 1.0},
        "yarn": {"rope_type": "yarn"} | trained
        | {key: o[key] for key in ("factor", "beta_fast", "beta_slow")},
        "llama3": {"rope_type": "llama3"} | trained
        | {key: o[key] for key in ("factor", "low_freq_factor", "high_freq_factor")},
    }[o["type"]]
    if parameters.keys() >= trained.keys():
        length = int(length * o["factor"])
    config = LlamaConfig(
        hidden_size=2 * c.head_dim, num_attention_heads=2, head_dim=c.head_dim,
        max_position_embeddings=length, rope_parameters=parameters | {"rope_theta": c.base})
    if o["type"] == "none":
        theirs, their_factor = LlamaRotaryEmbedding(config).inv_freq, 1.0
    else:
        compute = ROPE_INIT_FUNCTIONS[parameters["rope_type"]]
        theirs, their_factor = compute(config, None, seq_len=int(length * o["factor"]))
    worst = [
        float((theirs.double() / inverse - 1).abs().max()), abs(their_factor / factor - 1)
    ]
    heads_first = q.transpose(0, 1)[None]  # [1, heads, P, d]
    twice = {
        "half": (turn_half, lambda x: torch.cat([x, x], -1)[None]),
        "interleaved": (turn_interleaved, lambda x: x.repeat_interleave(2, -1)[None]),
    }
    for layout, (turn, spread) in twice.items():
        out = turn(heads_first, heads_first, spread(cos), spread(sin))[0][0].transpose(0, 1)
        worst.append(error(out, rotated(q, cos, sin, layout)))
    return max(worst)


def rope(check: bool):
    generator = torch.Generator().manual_seed(1)
    tensors, cases = {}, {}
    for name, c in CASES.items():
        inverse, factor = frequencies(c)
        angles = torch.outer(torch.tensor(POSITIONS, dtype=torch.float64), inverse)
        cos, sin = factor * angles.cos(), factor * angles.sin()
        q = torch.randn(len(POSITIONS), 2, c.head_dim, generator=generator)
        tensors |= {f"{name}/cos": cos, f"{name}/sin": sin, f"{name}/q": q}
        for layout in ("half", "interleaved"):
            tensors[f"{name}/{layout}"] = rotated(q.double(), cos, sin, layout)
        cases[name] = asdict(c) | {
            "inverse_frequencies": inverse.tolist(), "attention_factor": factor}
        try:
            off = error_against_transformers(c, inverse, factor, q.double(), cos, sin)
        except ImportError:
            continue
        assert off < 1e-6, f"rope {name}: off from transformers by {off:.1e}"
        print(f"rope {name}: error against transformers {off:.1e}")
    finish("rope", tensors, {"positions": POSITIONS, "cases": cases}, check)


def alibi(check: bool):
    slopes = {heads: alibi_slopes(heads) for heads in (1, 2, 3, 4, 6, 8, 12, 16, 20)}
    finish("alibi", {}, {str(heads): values for heads, values in slopes.items()}, check)
    try:
        from transformers.models.bloom.modeling_bloom import build_alibi_tensor
    except ImportError:
        return
    for heads, values in slopes.items():  # theirs [heads, 1, keys] is slope times position
        theirs = build_alibi_tensor(torch.ones(1, 2), heads, torch.float32)[:, 0, 1]
        off = error(theirs, values)
        assert off < 1e-6, f"alibi, {heads} heads: off from transformers by {off:.1e}"
    print(f"alibi: {len(slopes)} head counts agree with transformers")


def main():
    check = wants_check(__doc__)
    torch.set_num_threads(1)
    rope(check)
    alibi(check)


if __name__ == "__main__":
    main()
