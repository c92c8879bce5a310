#!/usr/bin/env python3
"""Times the plugin's attention and products beside PyTorch's, on the same tensors of one GPU.

    cuda/bench/peers.py build/cuda/librunexp_cuda.so [--seconds 200] [--csv FILE] [--only forward|backward|decode|gemm]

The candidates of a shape take turns, round by round, and are timed by their own device's events, so that clocks and
heat are the same for all. Prints a table of medians with the ratio to the fastest peer, and writes every figure as CSV.
Errors are the largest against float64, as a multiple of those of a naive attention in bf16; up to 2 is faultless, 3 for
gradients. With --emulation the library is the host's emulation and the shapes are tiny: that tries this program, not
the kernels' speed.
"""
import argparse
import csv
import ctypes
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from plugin import BF16, F32, Attention, Backward, Forward, Gemm, Gradient, Plugin, RowLayout

TOKENS, WIDTH = 16384, 2048  # of the FlashAttention papers' grid: tokens in all, heads x head_dim
BACKENDS = {
    "torch flash": SDPBackend.FLASH_ATTENTION, "torch cudnn": SDPBackend.CUDNN_ATTENTION,
    "torch efficient": SDPBackend.EFFICIENT_ATTENTION, "torch math": SDPBackend.MATH,
}


class Case:
    """One shape: inputs, and a function for each candidate."""

    def __init__(self, work, label, flops, moved):
        self.work, self.label, self.flops, self.moved = work, label, flops, moved
        self.candidates, self.times, self.errors, self.failures = {}, {}, {}, {}


class Bench:
    def __init__(self, arguments):
        self.emulation = arguments.emulation
        self.device = "cpu" if self.emulation else "cuda"
        self.plugin = Plugin(arguments.plugin)
        self.seconds = arguments.seconds
        self.only = arguments.only
        self.generator = torch.Generator(self.device).manual_seed(1)

    # Inputs.

    def normal(self, *shape, dtype=torch.bfloat16):
        return torch.randn(*shape, generator=self.generator, device=self.device, dtype=torch.float32).to(dtype)

    def empty(self, *shape, dtype=torch.bfloat16):
        return torch.empty(*shape, device=self.device, dtype=dtype)

    def scratch(self, size):
        return self.empty(max(int(size), 1), dtype=torch.uint8)

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

    def ours(self, case, name, kernel, shape, q, k, v, dout=None):
        """Adds a candidate of the plugin, or why there is none."""
        plugin = self.plugin
        reason = ctypes.create_string_buffer(256)
        if not kernel:
            case.failures[name] = "the plugin lacks it"
            return None
        kernel = kernel.contents
        backward = dout is not None
        if not kernel.supports(plugin.context, ctypes.byref(shape), backward, reason, len(reason)):
            case.failures[name] = f"it cannot do attention with {reason.value.decode()}"
            return None
        out = torch.empty_like(q)
        saved = self.empty(max(kernel.saved_floats(ctypes.byref(shape)), 1), dtype=torch.float32)
        work = self.scratch(kernel.workspace(plugin.context, ctypes.byref(shape), False))
        forward = Forward(
            out=out.data_ptr(), saved=saved.data_ptr(), q=q.data_ptr(), k=k.data_ptr(), v=v.data_ptr(), shape=shape,
            workspace=work.data_ptr())
        kept = [out, saved, work, forward, q, k, v]
        if not backward:
            case.candidates[name] = lambda: kernel.forward(plugin.context, ctypes.byref(forward)), kept
            return [out]
        gradients = [torch.empty_like(x) for x in (q, k, v)]
        work = self.scratch(kernel.workspace(plugin.context, ctypes.byref(shape), True))
        call = Backward(
            *[Gradient(x.data_ptr(), False) for x in gradients], dout=dout.data_ptr(), q=q.data_ptr(), k=k.data_ptr(),
            v=v.data_ptr(), out=out.data_ptr(), saved=saved.data_ptr(), shape=shape, workspace=work.data_ptr())
        kernel.forward(plugin.context, ctypes.byref(forward))
        case.candidates[name] = lambda: kernel.backward(plugin.context, ctypes.byref(call)), kept + [
            gradients, work, call, dout]
        return [out] + gradients

    def peers(self, case, q, k, v, causal, dout=None, names=BACKENDS):
        """Adds PyTorch's back ends, with tensors as they want them: [batch, heads, tokens, head_dim]."""
        q, k, v = (x.transpose(1, 2).detach() for x in (q, k, v))
        grouped = q.shape[1] != k.shape[1]
        for name in names:
            inputs = [x.clone(memory_format=torch.preserve_format).requires_grad_(dout is not None) for x in (q, k, v)]

            def forward(inputs=inputs, backend=BACKENDS[name]):
                with sdpa_kernel(backend):
                    return F.scaled_dot_product_attention(*inputs, is_causal=causal, enable_gqa=grouped)

            try:
                out = forward()
                if dout is None:
                    case.candidates[name] = forward, inputs
                    continue
                toward = dout.transpose(1, 2)

                def backward(out=out, inputs=inputs, toward=toward):
                    return torch.autograd.grad(out, inputs, toward, retain_graph=True)

                backward()
                case.candidates[name] = backward, inputs
            except (RuntimeError, torch.OutOfMemoryError) as error:
                case.failures[name] = str(error).splitlines()[0]

    def attention(self, dim, length, causal, backward):
        tokens, width = (64, 2 * dim) if self.emulation else (TOKENS, WIDTH)
        heads, batch = width // dim, max(tokens // length, 1)
        q, k, v = (self.normal(batch, length, heads, dim) for _ in range(3))
        dout = self.normal(batch, length, heads, dim) if backward else None
        pairs = batch * heads * length * (length / 2 if causal else length)
        label = f"d {dim}, {length}{', causal' if causal else ''}"
        case = Case("backward" if backward else "forward", label, (10 if backward else 4) * dim * pairs, 0)
        table, shape = self.plugin.table, self.shape(q, k, causal)
        results = {}
        for name, kernel in (("flash2", table.flash2), ("flash3", table.flash3)):
            results[name] = self.ours(case, name, kernel, shape, q, k, v, dout)
        if length <= 1024:
            self.ours(case, "flash1", table.flash1, shape, q, k, v, dout)
        if length <= 1024:
            self.compare(case, results, q, k, v, causal, dout)
        # The scores of longer ones take too long, and too much memory.
        names = [name for name in BACKENDS if name != "torch math" or length <= 1024]
        self.peers(case, q, k, v, causal, dout, names)
        return case

    def compare(self, case, results, q, k, v, causal, dout):
        """The errors against float64 of the first sequence, as a multiple of those of a naive attention in bf16."""
        def naive(dtype):
            inputs = [x[:1].transpose(1, 2).to(dtype).detach().requires_grad_() for x in (q, k, v)]
            scores = inputs[0] @ inputs[1].transpose(-2, -1) / math.sqrt(q.shape[-1])
            if causal:
                hidden = torch.ones(scores.shape[-2:], dtype=torch.bool, device=self.device).triu(1)
                scores = scores.masked_fill(hidden, -math.inf)
            out = scores.softmax(-1) @ inputs[2]
            found = [out]
            if dout is not None:
                found += torch.autograd.grad(out, inputs, dout[:1].transpose(1, 2).to(dtype))
            return [x.transpose(1, 2).double() for x in found]

        exact, rounded = naive(torch.float64), naive(torch.bfloat16)
        for name, found in results.items():
            if found is None:
                continue
            case.candidates[name][0]()
            self.wait()
            case.errors[name] = max(
                ((mine[:1].double() - truth).abs().max() / (near - truth).abs().max()).item()
                for mine, truth, near in zip(found, exact, rounded))

    def decode(self, keys, heads=32, kv_heads=4, dim=128, batch=1):
        if self.emulation:
            keys = 96
        q = self.normal(batch, 1, heads, dim)
        k, v = (self.normal(batch, kv_heads, keys, dim) for _ in range(2))
        case = Case("decode", f"{keys} keys, {heads} over {kv_heads} heads", 0, 4 * batch * kv_heads * keys * dim)
        self.ours(case, "flash2", self.plugin.table.flash2, self.shape(q, k, True, cached=True), q, k, v)
        self.peers(case, q, k.transpose(1, 2), v.transpose(1, 2), False, names=list(BACKENDS)[:3])
        return case

    # Products: y[m, n] = x[m, k] w[n, k]^T, as linear layers have them.

    def gemm(self, m, n, k, dtype):
        if self.emulation:
            m, n, k = min(m, 40), min(n, 40), min(k, 48)
        x, w = self.normal(m, k, dtype=dtype), self.normal(n, k, dtype=dtype)
        y = self.empty(m, n, dtype=dtype)
        kind = BF16 if dtype == torch.bfloat16 else F32
        case = Case("gemm", f"{m} x {n} x {k}, {'bf16' if kind == BF16 else 'f32'}", 2 * m * n * k, 0)
        call = Gemm(
            c=y.data_ptr(), a=x.data_ptr(), b=w.data_ptr(), m=m, n=n, k=k, b_transposed=True, c_type=kind, a_type=kind,
            b_type=kind, compute=kind)
        plugin = self.plugin
        work = self.scratch(plugin.table.gemm_workspace(plugin.context, ctypes.byref(call)))
        call.workspace = work.data_ptr()
        case.candidates["gemm"] = (
            lambda: plugin.table.gemm(plugin.context, ctypes.byref(call)), [x, w, y, work, call])
        case.candidates["torch cublas"] = (lambda: torch.matmul(x, w.t()), [])
        return case

    # Timing.

    def seconds_of(self, name, run):
        if not name.startswith("torch"):
            return self.plugin.time(run)
        if self.emulation:
            start = time.perf_counter()
            run()
            return time.perf_counter() - start
        events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        events[0].record()
        run()
        events[1].record()
        events[1].synchronize()
        return events[0].elapsed_time(events[1]) / 1e3

    def measure(self, case, seconds):
        self.wait()
        for name, (run, _) in case.candidates.items():
            run()  # a first time warms up
            self.wait()
            case.times[name] = []
        end = time.perf_counter() + seconds
        rounds = 0
        while rounds < (1 if self.emulation else 5) or (time.perf_counter() < end and rounds < 200):
            for name, (run, _) in case.candidates.items():
                case.times[name].append(self.seconds_of(name, run))
            rounds += 1
        self.plugin.check()

    def wait(self):
        if not self.emulation:
            torch.cuda.synchronize()
        self.plugin.check()

    def makers(self):
        lengths = [32] if self.emulation else [512, 1024, 2048, 4096, 8192, 16384]
        dims = [64, 128] if self.emulation else [64, 128, 256]
        for backward in (False, True):
            for dim in dims:
                for causal in (False, True):
                    for length in lengths:
                        yield ("backward" if backward else "forward"), (
                            lambda a=(dim, length, causal, backward): self.attention(*a))
        for keys in (8192, 32768, 131072):
            yield "decode", lambda keys=keys: self.decode(keys)
        bf16, f32 = torch.bfloat16, torch.float32
        for size in ((8192, 8192, 8192, bf16), (16384, 3072, 768, bf16), (16384, 768, 3072, bf16),
                     (16384, 50257, 768, bf16), (4096, 512, 128, bf16), (8, 4096, 4096, bf16), (4096, 4096, 4096, f32),
                     (1, 4096, 4096, f32)):
            yield "gemm", lambda size=size: self.gemm(*size)

    def cases(self):
        makers = [make for work, make in self.makers() if self.only in (None, work)]
        for make in makers:
            case = make()
            self.measure(case, self.seconds / len(makers))
            yield case


def rows(case):
    """What is said of each candidate, and which peer is the fastest."""
    medians = {name: statistics.median(times) for name, times in case.times.items()}
    peers = {name: value for name, value in medians.items() if name.startswith("torch")}
    best = min(peers, key=peers.get) if peers else None
    for name, seconds in medians.items():
        yield {
            "work": case.work, "shape": case.label, "candidate": name, "median_seconds": seconds,
            "least_seconds": min(case.times[name]), "rounds": len(case.times[name]),
            "tflops": case.flops / seconds / 1e12 if case.flops else "",
            "gb_per_second": case.moved / seconds / 1e9 if case.moved else "",
            "error_over_naive": case.errors.get(name, ""), "best_peer": best or "", "speed_over_best_peer": peers[best] / seconds if best else "",
        }
    for name, reason in case.failures.items():
        yield {"work": case.work, "shape": case.label, "candidate": name, "reason": reason}


def line(case):
    """One line a shape: the rate of each candidate, ours with the ratio to the fastest peer."""
    parts = []
    for row in rows(case):
        if "reason" in row:
            continue
        rate = f"{row['tflops']:.4g} TFLOP/s" if row["tflops"] else f"{row['gb_per_second']:.4g} GB/s"
        ratio = row["speed_over_best_peer"]
        ours = not row["candidate"].startswith("torch") and ratio
        error = row["error_over_naive"]
        parts.append(
            f"{row['candidate']} {rate}" + (f" ({ratio:.2f} x)" if ours else "")
            + (f" [error {error:.2f}]" if error != "" else ""))
    return f"{case.work:9} {case.label:28} " + ", ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugin")
    parser.add_argument("--seconds", type=float, default=200, help="to spend on all shapes together")
    parser.add_argument("--csv", help="a file for every figure")
    parser.add_argument("--only", choices=["forward", "backward", "decode", "gemm"])
    parser.add_argument("--emulation", action="store_true", help="the library is the host's emulation")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    bench = Bench(arguments)
    print(bench.plugin.describe(), f"torch {torch.__version__}", sep=", ", flush=True)
    fields = ["work", "shape", "candidate", "median_seconds", "least_seconds", "rounds", "tflops", "gb_per_second",
              "error_over_naive", "best_peer", "speed_over_best_peer", "reason"]
    with open(arguments.csv or "/dev/null", "w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        for case in bench.cases():
            print(line(case), flush=True)
            for name, reason in case.failures.items():
                if not name.startswith("torch"):
                    print(f"          {name}: {reason}", flush=True)
            writer.writerows(rows(case))
            file.flush()


if __name__ == "__main__":
    sys.exit(main())
