"""The results of machines as files: all samples as JSON, and beside it the page."""

import json

import machine as machines
import page


def path(result, folder):
    """Where a machine's results lie; quick ones by themselves."""
    name = machines.file_name(result["machine"]) + ("-quick" if result["mode"] == "quick" else "")
    return folder / f"{name}.json"


def store(result, folder):
    """Keeps a machine's results and their page; kinds of work that were not measured now stay as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    file = path(result, folder)
    if file.exists():
        now = {group["title"]: group for group in result["groups"]}
        before = {group["title"]: group for group in json.loads(file.read_text())["groups"]}
        order = list(before) + [title for title in now if title not in before]
        result = result | {"groups": [now.get(title) or before[title] for title in order]}
    file.write_text(json.dumps(result, indent=1) + "\n")
    file.with_suffix(".md").write_text(page.page(result), encoding="utf-8")


def kept(folder):
    """The full results of all machines, the newest first; after them those that were held to an instruction set."""
    results = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return sorted((result for result in results if result["mode"] == "full"),
                  key=lambda one: (not one["machine"].get("held_to"), one["date"]), reverse=True)
