"""The page: a table for each kind of work, one machine a page, and the README's tables."""

import re
from pathlib import Path

import machine as machines
from samples import median, quartiles, ratios
from works import OURS

# What a contestant says beside its figures.
FACTS = {"shares", "version", "parameters", "resident_bytes", "val_loss", "accuracy", "images_per_s"}
MARKERS = ("<!-- speed -->\n", "<!-- /speed -->\n")


def figures(work):
    """What ours gave in all rounds, such as `forward`, in order."""
    first = next((record["results"][OURS] for record in work["rounds"] if OURS in record["results"]), {})
    return [key for key in first if key not in FACTS]


def values(work, contestant, figure):
    """A figure by round; None where the contestant has none."""
    return [record["results"].get(contestant, {}).get(figure) for record in work["rounds"]]


def shares(work, figure):
    found = [record["results"].get(OURS, {}).get("shares", {}).get(figure) for record in work["rounds"]]
    return [share for share in found if share is not None]


def time_text(seconds):
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def size_text(size):
    return f"{size / 2**20:.0f} MiB"


def spread_text(numbers, text):
    """The median with the quartiles, such as `1.42 [1.40, 1.45]`; a single number has no spread."""
    if len(numbers) == 1:
        return text(numbers[0])
    low, high = quartiles(numbers)
    return f"{text(median(numbers))} [{text(low)}, {text(high)}]"


def goal_of(work, of, figure):
    """What a work aims at for a figure, against a peer or as its `share`; None where it aims at nothing."""
    goal = work["goals"].get(of)
    return goal.get(figure) if isinstance(goal, dict) else goal


def ratio_text(work, peer, figure):
    found = ratios(values(work, peer, figure), values(work, OURS, figure))
    if not found:
        return ""
    text = spread_text(found, lambda ratio: f"{ratio:.2f}")
    goal = goal_of(work, peer, figure)
    return f"{text}, goal {goal:.3g}" if goal and round(median(found), 2) < round(goal, 2) else text


def share_text(work, figure):
    found = shares(work, figure)
    if not found:
        return ""
    goal = goal_of(work, "share", figure)
    text = f"{100 * median(found):.1f} %"
    return f"{text}, goal {100 * goal:g} %" if goal and median(found) < goal else text


def peers(works):
    """All that ours was held against, in the order in which they come."""
    seen = {}
    for work in works:
        for record in work["rounds"]:
            # Rounds go forwards and backwards in turn: the first stands as the work has it.
            seen |= dict.fromkeys(name for name in record["results"] if name != OURS)
    return list(seen)


def outcome_text(work):
    """What contestants reached beside their times, such as `; loss 1.90, PyTorch eager 1.89`, if anything."""
    kinds = {
        "val_loss": ("loss {}", lambda found: f"{median(found):.3f}"),
        "accuracy": ("accuracy in % {}", lambda found: spread_text(found, "{:.2f}".format)),
        "images_per_s": ("images/s {}", lambda found: f"{median(found):.0f}"),
    }
    said = ""
    for kind, (form, text) in kinds.items():
        found = {name: [value for value in values(work, name, kind) if value is not None]
                 for name in [OURS, *peers([work])]}
        parts = [text(some) if name == OURS else f"{name} {text(some)}" for name, some in found.items() if some]
        said += f"; {form.format(', '.join(parts))}" if parts else ""
    return said


def table(header, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows]]
    return "\n".join(lines) + "\n"


def group_table(group, is_full=True):
    """- is_full: whether our own times come with their quartiles."""
    against = peers(group["works"])
    text = size_text if group["unit"] == "bytes" else time_text
    has_shares = any(shares(work, figure) for work in group["works"] for figure in figures(work))
    rows = []
    for work in group["works"]:
        for figure in figures(work):
            ours = [value for value in values(work, OURS, figure) if value is not None]
            name = work["name"] if len(figures(work)) == 1 else f"{work['name']}: {figure}"
            name += outcome_text(work)
            rows.append(
                [name, spread_text(ours, text) if is_full else text(median(ours))]
                + ([share_text(work, figure)] if has_shares else [])
                + [ratio_text(work, peer, figure) for peer in against])
    header = ["", "runexp"] + ([f"of {group['limit']}"] if has_shares else []) + [f"{peer}: ratio" for peer in against]
    return table(header, rows)


def rounds_text(works):
    """How many rounds there were, and what became of the disturbed ones."""
    counts = sorted({len(work["rounds"]) for work in works})
    span = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    repeated, kept = (sum(work[key] for work in works) for key in ("repeated", "disturbed"))
    return f"{span} rounds a work; {repeated} disturbed rounds repeated, {kept} kept for want of quieter ones"


def versions(groups):
    """Of the peers, as they said."""
    said = {}
    for group in groups:
        for work in group["works"]:
            for record in work["rounds"]:
                for name, result in record["results"].items():
                    if "version" in result:
                        said["PyTorch" if "torch" in name.lower() else name] = result["version"].partition("+")[0]
    return ", ".join(f"{name} {version}" for name, version in said.items())


def left_out(result):
    """Why peers, or single works of theirs, are not in the tables."""
    lines = [f"- {peer} is left out: {reason}" for peer, reason in result["obstacles"].items()]
    for group in result["groups"]:
        for work in group["works"]:
            lines += [f"- {work['group']}, {work['name']}: {name} is left out: {reason}"
                      for name, reason in work["obstacles"].items()]
    return lines


def page(result):
    """The Markdown page of one machine's results."""
    machine = result["machine"]
    parts = [
        f"# {machines.title(machine)}\n",
        f"{machine['threads']} threads; runexp {machine['runexp']}, {versions(result['groups'])}.\n",
        "Medians over rounds in which all take turns, with their quartiles in brackets. A ratio is the peer's cost "
        "over ours, above 1 where runexp is better; a goal beside a figure is one that it misses. How it is measured: "
        "[docs/performance.md](../../docs/performance.md#how-it-is-measured).\n",
    ]
    for group in result["groups"]:
        parts.append(f"## {group['title']}\n\n{group['about']}\n")
        if group["works"]:
            parts.append(f"{group_table(group)}\nMeasured {group['measured']}; {rounds_text(group['works'])}.\n")
    if lines := left_out(result):
        parts.append("## Left out\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


# The README: of each machine the works that matter most, those on which peers do best among them ---------------------

STEPS = r"^(modern|classic), (f32|bf16), 16 x 256, width 256$"
README_WORKS = {
    "train": STEPS, "products": "^f32", "attention": r"^f32, (1024|2048|4096) tokens, d 64(, not causal)?$",
    "nanogpt": "", "vision": "", "generate": "", "models": "f32 weights, f32|bf16 weights, bf16|q8 weights, q8",
    "memory": "", "scaling": "",
}
# Of a machine that was held to an older instruction set.
README_HELD_WORKS = {"train": STEPS}


def readme_tables(results):
    """- results: of all machines, the newest first."""
    parts = []
    for result in results:
        machine = result["machine"]
        parts.append(
            f"**{machines.title(machine)}**, {machine['threads']} threads, against {versions(result['groups'])}; "
            f"runexp {machine['runexp']}, {result['date']}, all works on "
            f"[its page](results/bench/{machines.file_name(machine)}.md):\n")
        chosen = README_HELD_WORKS if machine.get("held_to") else README_WORKS
        for group in result["groups"]:
            works = [work for work in group["works"] if re.search(chosen.get(work["group"], "$^"), work["name"])]
            if works:
                tables = group_table(group | {"works": works}, is_full=False)
                parts.append(f"{group['title']}. {group['about']}\n\n{tables}")
    return "\n".join(parts)


def put_into_readme(path, results):
    before, _, rest = Path(path).read_text(encoding="utf-8").partition(MARKERS[0])
    _, marker, after = rest.partition(MARKERS[1])
    if not marker:
        raise ValueError(f"{path} has no place for the tables: {MARKERS[0].strip()} ... {MARKERS[1].strip()}")
    said = ("Medians of rounds in which all take turns; a ratio is the peer's cost over ours, with quartiles in brackets\n"
            "where there was more than one round; a goal beside a figure is one that it misses, and docs/performance.md\n"
            "says what bounds it.\n"
            "`make bench` measures this machine, and [docs/performance.md](docs/performance.md) says how.\n\n")
    Path(path).write_text(f"{before}{MARKERS[0]}{said}{readme_tables(results)}\n{MARKERS[1]}{after}", encoding="utf-8")
