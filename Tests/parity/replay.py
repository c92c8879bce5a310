"""Runs a cell of runexp again in PyTorch, from the same weights over the same windows, and compares the losses.

    runexp run FILE --save-initial --set workload.data_order=sequential
    python Tests/parity/replay.py results/NAME/latest/cells/CELL --text input.txt [--float64] [--steps 50]

Needs torch, safetensors and PyYAML. Prints the largest difference of the training losses; exits with 1 above 1e-3.
What is read of the cell's files is read in read_cell.py, nowhere else.
"""

import argparse
import math
import sys
from pathlib import Path

import torch

from model import Transformer
from read_cell import read_cell
from train import train

TOLERANCE = 1e-3


def training_tokens(path: Path) -> torch.Tensor:
    """The first 90 % of a text, each character the index of itself among the text's characters in order."""
    text = path.read_bytes().decode("utf-8")
    index = {character: i for i, character in enumerate(sorted(set(text)))}
    return torch.tensor([index[character] for character in text[: int(0.9 * len(text))]])


def sequential_window(tokens, sequence: int, batch: int, step: int) -> torch.Tensor:
    """[batch, sequence + 1]: windows follow each other without overlap and begin again at the end of the split."""
    windows = (len(tokens) - 1) // sequence
    starts = [(step * batch + row) % windows * sequence for row in range(batch)]
    return torch.stack([tokens[start : start + sequence + 1] for start in starts])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("cell", type=Path, help="the folder of one cell")
    arguments.add_argument("--text", type=Path, required=True, help="the data set's file")
    arguments.add_argument("--float64", action="store_true", help="compute in double precision")
    arguments.add_argument("--steps", type=int, help="replay only the first steps")
    arguments.add_argument("--verbose", action="store_true", help="print both losses of each step")
    options = arguments.parse_args()

    cell = read_cell(options.cell)
    tokens = training_tokens(options.text)
    characters = tokens.max().item() + 1
    if characters > cell.model.vocabulary:
        sys.exit(f"the text has {characters} characters, the checkpoint {cell.model.vocabulary}")
    model = Transformer(cell.model).to(torch.float64 if options.float64 else torch.float32)
    model.load_state_dict(cell.weights)

    count = min(options.steps or len(cell.losses), len(cell.losses), cell.training.steps)
    if count == 0:
        sys.exit("the cell has no steps to compare")
    window = lambda step: sequential_window(tokens, cell.sequence, cell.batch, step)
    worst, worst_step = -1.0, 0
    for step, (loss, _) in enumerate(train(model, cell.training, window, count)):
        difference = abs(loss - cell.losses[step])
        if options.verbose:
            print(f"{step:5d}  runexp {cell.losses[step]:.7f}  torch {loss:.7f}  {difference:.1e}")
        if not math.isfinite(difference):
            sys.exit(f"step {step}: runexp {cell.losses[step]}, torch {loss}")
        if difference > worst:
            worst, worst_step = difference, step
    print(f"largest loss difference over {count} steps: {worst:.2e} (step {worst_step})")
    sys.exit(0 if worst <= TOLERANCE else 1)


if __name__ == "__main__":
    main()
