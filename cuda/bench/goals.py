#!/usr/bin/env python3
"""Reads peers.csv and training.csv of a folder, and prints what they say of the goals, as far as they go.

    cuda/bench/goals.py results/gpu/NAME
"""
import csv
import os
import statistics
import sys


def read(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def shapes_of(rows, key):
    """The candidates' rows of each shape, as far as they have a time."""
    shapes = {}
    for row in rows:
        if row.get("median_seconds"):
            shapes.setdefault(tuple(row[k] for k in key), {})[row["candidate"]] = row
    return shapes


def ratios(shapes, ours, theirs, where):
    """How much faster ours is than the fastest of theirs, shape by shape."""
    found = []
    for place, rows in shapes.items():
        peers = [float(rows[name]["median_seconds"]) for name in theirs if name in rows]
        if ours in rows and peers and where(*place):
            found.append(min(peers) / float(rows[ours]["median_seconds"]))
    return found


def line(what, goal, found):
    if not found:
        return f"| {what} | {goal} | | | | not measured |"
    least, median = min(found), statistics.median(found)
    verdict = "met" if least >= goal else "met at the median" if median >= goal else "not met"
    return f"| {what} | {goal} | {least:.3f} | {median:.3f} | {len(found)} | {verdict} |"


def main():
    folder = sys.argv[1]
    peers = read(folder, "peers.csv")
    shapes = shapes_of(peers, ("work", "shape"))
    trainings = shapes_of(read(folder, "training.csv"), ("model",))

    def of(work, start=""):
        return lambda found, shape: found == work and shape.startswith(start)

    flash, cudnn, memory = ["torch flash"], ["torch cudnn"], ["torch sum", "torch copy"]
    compiled = [f"torch compiled, {mode}" for mode in ("default", "reduce-overhead")]
    print("| speed, as a multiple of the peer's | goal | least | median | shapes | |")
    print("|---|---|---|---|---|---|")
    print(line("flash2 forward / PyTorch's flash", 0.95, ratios(shapes, "flash2", flash, of("forward"))))
    print(line("flash2 backward / PyTorch's flash", 0.95, ratios(shapes, "flash2", flash, of("backward"))))
    print(line("flash3 forward, d 128 / cuDNN", 0.8, ratios(shapes, "flash3", cudnn, of("forward", "d 128"))))
    print(line("flash3 forward, all / cuDNN", 0.8, ratios(shapes, "flash3", cudnn, of("forward"))))
    print(line("flash3 forward, d 128 / flash2", 1.5, ratios(shapes, "flash3", ["flash2"], of("forward", "d 128"))))
    print(line("flash3 backward / cuDNN", 0.7, ratios(shapes, "flash3", cudnn, of("backward"))))
    print(line("decode, one sequence / memory", 0.85, ratios(shapes, "flash2", memory, of("decode", "1 x"))))
    print(line("decode, several / memory", 0.85, [
        ratio for start in ("4 x", "16 x") for ratio in ratios(shapes, "flash2", memory, of("decode", start))]))
    print(line("products / cuBLAS", 0.95, ratios(shapes, "gemm", ["torch cublas"], of("gemm"))))
    print(line("products, own kernels / cuBLAS", 0.6, ratios(
        shapes, "gemm, own kernels", ["torch cublas"], of("gemm"))))
    for (model,), rows in trainings.items():
        print(line(f"training step, {model} / PyTorch compiled", 1, ratios(
            {(model, ""): rows}, "runexp", compiled, lambda *_: True)))
    ours = [row for row in peers if not row["candidate"].startswith("torch")]
    for work, allowed in (("forward", 2), ("backward", 3), ("gemm", 2)):
        errors = [float(row["error_over_naive"]) for row in ours if row["work"] == work and row["error_over_naive"]
                  and row["candidate"] != "flash3_fp8"]  # which has 3 bits of fraction
        if errors:
            print(f"\n{work}: the largest error is {max(errors):.2f} of the naive one's, {allowed} are allowed.")
    same = [row["same_bits"] for row in ours if row["same_bits"]]
    print(f"\nSecond runs have the same bits in {same.count('True')} of {len(same)} cases.")
    for row in ours:
        if row["reason"] and not row["reason"].startswith("left out"):
            print(f"\n{row['candidate']}, {row['work']}, {row['shape']}: {row['reason']}")


if __name__ == "__main__":
    main()
