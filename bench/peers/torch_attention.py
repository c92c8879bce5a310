"""Attention alone in PyTorch: its scaled_dot_product_attention, which takes a flash kernel where it has one."""

import torch
import torch.nn.functional as F
from serve import THREADS, repeated, serve

torch.set_num_threads(THREADS)


def answer(request):
    torch.manual_seed(0)
    tokens, heads, kv_heads, head_dim = (request[key] for key in ("tokens", "heads", "kv_heads", "head_dim"))
    kind = torch.bfloat16 if request["precision"] == "bf16" else torch.float32

    def tensor(count):
        return torch.randn(1, tokens, count, head_dim, dtype=kind).transpose(1, 2)

    q, k, v = (tensor(count).requires_grad_() for count in (heads, kv_heads, kv_heads))
    gradient = tensor(heads)
    how = {"is_causal": request["is_causal"]}
    if window := request["window"]:  # there is no option for it: a mask says which keys are seen
        place = torch.arange(tokens)
        distance = place[:, None] - place[None, :]
        how = {"attn_mask": (distance >= 0) & (distance < window)}

    def attention():
        return F.scaled_dot_product_attention(q, k, v, enable_gqa=heads != kv_heads, **how)

    def forward():
        with torch.no_grad():
            attention()

    def both():
        q.grad = k.grad = v.grad = None
        attention().backward(gradient)

    return {
        "forward": repeated(forward, request["seconds"] / 3),
        "forward and backward": repeated(both, request["seconds"]), "version": torch.__version__,
    }


serve(answer)
