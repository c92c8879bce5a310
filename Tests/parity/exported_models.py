"""Holds exported models to transformers: each fixture of the families, exported, loaded and compared.

    python Tests/parity/exported_models.py RUNEXP [NAME ...]

The model of a fixture is written as a folder, from the formula in ../Fixtures/make_family_fixtures.py; `runexp export`
writes it anew; transformers loads that folder with AutoModelForCausalLM, every tensor of which it must have a place
for. Its logits at all positions of the fixture's prompt are compared with those that transformers computes from the
first folder, and with those of `runexp score`. Prints for each model the largest differences over the standard
deviation of the logits, and the worst of all; exits with 1 where one is above 1e-5 between the two folders, or 1e-4
between the two programs. Needs torch, transformers and safetensors.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from safetensors.numpy import save_file

MARGINS = {"as given": 1e-5, "runexp": 1e-4}
FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures"
sys.path.insert(0, str(FIXTURES))
from make_family_fixtures import load, logits_of, values  # noqa: E402


def write(fixture: dict, folder: Path):
    """The model of a fixture as a folder such as transformers leaves."""
    folder.mkdir()
    tensors = {
        name: values(fixture["seed"], name, entry["shape"], entry["scale"], entry["offset"])
        for name, entry in fixture["tensors"].items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(fixture["config"]))


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def differences(program: str, fixture: dict, place: Path) -> tuple[str, dict]:
    """The class that transformers takes, and how far its logits are from others, in their standard deviation."""
    given, exported, ids = place / "given", place / "exported", fixture["ids"]
    write(fixture, given)
    run(program, "export", str(given), "-o", str(exported))
    words = [",".join(map(str, numbers)) for numbers in (ids, range(len(ids)))]
    score = json.loads(
        run(program, "score", str(given), f"--ids={words[0]}", f"--logits={words[1]}", "--json", "--device", "cpu")
    )
    ours = torch.tensor([score["logits"][str(place)] for place in range(len(ids))])
    model = load(exported)
    theirs = logits_of(model, ids)
    others = {"as given": logits_of(load(given), ids), "runexp": ours}
    return type(model).__name__, {
        name: float((other - theirs).abs().max() / theirs.std()) for name, other in others.items()
    }


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program", metavar="RUNEXP")
    arguments.add_argument("names", nargs="*", metavar="NAME", help="of Fixtures/families; all unless some are named")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    names = chosen.names or sorted(path.stem for path in (FIXTURES / "families").glob("*.json"))
    found = {}
    for name in names:
        fixture = json.loads((FIXTURES / "families" / f"{name}.json").read_text())
        with tempfile.TemporaryDirectory() as place:
            kind, found[name] = differences(chosen.program, fixture, Path(place))
        print(f"{name}: {kind}, " + ", ".join(f"{one} {off:.1e}" for one, off in found[name].items()), flush=True)
    print(f"{len(found)} exported models in transformers {transformers.__version__}, over the logits' deviation:")
    fails = False
    for one, margin in MARGINS.items():
        worst = max(found, key=lambda name: found[name][one])
        print(f"  from {one}: at most {found[worst][one]:.1e} ({worst})")
        fails |= found[worst][one] > margin
    sys.exit(fails)


if __name__ == "__main__":
    main()
