"""Measures runexp and its peers in turn on this machine, and writes what came out.

    python3 bench PROGRAM [--quick] [--works 'train|attention']     (make bench, make bench QUICK=1)
    python3 bench PROGRAM --isa v3                                  all held to AVX2, whatever the processor has
    python3 bench --readme                                          the README's tables from the results that are kept
    python3 bench --self-test

PROGRAM is the runexp binary. Results go to results/bench, a file a machine. How it is measured: docs/performance.md.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import install
import machine as machines
import page
import results
import rounds
import selftest
from child import Child, Failed
from ours import Program
from works import OURS, attention, generate, memory, models, nanogpt, products, scaling, train, vision, vision_training

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results" / "bench"
MODULES = {"train": train, "attention": attention, "products": products, "nanogpt": nanogpt,
           "vision": vision, "vision-training": vision_training, "generate": generate, "models": models,
           "memory": memory, "scaling": scaling}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Context:
    """What works are made and measured with."""

    def __init__(self, program, machine, peers, is_quick):
        self.program, self.machine, self.peers, self.is_quick = program, machine, peers, is_quick
        # Of each contestant in each round, about.
        self.seconds = 0.6 if is_quick else 1.0
        self.children = {}

    def child(self, program):
        """The process of a peer's program."""
        if program not in self.children:
            self.children[program] = Child(
                self.peers.python, program, install.environment(self.machine["threads"], self.machine["held_to"]))
        return self.children[program]

    def processes(self):
        return [process for child in self.children.values() for process in child.processes]

    def close(self):
        """Ends the peers' processes, so that the next kind of work has the memory."""
        for child in self.children.values():
            child.close()
        self.children.clear()


def measure(options):
    threads = options.threads or len(os.sched_getaffinity(0))
    program = Program(options.program.resolve(), threads, options.isa)
    machine = machines.describe(program.doctor(), threads, options.isa)
    say(f"{machines.title(machine)}, {threads} threads")
    context = Context(program, machine, install.Peers(say, options.isa), options.quick)
    result = {
        "machine": machine, "mode": "quick" if options.quick else "full", "date": time.strftime("%Y-%m-%d"),
        "obstacles": {}, "groups": [],
    }
    # All peers are there before anything is measured.
    chosen = [group for name, module in MODULES.items() if re.search(options.works, name)
              for group in module.groups(context)]
    for group in chosen:
        for work in group.works:
            for peer in [peer for peer in work.contestants if not peer.startswith(OURS)]:
                if reason := context.peers.obstacle(peer):
                    result["obstacles"][peer] = reason
                    del work.contestants[peer]
    watch = machines.Watch()
    start = time.monotonic()
    count = 3 if options.quick else 7
    try:
        for group in chosen:
            works = []
            for work in group.works:
                wanted = options.rounds or work.rounds or count
                works.append(rounds.measured(work, wanted, watch, context.processes, say))
            result["groups"].append({
                "title": group.title, "limit": group.limit, "about": group.about, "unit": group.unit,
                "measured": f"{result['date']}, commit {machine['commit']}", "works": works})
            results.store(result, RESULTS)  # what is interrupted has lost no more than a kind of work
            context.close()
    finally:
        context.close()
        program.close()
    result["seconds"] = time.monotonic() - start
    return result


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="two to three minutes, the works that matter most")
    parser.add_argument("--works", default="", help="only kinds of work whose names match this expression")
    parser.add_argument("--threads", type=int, default=0, help="threads of each (default: the processors it may use)")
    parser.add_argument("--isa", choices=install.LIMITS, default="",
                        help="hold all to this instruction set (default: the processor's best)")
    parser.add_argument("--rounds", type=int, default=0, help="undisturbed rounds of each work (default: 7, quick 3)")
    parser.add_argument("--readme", action="store_true", help="write the README's tables, and measure nothing")
    parser.add_argument("--self-test", action="store_true", help="check the statistics and the tables, offline")
    options = parser.parse_args()
    if options.self_test:
        return selftest.run()
    if options.readme:
        return page.put_into_readme(ROOT / "README.md", results.kept(RESULTS))
    if not options.program or not options.program.exists():
        parser.error("which program? make bench builds it and says so")
    if not any(re.search(options.works, name) for name in MODULES):
        parser.error(f"no work is called '{options.works}'; there are {', '.join(MODULES)}")
    try:
        result = measure(options)
    except Failed as failure:
        sys.exit(f"error: runexp: {failure}")
    print(page.page(result))
    path = results.path(result, RESULTS).relative_to(ROOT)
    say(f"written to {path.with_suffix('.md')} and, with all samples, {path.name}")


if __name__ == "__main__":
    main()
