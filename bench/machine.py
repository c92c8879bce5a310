"""The machine: what it is, and whether other work disturbs a measurement.

A measurement is disturbed where the hypervisor took the processor away (steal time), where other programs computed, or
where a fixed loop, the canary, takes longer than it did at its best, as it does at a lower frequency.
"""

import os
import re
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
STEAL_LIMIT = 0.01  # of the time of all processors
OTHERS_LIMIT = 0.04
CANARY_LIMIT = 1.10  # times the loop's best

# What the model's name does not tell: (vendor, family, models) to the microarchitecture.
MICROARCHITECTURES = [
    ("AuthenticAMD", 23, range(0x00, 0x30), "Zen"), ("AuthenticAMD", 23, range(0x30, 0x100), "Zen 2"),
    ("AuthenticAMD", 25, range(0x10, 0x20), "Zen 4"), ("AuthenticAMD", 25, range(0x60, 0x80), "Zen 4"),
    ("AuthenticAMD", 25, range(0xA0, 0xB0), "Zen 4"), ("AuthenticAMD", 25, range(0x00, 0x100), "Zen 3"),
    ("AuthenticAMD", 26, range(0x00, 0x100), "Zen 5"),
    ("GenuineIntel", 6, (0x6A, 0x6C), "Ice Lake"), ("GenuineIntel", 6, (0x8F,), "Sapphire Rapids"),
    ("GenuineIntel", 6, (0xCF,), "Emerald Rapids"), ("GenuineIntel", 6, (0xAD, 0xAE), "Granite Rapids"),
]


def cpu_facts(text):
    """The first processor of /proc/cpuinfo."""
    return {key.strip(): value.strip() for key, _, value in
            (line.partition(":") for line in text.split("\n\n")[0].splitlines())}


def last_level_bytes(folder=Path("/sys/devices/system/cpu/cpu0/cache")):
    """The size of the last cache; 0 where the system does not tell it."""
    sizes = [file.read_text().strip() for file in folder.glob("index*/size")]
    return max((int(size[:-1]) << {"K": 10, "M": 20}[size[-1]] for size in sizes), default=0)


def microarchitecture(facts):
    """Its name, such as `Zen 4`; empty where it is not known."""
    try:
        vendor, family, model = facts["vendor_id"], int(facts["cpu family"]), int(facts["model"])
    except (KeyError, ValueError):
        return ""
    return next((name for of, number, models, name in MICROARCHITECTURES
                 if of == vendor and number == family and model in models), "")


def describe(doctor, threads, held_to=""):
    """What results are filed under.

    - doctor: the checks of `runexp doctor --json`, by name.
    - held_to: the instruction set that was asked for; empty for the processor's best.
    """
    facts = cpu_facts(Path("/proc/cpuinfo").read_text())
    processor, program = doctor["processor"]["values"], doctor["program"]["values"]
    flags = set(facts.get("flags", facts.get("Features", "")).split())
    return {
        "cpu": " ".join(re.sub(r"\((R|TM)\)|CPU|Processor", "", processor["cpu"]).split()),
        "microarchitecture": microarchitecture(facts), "isa": processor["isa"],
        "held_to": held_to,
        "has_bf16_products": not held_to and bool(flags & {"avx512_bf16", "amx_bf16", "bf16"}),
        "cores": len(os.sched_getaffinity(0)), "threads": threads,
        "memory_bytes": doctor["memory"]["values"]["memory_bytes"], "kernel": processor["kernel"],
        "last_level_bytes": last_level_bytes(),
        "runexp": program["version"], "commit": program["commit"],
    }


def title(machine):
    """Such as `2 cores of AMD EPYC (Zen 4), x86-64-v4 (AVX-512)`."""
    kind = f" ({machine['microarchitecture']})" if machine["microarchitecture"] else ""
    held = "held to " if machine.get("held_to") else ""
    return f"{machine['cores']} cores of {machine['cpu']}{kind}, {held}{machine['isa']}"


def file_name(machine):
    """Such as `amd-epyc-zen-4-x86-64-v4-2-threads`, or, held to less, `...-x86-64-v3-only-2-threads`."""
    isa = machine["isa"].split(" (")[0] + (" only" if machine.get("held_to") else "")
    words = f"{machine['cpu']} {machine['microarchitecture']} {isa} {machine['threads']} threads"
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def processor_times():
    """Seconds that all processors together worked, and that were stolen from them, since the machine started."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, interrupt, soft, steal = (int(number) / TICKS for number in first[:8])
    return user + nice + system + interrupt + soft, steal


def process_seconds(process):
    """What a process and the children that it has waited for have computed."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def canary():
    """Seconds of a loop that always does the same; the least of several, on each of up to four processors, added up."""
    allowed = os.sched_getaffinity(0)
    total = 0.0
    try:
        for processor in sorted(allowed)[:4]:
            os.sched_setaffinity(0, {processor})
            total += min(canary_loop() for _ in range(5))
    finally:
        os.sched_setaffinity(0, allowed)
    return total


def canary_loop():
    start = time.perf_counter()
    x = 1
    for _ in range(40_000):
        x = x * 1_103_515_245 + 12_345 & 0x7FFFFFFF
    return time.perf_counter() - start


class Watch:
    """Looks at the machine before and after a measurement."""

    def __init__(self):
        self.best = canary()

    def begin(self, processes):
        """- processes: our own that live through the measurement."""
        self.canary = canary()
        self.processes = {process: process_seconds(process) for process in processes}
        self.own = sum(os.times()[:4])
        self.start = time.perf_counter()
        self.worked, self.stolen = processor_times()

    def end(self, processes):
        """What disturbed the measurement in words; none where nothing did."""
        worked, stolen = processor_times()
        available = (time.perf_counter() - self.start) * os.cpu_count()
        own = sum(os.times()[:4]) - self.own
        own += sum(process_seconds(process) - self.processes.get(process, 0.0) for process in processes)
        slowest = max(self.canary, canary())
        self.best = min(self.best, slowest, self.canary)
        return disturbances(
            (stolen - self.stolen) / available, (worked - self.worked - own) / available, slowest / self.best)


def disturbances(steal, others, canary_ratio):
    found = []
    if steal > STEAL_LIMIT:
        found.append(f"steal time {steal:.0%}")
    if others > OTHERS_LIMIT:
        found.append(f"other programs {others:.0%}")
    if canary_ratio > CANARY_LIMIT:
        found.append(f"the canary took {canary_ratio:.2f} times its best")
    return found
