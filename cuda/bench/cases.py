"""What is timed: attention, decoding and products of one shape, by the plugin and by PyTorch, on the same tensors."""
import ctypes
import math

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from plugin import BF16, F32, Attention, Backward, Forward, Gemm, Gradient, RowLayout

TOKENS, WIDTH = 16384, 2048  # of the FlashAttention papers' grid: tokens in all, heads x head_dim
LENGTHS = (512, 1024, 2048, 4096, 8192, 16384)
CACHES = ((1, 8192), (1, 32768), (1, 131072), (16, 8192), (4, 32768))  # sequences, cached tokens of each
BF, FL = torch.bfloat16, torch.float32
PRODUCTS = (
    (8192, 8192, 8192, BF), (16384, 3072, 768, BF), (16384, 768, 3072, BF), (16384, 50257, 768, BF),
    (4096, 512, 128, BF), (8, 4096, 4096, BF), (4096, 4096, 4096, FL), (1, 4096, 4096, FL))


def backends():
    """PyTorch's back ends of attention, as far as its version has them."""
    words = {"torch flash": "FLASH_ATTENTION", "torch cudnn": "CUDNN_ATTENTION",
             "torch efficient": "EFFICIENT_ATTENTION", "torch math": "MATH"}
    return {name: getattr(SDPBackend, word) for name, word in words.items() if hasattr(SDPBackend, word)}


class Candidate:
    """Something that computes a case. `run` enqueues it and returns its results, laid out as ours are."""

    def __init__(self, run, kept=(), plugin=None):
        self.run, self.kept, self.plugin = run, kept, plugin  # no plugin: PyTorch's


class Case:
    """One shape. Candidates are made when they are wanted, for making one may already fail."""

    def __init__(self, work, group, label, flops=0, moved=0):
        self.work, self.group, self.label, self.flops, self.moved = work, group, label, flops, moved
        self.makers = {}  # name: a function that gives a Candidate, or the reason why there is none
        self.exact = None  # a function that gives the results' float64, those of bf16 by the book, and a cut of results


class Cases:
    def __init__(self, plugin, device, own_products):
        self.plugin, self.device, self.own_products = plugin, device, own_products
        self.is_small = device == "cpu"  # over the emulation
        self.generator = torch.Generator(device).manual_seed(1)

    def makers(self):
        """Functions that make the cases, in the order of their importance."""
        lengths = [32] if self.is_small else LENGTHS
        for backward in (False, True):
            for dim in [128, 64] if self.is_small else [128, 64, 256]:
                for causal in (False, True):
                    for length in lengths:
                        yield lambda a=(dim, length, causal, backward): self.attention(*a)
        for cache in CACHES:
            yield lambda cache=cache: self.decode(*cache)
        for product in PRODUCTS:
            yield lambda product=product: self.gemm(*product)

    def normal(self, *shape, dtype=torch.bfloat16):
        return torch.randn(*shape, generator=self.generator, device=self.device, dtype=torch.float32).to(dtype)

    def scratch(self, size):
        return torch.empty(max(int(size), 1), device=self.device, dtype=torch.uint8)

    # Attention.

    def shape(self, q, k, causal, cached=False):
        batch, queries, heads, dim = q.shape
        kv_heads, keys = (k.shape[1], k.shape[2]) if cached else (k.shape[2], k.shape[1])
        if cached:
            rows = RowLayout(kv_heads * keys, keys, 1, keys, 0, BF16)
        else:
            rows = RowLayout(keys * kv_heads, 1, kv_heads, keys, 0, BF16)
        return Attention(
            batch=batch, queries=queries, keys=keys, heads=heads, kv_heads=kv_heads, head_dim=dim, rows=rows,
            scale=1 / math.sqrt(dim), causal=causal, offset=keys - queries, type=BF16)

    def ours(self, name, shape, q, k, v, dout=None):
        """A candidate of the plugin, or why there is none."""
        plugin, reason = self.plugin, ctypes.create_string_buffer(256)
        kernel = getattr(plugin.table, name)
        if not kernel:
            return "the plugin lacks it"
        kernel, backward = kernel.contents, dout is not None
        if not kernel.supports(plugin.context, ctypes.byref(shape), backward, reason, len(reason)):
            return f"it cannot do attention with {reason.value.decode()}"
        out = torch.empty_like(q)
        saved = torch.empty(max(kernel.saved_floats(ctypes.byref(shape)), 1), device=self.device)
        work = self.scratch(kernel.workspace(plugin.context, ctypes.byref(shape), False))
        forward = Forward(
            out=out.data_ptr(), saved=saved.data_ptr(), q=q.data_ptr(), k=k.data_ptr(), v=v.data_ptr(), shape=shape,
            workspace=work.data_ptr())
        kept = [out, saved, work, q, k, v]

        def run_forward():
            kernel.forward(plugin.context, ctypes.byref(forward))
            return [out]

        if not backward:
            return Candidate(run_forward, kept, plugin)
        gradients = [torch.empty_like(x) for x in (q, k, v)]
        work = self.scratch(kernel.workspace(plugin.context, ctypes.byref(shape), True))
        call = Backward(
            *[Gradient(x.data_ptr(), False) for x in gradients], dout=dout.data_ptr(), q=q.data_ptr(), k=k.data_ptr(),
            v=v.data_ptr(), out=out.data_ptr(), saved=saved.data_ptr(), shape=shape, workspace=work.data_ptr())

        def run_backward():
            kernel.backward(plugin.context, ctypes.byref(call))
            return gradients

        run_forward()
        return Candidate(run_backward, kept + [work, dout], plugin)

    def peer(self, backend, q, k, v, causal, dout=None):
        """One of PyTorch's back ends, with tensors as it wants them: [batch, heads, tokens, head_dim]."""
        inputs = [x.transpose(1, 2).detach().requires_grad_(dout is not None) for x in (q, k, v)]
        options = {"enable_gqa": True} if q.shape[2] != k.shape[2] else {}

        def forward():
            with sdpa_kernel(backend):
                return F.scaled_dot_product_attention(*inputs, is_causal=causal, **options)

        if dout is None:
            return Candidate(lambda: [forward().transpose(1, 2)])
        out, toward = forward(), dout.transpose(1, 2)

        def backward():
            return [x.transpose(1, 2) for x in torch.autograd.grad(out, inputs, toward, retain_graph=True)]

        return Candidate(backward)

    def attention(self, dim, length, causal, backward):
        tokens, width = (64, 2 * dim) if self.is_small else (TOKENS, WIDTH)
        heads, batch = width // dim, max(tokens // length, 1)
        q, k, v = (self.normal(batch, length, heads, dim) for _ in range(3))
        dout = self.normal(batch, length, heads, dim) if backward else None
        pairs = batch * heads * length * (length / 2 if causal else length)
        work = "backward" if backward else "forward"
        case = Case(
            work, f"{work} {dim}", f"d {dim}, {length}{', causal' if causal else ''}",
            flops=(10 if backward else 4) * dim * pairs)
        shape = self.shape(q, k, causal)
        for name in ("flash2", "flash3") if backward else ("flash2", "flash3", "flash3_fp8"):
            case.makers[name] = lambda name=name: self.ours(name, shape, q, k, v, dout)
        for name, backend in backends().items():
            # The scores of longer ones take too long, and too much memory.
            if name in ("torch flash", "torch cudnn") or length <= 1024:
                case.makers[name] = lambda backend=backend: self.peer(backend, q, k, v, causal, dout)
        case.exact = lambda: self.by_the_book(q, k, v, causal, dout)
        return case

    def by_the_book(self, q, k, v, causal, dout):
        """The last head of the last sequence, by its whole matrix of scores: in float64, and in bf16; and what cuts
        these numbers out of a result."""
        def naive(dtype):
            inputs = [x[-1, :, -1].to(dtype).detach().requires_grad_(dout is not None) for x in (q, k, v)]
            scores = inputs[0] @ inputs[1].T / math.sqrt(q.shape[-1])
            if causal:
                scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf)
            out = scores.softmax(-1) @ inputs[2]
            found = [out] if dout is None else torch.autograd.grad(out, inputs, dout[-1, :, -1].to(dtype))
            return [x.detach().double() for x in found]

        return naive(torch.float64), naive(torch.bfloat16), lambda x: x[-1, :, -1].double()

    def decode(self, batch, keys, heads=32, kv_heads=4, dim=128):
        if self.is_small:
            keys = 96
        q = self.normal(batch, 1, heads, dim)
        k, v = (self.normal(batch, kv_heads, keys, dim) for _ in range(2))
        case = Case(
            "decode", "decode", f"{batch} x {keys} keys, {heads} over {kv_heads} heads",
            moved=4 * batch * kv_heads * keys * dim)
        case.makers["flash2"] = lambda: self.ours("flash2", self.shape(q, k, True, cached=True), q, k, v)
        for name, backend in backends().items():
            if name != "torch math":
                case.makers[name] = lambda backend=backend: self.peer(
                    backend, q, k.transpose(1, 2), v.transpose(1, 2), False)
        # What the memory gives: bytes that are read, and those that are read and written again, as many in all.
        case.makers["torch sum"] = lambda: Candidate(lambda: [k.sum(dtype=FL), v.sum(dtype=FL)])
        copies = torch.empty_like(k[:, :, :keys // 2]), torch.empty_like(v[:, :, :keys // 2])

        def copy():
            return [to.copy_(x[:, :, :keys // 2]) for to, x in zip(copies, (k, v))]

        case.makers["torch copy"] = lambda: Candidate(copy)
        return case

    # Products: y[m, n] = x[m, k] w[n, k]^T, as linear layers have them.

    def product(self, plugin, x, w):
        y = torch.empty(x.shape[0], w.shape[0], device=self.device, dtype=x.dtype)
        kind = BF16 if x.dtype == torch.bfloat16 else F32
        call = Gemm(
            c=y.data_ptr(), a=x.data_ptr(), b=w.data_ptr(), m=x.shape[0], n=w.shape[0], k=x.shape[1],
            b_transposed=True, c_type=kind, a_type=kind, b_type=kind, compute=kind)
        work = self.scratch(plugin.table.gemm_workspace(plugin.context, ctypes.byref(call)))
        call.workspace = work.data_ptr()

        def run():
            plugin.table.gemm(plugin.context, ctypes.byref(call))
            return [y]

        return Candidate(run, [x, w, work], plugin)

    def gemm(self, m, n, k, dtype):
        if self.is_small:
            m, n, k = min(m, 40), min(n, 40), min(k, 48)
        x, w = self.normal(m, k, dtype=dtype), self.normal(n, k, dtype=dtype)
        case = Case(
            "gemm", "gemm", f"{m} x {n} x {k}, {'bf16' if dtype == torch.bfloat16 else 'f32'}", flops=2 * m * n * k)
        case.makers["gemm"] = lambda: self.product(self.plugin, x, w)
        case.makers["gemm, own kernels"] = lambda: self.product(self.own_products, x, w)
        case.makers["torch cublas"] = lambda: Candidate(lambda: [torch.matmul(x, w.t())])

        def exact():
            rows = slice(0, 256)
            truth = x[rows].double() @ w.double().t()
            return [truth], [(x[rows] @ w.t()).double()], lambda y: y[rows].double()

        case.exact = exact
        return case
