"""Holds exported models of images to transformers and timm: each fixture, exported, loaded and compared.

    python Tests/parity/exported_image_models.py RUNEXP

`runexp export` writes the model of each fixture of ../Fixtures/image-families anew; transformers or timm loads that
folder, every tensor of which it must have a place for. Its outputs are compared with those of the folder that was given.
Prints the largest difference over the outputs' standard deviation; exits with 1 where one is above 1e-5. Needs torch,
timm, transformers and safetensors.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers

MARGIN = 1e-5
FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures"
sys.path.insert(0, str(FIXTURES))
from make_image_family_fixtures import load, outputs, pixels, write  # noqa: E402


def difference(program: str, fixture: dict, place: Path) -> tuple[str, float]:
    """The class that reads what was exported, and how far its outputs are from the given model's."""
    given, exported = place / "given", place / "exported"
    write(fixture["config"], fixture["tensors"], given)
    done = subprocess.run([program, "export", str(given), "-o", str(exported)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"export: {done.stderr.strip()}")
    _, images = pixels(fixture["pixels"]["shape"])
    model = load(exported)
    ours, theirs = outputs(model, images), outputs(load(given), images)
    return type(model).__name__, float((ours - theirs).abs().max() / theirs.std())


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    fails = False
    for path in sorted((FIXTURES / "image-families").glob("*.json")):
        with tempfile.TemporaryDirectory() as place:
            kind, off = difference(sys.argv[1], json.loads(path.read_text()), Path(place))
        print(f"{path.stem}: {kind}, {off:.1e}", flush=True)
        fails |= off > MARGIN
    sys.exit(fails)


if __name__ == "__main__":
    main()
