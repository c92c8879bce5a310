"""Attention alone, forward and with its gradients, against torch's scaled_dot_product_attention."""

from ours import EXPERIMENTS
from works import OURS, Group, Work

PEER = "torch SDPA"


def ours(context, tokens, heads=8, kv_heads=8, head_dim=64, window=None, precision="f32", settings=None):
    metrics, _, _ = context.program.run(EXPERIMENTS / "attention.yaml", {
        "model.width": heads * head_dim, "model.attention.heads": heads, "model.attention.kv_heads": kv_heads,
        "model.attention.window": window or "none", "workload.sequence": tokens, "precision": precision,
        "workload.seconds": context.seconds} | (settings or {}))
    forward, backward = metrics["forward_seconds"], metrics["backward_seconds"]
    operations = (forward * metrics["forward_flops_per_s"], backward * metrics["backward_flops_per_s"])
    peak = 100 * metrics["forward_flops_per_s"] / metrics["forward_peak_percent"]
    both = forward + backward
    return {"forward": forward, "forward and backward": both, "shares": {
        "forward": operations[0] / forward / peak, "forward and backward": sum(operations) / both / peak}}


def work(context, tokens, heads=8, kv_heads=8, head_dim=64, window=None, precision="f32", is_causal=True):
    name = f"{precision}, {tokens} tokens, d {head_dim}"
    name += f", {heads} heads on {kv_heads}" if heads != kv_heads else ""
    name += f", window {window}" if window else ""
    name += "" if is_causal else ", not causal"
    settings = {} if is_causal else {"workload.causal": "false"}

    def theirs():
        return context.child("torch_attention.py").ask({
            "tokens": tokens, "heads": heads, "kv_heads": kv_heads, "head_dim": head_dim, "window": window,
            "precision": precision, "is_causal": is_causal, "seconds": context.seconds})

    is_plain = precision == "f32" and head_dim == 64 and heads == kv_heads and not window
    shares = {"forward": 0.75} if is_plain else {}
    goals = {PEER: 1.4 if is_causal else 1.3}
    if tokens >= 2048:
        goals["share"] = shares | {"forward and backward": 0.65}
    return Work("attention", name, {
        OURS: lambda: ours(context, tokens, heads, kv_heads, head_dim, window, precision, settings),
        PEER: theirs}, goals)


def beside_plain(context, name, settings):
    """What a function of the scores costs: at most 15 % over attention without it."""
    return Work("attention", f"f32, 2048 tokens, d 64, {name}", {
        OURS: lambda: ours(context, 2048, settings=settings), "runexp without": lambda: ours(context, 2048)},
        {"runexp without": 1 / 1.15})


def groups(context):
    if context.is_quick:
        works = [work(context, tokens) for tokens in (1024, 4096)]
    else:
        works = [work(context, tokens) for tokens in (512, 1024, 2048, 4096, 8192)]
        works += [work(context, 2048, head_dim=head_dim) for head_dim in (32, 80, 128, 256)]
        works += [work(context, 2048, kv_heads=2), work(context, 4096, window=256)]
        if context.machine["has_bf16_products"]:
            works += [work(context, tokens, precision="bf16") for tokens in (1024, 2048, 4096)]
        works += [beside_plain(context, "ALiBi", {"model.position": "alibi"}),
                  beside_plain(context, "softcap 30", {"model.attention.softcap": 30})]
    about = ("One sequence of 8 query heads, causal; of bf16 the share is that of the bf16 peak. PyTorch has no window "
             "but by an explicit mask, and no softcap; its products in f32 are MKL's, which takes AVX-512 on Intel's "
             "processors alone. ALiBi and softcap are held against ours without them.")
    return [Group("Attention", "peak", about, works)]
