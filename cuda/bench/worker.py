"""Times the cases of cases.py from one on, and tells peers.py of each: a line of JSON before whatever may fail, and one
with a case's rows. A kernel that fails takes this process with it, and no other.

    worker.py PLUGIN FIRST SECONDS WITHOUT [--emulation]    WITHOUT: pairs of group and candidate to leave out, as JSON
"""
import json
import os
import statistics
import sys
import time
import warnings

import torch

from cases import Candidate, Cases
from plugin import Plugin


def tell(**what):
    print(json.dumps(what), flush=True)


class Clock:
    """Times by events of the candidate's own device. A large product goes before: until it is done the launches are
    enqueued, so that none is waited for, and what it reads has driven out of the L2 cache what will be timed."""

    def __init__(self, cases, without):
        self.plugins, self.is_small = (cases.plugin, cases.own_products), cases.is_small
        self.before = {}  # for each stream
        if self.is_small:
            return
        x, w = (cases.normal(2048, 131072) for _ in range(2))
        self.events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        self.before = {None: Candidate(lambda: torch.matmul(x, w.t()))}
        if ["clock", "gemm"] not in without:
            self.before |= {plugin: cases.product(plugin, x, w) for plugin in self.plugins}
        torch.cuda.synchronize()
        for candidate in self.before.values():
            candidate.run()
        self.wait()

    def wait(self):
        if not self.is_small:
            torch.cuda.synchronize()
        for plugin in self.plugins:
            plugin.check()

    def seconds_of(self, candidate):
        if candidate.plugin:
            before = self.before.get(candidate.plugin)
            return candidate.plugin.time(candidate.run, before and before.run)
        if self.is_small:
            start = time.perf_counter()
            candidate.run()
            return time.perf_counter() - start
        self.before[None].run()
        self.events[0].record()
        candidate.run()
        self.events[1].record()
        self.events[1].synchronize()
        return self.events[0].elapsed_time(self.events[1]) / 1e3

    def measure(self, candidates, seconds):
        """Times in rounds, in which the candidates take turns."""
        times = {name: [] for name in candidates}
        least, most = (1, 1) if self.is_small else (5, 100)
        end = time.perf_counter() + seconds
        for done in range(most):
            if done >= least and time.perf_counter() > end:
                break
            for name, candidate in candidates.items():
                tell(begins=name)
                times[name].append(self.seconds_of(candidate))
        return times


def same_bits(clock, candidate):
    """Whether a second run gives the same bits, over results that were made NaN."""
    results = candidate.run()
    clock.wait()
    found = [x.clone() for x in results]
    for x in results:
        x.fill_(float("nan"))
    clock.wait()
    candidate.run()
    clock.wait()
    integers = {2: torch.int16, 4: torch.int32}[results[0].element_size()]
    return all(torch.equal(x.view(integers), y.view(integers)) for x, y in zip(found, results))


def error_of(results, exact):
    """The largest error against float64, as a multiple of that of the book's formula in bf16."""
    truths, nears, cut = exact
    return max(
        ((cut(x) - truth).abs().max() / (near - truth).abs().max().clamp_min(1e-30)).item()
        for x, truth, near in zip(results, truths, nears))


def rows_of(case, candidates, times, errors, bits, reasons):
    medians = {name: statistics.median(found) for name, found in times.items()}
    peers = {name: value for name, value in medians.items() if not candidates[name].plugin}
    best = min(peers, key=peers.get) if peers else ""
    rows = []
    for name, median in medians.items():
        quartiles = statistics.quantiles(times[name], n=4) if len(times[name]) > 1 else [median] * 3
        rows.append({
            "candidate": name, "median_seconds": median, "lower_quartile": quartiles[0],
            "upper_quartile": quartiles[2], "rounds": len(times[name]),
            "tflops": case.flops / median / 1e12 if case.flops else "",
            "gb_per_second": case.moved / median / 1e9 if case.moved else "",
            "error_over_naive": errors.get(name, ""), "same_bits": bits.get(name, ""),
            "best_peer": best, "speed_over_best_peer": peers[best] / median if best else "",
        })
    rows += [{"candidate": name, "reason": reason} for name, reason in reasons.items()]
    return [{"work": case.work, "shape": case.label, **row} for row in rows]


def run(case, clock, seconds, without):
    candidates, errors, bits, reasons = {}, {}, {}, {}
    try:
        exact = case.exact() if case.exact else None
    except torch.OutOfMemoryError:
        exact = None
    clock.wait()  # for the plugin's stream does not wait for PyTorch's
    for name, make in case.makers.items():
        if [case.group, name] in without:
            reasons[name] = "left out after its failure"
            continue
        tell(begins=name)
        try:
            candidate = make()
            if not isinstance(candidate, Candidate):
                reasons[name] = candidate
                continue
            results = candidate.run()
            clock.wait()
            if candidate.plugin:
                bits[name] = same_bits(clock, candidate)
            if exact:
                errors[name] = error_of(results, exact)
            candidates[name] = candidate
        except RuntimeError as error:
            clock.wait()  # raises where nothing works any longer
            reasons[name] = str(error).splitlines()[0]
    exact = results = None
    times = clock.measure(candidates, seconds)
    clock.wait()
    tell(rows=rows_of(case, candidates, times, errors, bits, reasons))


def main():
    path, first, seconds, without = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), json.loads(sys.argv[4])
    is_small = "--emulation" in sys.argv
    torch.backends.cuda.matmul.allow_tf32 = False
    warnings.filterwarnings("ignore", category=UserWarning)  # of each back end that a shape rules out
    os.environ["RUNEXP_CUBLASLT"] = "off"
    tell(group="clock", begins="gemm")
    own_products = Plugin(path)
    cases = Cases(own_products, "cpu" if is_small else "cuda", own_products)
    x = cases.normal(64, 64)
    if not is_small:
        torch.cuda.synchronize()  # for the plugin's stream does not wait for PyTorch's
    if ["clock", "gemm"] not in without:
        first_product = cases.product(own_products, x, x)  # a context's first decides whose they are
        first_product.run()
        own_products.check()
    del os.environ["RUNEXP_CUBLASLT"]
    cases.plugin = Plugin(path)
    tell(device=f"{cases.plugin.describe()}, torch {torch.__version__}")
    clock = Clock(cases, without)
    makers = list(cases.makers())
    end = time.perf_counter() + seconds
    for number, make in list(enumerate(makers))[first:]:
        tell(case=number, of=len(makers), begins="")
        case = make()
        tell(group=case.group, work=case.work, shape=case.label)
        run(case, clock, (end - time.perf_counter()) / (len(makers) - number) / 2, without)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, MemoryError) as error:
        tell(dies=str(error).splitlines()[0])
        sys.exit(3)
