"""Computes the fixtures that hold attention to PyTorch's scaled_dot_product_attention in float64.

    python Tests/Fixtures/make_attention_fixtures.py [--check]

Needs torch, numpy and safetensors. With --check nothing is written: what is computed is compared with the files.

attention-SHAPE.safetensors, all f32 (the computation is in float64 and starts from these f32 inputs):
    q, dout [B, Sq, H, d], k, v [B, Sk, K, d]      shared by all cases of the shape
    slopes [H], keep, bias                         masks, where a case has them; any of their four axes may be 1
    CASE/out, CASE/dq, CASE/dk, CASE/dv            like q, q, k, v
    CASE/max_logit [B, H]                          the largest logit of a key that is not hidden
attention-SHAPE.json: the cases. Query i stands at the position of key i + offset, and
    logit = softcap(q . k / sqrt(d)) - slope * |i + offset - j| + bias,  softcap(x) = c tanh(x / c);
a causal mask hides keys j > i + offset, a window W keys with |i + offset - j| >= W (so W counts the query itself),
`keep` those where it is 0, `bias` those where it is -inf. softcap 0 and window 0 mean none.

What is stored is `attend`, written out below, because it says what a query that sees no key gives: probabilities of 0
instead of 0/0, so that its output and all gradients through it are 0. PyTorch has several ways to say most cases;
each that can is run too, gradients included, and must agree: see `others`.
"""

import math
import warnings
import zlib
from dataclasses import asdict, dataclass

import torch
from torch.nn.attention.bias import causal_lower_right
from torch.nn.attention.flex_attention import flex_attention
from torch.nn.functional import scaled_dot_product_attention

from fixture_files import error, finish, wants_check
from make_position_fixtures import alibi_slopes

AGREEMENT = 1e-12


@dataclass(frozen=True)
class Shape:
    batch: int
    heads: int
    kv_heads: int
    queries: int
    keys: int
    head_dim: int


@dataclass(frozen=True)
class Case:
    causal: bool = False
    offset: int = 0
    window: int = 0
    softcap: float = 0.0
    alibi: bool = False
    keep: str = ""  # the tensor that holds the boolean mask
    bias: str = ""  # the tensor that holds the additive mask


# Lengths and most head dimensions are no multiples of a vector or a tile; `long` is longer than any kernel's tile.
SHAPES = {
    "square": (Shape(2, 4, 2, 37, 37, 4), {
        "full": Case(),
        "causal": Case(causal=True),
        "window": Case(causal=True, window=8),
        "window-both-sides": Case(window=5),
        "softcap": Case(causal=True, softcap=1.5),
        "alibi": Case(causal=True, alibi=True),
        "alibi-both-sides": Case(alibi=True),
        "keep": Case(keep="keep"),
        "padding": Case(keep="padding"),
        "keep-causal": Case(causal=True, keep="keep"),
        "padding-bias": Case(keep="padding", bias="bias"),
    }),
    "wide": (Shape(1, 4, 2, 37, 53, 8), {
        "top-left": Case(causal=True),
        "bottom-right": Case(causal=True, offset=16),
        "window": Case(causal=True, offset=16, window=11),
        "alibi": Case(causal=True, offset=16, alibi=True),
        "alibi-both-sides": Case(offset=16, alibi=True, softcap=2.0),
        "bias": Case(bias="bias"),
        "masks": Case(causal=True, offset=16, keep="keep", bias="bias"),
        "everything": Case(True, 16, 23, 2.0, True, "keep", "bias"),
    }),
    "tall": (Shape(1, 4, 2, 53, 37, 8), {
        "top-left": Case(causal=True),
        "bottom-right": Case(causal=True, offset=-16),
        "softcap": Case(causal=True, offset=-16, softcap=2.0),
        "window": Case(causal=True, window=7),
    }),
    "mha": (Shape(1, 4, 4, 37, 37, 8), {"causal": Case(causal=True)}),
    "mqa": (Shape(1, 4, 1, 37, 37, 8), {"causal": Case(causal=True)}),
    "groups-of-4": (Shape(1, 8, 2, 19, 37, 4), {"bottom-right": Case(causal=True, offset=18)}),
    "head-59": (Shape(1, 2, 1, 19, 37, 59), {"bottom-right": Case(causal=True, offset=18)}),
    "long": (Shape(1, 2, 1, 150, 150, 3), {
        "causal": Case(causal=True),
        "window": Case(causal=True, window=33),
        "alibi-both-sides": Case(alibi=True),
        "alibi-window-both-sides": Case(alibi=True, window=40, offset=3),
    }),
    "one-query": (Shape(2, 4, 2, 1, 53, 8), {
        "bottom-right": Case(causal=True, offset=52),
        "window": Case(causal=True, offset=52, window=20),
        "alibi-both-sides": Case(offset=30, alibi=True),
        "padding": Case(keep="padding"),
    }),
}


def inputs(name: str, shape: Shape, cases: dict) -> dict:
    """The f32 tensors that the cases of a shape start from."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    normal = lambda *extents: torch.randn(extents, generator=generator)
    uniform = lambda *extents: torch.rand(extents, generator=generator)
    s = shape
    tensors = {
        "q": normal(s.batch, s.queries, s.heads, s.head_dim),
        "k": normal(s.batch, s.keys, s.kv_heads, s.head_dim),
        "v": normal(s.batch, s.keys, s.kv_heads, s.head_dim),
        "dout": normal(s.batch, s.queries, s.heads, s.head_dim),
    }
    masks = {case.keep for case in cases.values()} | {case.bias for case in cases.values()}
    if "keep" in masks:
        keep = uniform(1, 1, s.queries, s.keys) < 0.6
        keep[..., 5, :] = False  # a query that sees nothing
        keep[..., :, 3] = False  # a key that nobody sees
        tensors["keep"] = keep
    if "padding" in masks:
        lengths = torch.tensor([s.keys - 9, s.keys])[:, None, None, None]
        tensors["padding"] = torch.arange(s.keys) < lengths
    if "bias" in masks:
        bias = normal(1, s.heads, s.queries, s.keys)
        bias[uniform(*bias.shape) < 0.1] = -math.inf
        tensors["bias"] = bias
    if any(case.alibi for case in cases.values()):
        tensors["slopes"] = torch.tensor(alibi_slopes(s.heads))
    return {key: value if value.dtype == torch.bool else value.float() for key, value in tensors.items()}


def mask(case: Case, tensors: dict, shape: Shape):
    """What is added to the logits, [B or 1, H or 1, Sq, Sk]: -inf where a key is hidden."""
    added = torch.zeros(1, 1, shape.queries, shape.keys, dtype=torch.float64)
    distance = torch.arange(shape.keys) - (torch.arange(shape.queries)[:, None] + case.offset)
    if case.alibi:
        added = added + tensors["slopes"].double()[:, None, None] * -distance.abs()
    if case.bias:
        added = added + tensors[case.bias].double()
    if case.keep:
        added = added.masked_fill(~tensors[case.keep], -math.inf)
    if case.causal:
        added = added.masked_fill(distance > 0, -math.inf)
    if case.window:
        added = added.masked_fill(distance.abs() >= case.window, -math.inf)
    return added


def attend(case: Case, q, k, v, added):
    """Attention as the formula says, heads before tokens: the output and the largest logits."""
    group = q.shape[1] // k.shape[1]
    k, v = (x.repeat_interleave(group, dim=1) for x in (k, v))
    logits = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if case.softcap:
        logits = case.softcap * torch.tanh(logits / case.softcap)
    logits = logits + added
    blind = (logits == -math.inf).all(-1, keepdim=True)
    exponentials = torch.exp(logits - logits.amax(-1, keepdim=True).masked_fill(blind, 0).detach())
    total = exponentials.sum(-1, keepdim=True)
    return exponentials / total.masked_fill(blind, 1) @ v, logits.amax((-2, -1))


def sdpa(q, k, v, **options):
    return scaled_dot_product_attention(q, k, v, enable_gqa=True, **options)


def others(case: Case, added):
    """The ways in which PyTorch itself can say this case: name -> function of q, k, v."""
    if case.softcap:
        def score(logit, b, h, i, j):
            bias = added[b % added.shape[0], h % added.shape[1], i, j]
            return case.softcap * torch.tanh(logit / case.softcap) + bias
        # On a CPU it has no backward.
        return {"flex_attention": lambda *x: flex_attention(
            *(y.detach() for y in x), score_mod=score, enable_gqa=True)}
    ways = {"attn_mask": lambda *x: sdpa(*x, attn_mask=added)}
    queries, keys = added.shape[-2:]
    if case == Case(causal=True):
        ways["is_causal"] = lambda *x: sdpa(*x, is_causal=True)
    if case == Case(causal=True, offset=keys - queries):
        ways["causal_lower_right"] = lambda *x: sdpa(
            *x, attn_mask=causal_lower_right(queries, keys))
    return ways


def differentiated(function, q, k, v, dout):
    """The output of attention over [B, S, heads, d], and the three gradients if it has them."""
    leaves = [x.double().requires_grad_() for x in (q, k, v)]
    out = function(*(x.transpose(1, 2) for x in leaves)).transpose(1, 2)
    if not out.requires_grad:
        return [out]
    out.backward(dout.double())
    return [out.detach()] + [x.grad for x in leaves]


def compute(name: str, shape: Shape, cases: dict):
    """One fixture, and the largest disagreement with each of PyTorch's own ways."""
    tensors = inputs(name, shape, cases)
    start = [tensors[key] for key in ("q", "k", "v", "dout")]
    worst: dict = {}
    for label, case in cases.items():
        added = mask(case, tensors, shape)
        results = differentiated(lambda *x: attend(case, *x, added)[0], *start)
        assert all(x.isfinite().all() for x in results), f"{name}/{label}"
        heads_first = (x.double().transpose(1, 2) for x in start[:3])
        results.append(attend(case, *heads_first, added)[1])
        for way, function in others(case, added).items():
            theirs = differentiated(function, *start)
            off = max(error(a, b) for a, b in zip(theirs, results))
            assert off < AGREEMENT, f"{name}/{label}: {way} is off by {off:.1e}"
            worst[way] = max(off, worst.get(way, 0))
        keys = ("out", "dq", "dk", "dv", "max_logit")
        tensors |= {f"{label}/{key}": x for key, x in zip(keys, results)}
    document = {"shape": asdict(shape), "cases": {key: asdict(case) for key, case in cases.items()}}
    return tensors, document, worst


def main():
    check = wants_check(__doc__)
    torch.set_num_threads(1)  # one order of summation
    torch.compiler.set_stance("force_eager")  # compiled, flex_attention refuses a second score_mod
    warnings.filterwarnings("ignore", message="Lower right|flex_attention")
    for name, (shape, cases) in SHAPES.items():
        tensors, document, worst = compute(name, shape, cases)
        finish(f"attention-{name}", tensors, document, check)
        print(f"{name}: {len(cases)} cases;", ", ".join(f"{w} {e:.0e}" for w, e in worst.items()))


if __name__ == "__main__":
    main()
