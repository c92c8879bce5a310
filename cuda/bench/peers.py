#!/usr/bin/env python3
"""Times the plugin's attention, decoding and products beside PyTorch's back ends and cuBLAS, on one GPU.

    cuda/bench/peers.py build/cuda/librunexp_cuda.so [--seconds 120] [--csv FILE]

The candidates of a shape take turns, round by round, on the same tensors, and are timed by events of their device;
what is timed is not in the L2 cache. Prints a line a shape with the medians, and writes every figure as CSV as soon as
it is there. Errors are the largest against float64, as a multiple of those of the book's formula in bf16: up to 2 is
faultless, 3 for gradients; flash3_fp8 is far above, for its numbers have 3 bits of fraction. All this is done by a
process of its own (worker.py); where that fails or hangs, the candidate that it was at is left out of shapes like this
one, and another process goes on. With --emulation the library is the host's emulation and the shapes are tiny: that
tries this program, not the kernels' speed.
"""
import argparse
import csv
import json
import os
import select
import subprocess
import sys
import time

FIELDS = ["work", "shape", "candidate", "median_seconds", "lower_quartile", "upper_quartile", "rounds", "tflops",
          "gb_per_second", "error_over_naive", "same_bits", "best_peer", "speed_over_best_peer", "reason"]
MOST_DEATHS = 20
PATIENCE = 30  # seconds without a word after which a process hangs; its start takes some of them


def lines_of(process, end):
    """What a process says, line by line; at last, why there is no more: nothing where it is done."""
    buffer = b""
    while True:
        wait = min(PATIENCE, end - time.monotonic())
        if wait <= 0:
            process.kill()
            yield {"stops": "out of time"}
            return
        if not select.select([process.stdout], [], [], wait)[0]:
            continue_until_end = time.monotonic() >= end
            process.kill()
            yield {"stops": "out of time"} if continue_until_end else {"dies": f"hangs: {PATIENCE} s without a word"}
            return
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            break
        buffer += piece
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            if line.startswith(b"{"):
                yield json.loads(line)
            elif line:
                print(line.decode(errors="replace"), flush=True)
    if code := process.wait():
        yield {"dies": f"ends with code {code}"}


def line(rows):
    """One line a shape: the rate of each candidate, ours with the ratio to the fastest peer."""
    parts = []
    for row in rows:
        if row.get("reason"):
            continue
        rate = f"{row['tflops']:.4g} TFLOP/s" if row["tflops"] else f"{row['gb_per_second']:.4g} GB/s"
        ratio, ours = row["speed_over_best_peer"], not row["candidate"].startswith("torch")
        parts.append(
            f"{row['candidate']} {rate}" + (f" ({ratio:.2f} x)" if ours and ratio else "")
            + (f" [error {row['error_over_naive']:.2f}]" if row["error_over_naive"] != "" else "")
            + (" OTHER BITS" if row["same_bits"] is False else ""))
    return f"{rows[0]['work']:9} {rows[0]['shape']:34} " + ", ".join(parts)


class Run:
    """Processes one after another, until all cases are done or the time is over."""

    def __init__(self, arguments, writer, file):
        self.arguments, self.writer, self.file = arguments, writer, file
        self.end = time.monotonic() + arguments.seconds
        self.first, self.without, self.deaths = 0, [], 0
        self.place = {}  # what the process was at

    def write(self, rows):
        self.writer.writerows(rows)
        self.file.flush()

    def blame(self, reason):
        """Leaves out what a process died of."""
        group, name = self.place.get("group", ""), self.place.get("begins", "")
        print(f"{group}: {name or 'it'} {reason}", flush=True)
        self.deaths += 1
        if name and group and [group, name] not in self.without:
            self.without.append([group, name])
            if "shape" in self.place:
                self.write([{"work": self.place["work"], "shape": self.place["shape"], "candidate": name,
                             "reason": reason}])
        elif "case" in self.place:
            self.first += 1
        else:
            self.deaths = MOST_DEATHS

    def process(self):
        """One process; whether another is to go on."""
        command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py"),
                   self.arguments.plugin, str(self.first), str(self.end - time.monotonic()), json.dumps(self.without)]
        command += ["--emulation"] if self.arguments.emulation else []
        self.place, reason = {}, None
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for said in lines_of(process, self.end):
                if "device" in said:
                    print(said["device"], flush=True)
                elif "rows" in said:
                    print(line(said["rows"]), flush=True)
                    for row in said["rows"]:
                        if row.get("reason") and not row["candidate"].startswith("torch"):
                            print(f"          {row['candidate']}: {row['reason']}", flush=True)
                    self.write(said["rows"])
                    self.first += 1
                elif "stops" in said:
                    print(said["stops"], flush=True)
                    return False
                elif "dies" in said:
                    reason = reason or said["dies"]
                else:
                    if "case" in said:
                        self.place, self.first = {}, said["case"]
                    self.place |= said
        if reason:
            self.blame(reason)
        return bool(reason) and self.deaths < MOST_DEATHS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugin")
    parser.add_argument("--seconds", type=float, default=200, help="to spend on all shapes together")
    parser.add_argument("--csv", default="/dev/null", help="a file for every figure")
    parser.add_argument("--emulation", action="store_true", help="the library is the host's emulation")
    arguments = parser.parse_args()
    with open(arguments.csv, "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        run = Run(arguments, writer, file)
        while run.process():
            pass
    return 1 if run.deaths else 0


if __name__ == "__main__":
    sys.exit(main())
