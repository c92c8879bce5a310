"""What transformers makes of a folder with a model, in f32: for use by hand and to check exported folders.

    python Tests/parity/transformers_logits.py FOLDER --ids 1,2,3 [--tokens 32]

Prints one JSON document: `model`, the class that was loaded; `ids`; `logits`, those of the last position; `loss`, the
mean of the tokens' after the first in nats (null for one token alone); and `greedy`, the tokens that follow. A folder
whose tensors are not exactly those that its config.json asks for is refused.
Needs torch and transformers.
"""

import argparse
import json
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, GenerationConfig


def load(folder: str):
    """The model of a folder, by transformers' plainest attention."""
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True,
    )
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[key]:
            sys.exit(f"{folder}: {key.replace('_', ' ')}: {sorted(map(str, report[key]))}")
    return model.eval()


def shortest(values: torch.Tensor) -> list:
    """Numbers that JSON writes with as few digits as say which f32 they are."""
    return [float(str(value)) for value in values.numpy()]


def continuation(model, ids: list, tokens: int) -> list:
    """What greedy generation goes on with; no token ends it."""
    prompt = torch.tensor([ids])
    model.generation_config = GenerationConfig(pad_token_id=0)
    result = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=tokens, use_cache=True,
    )
    return result[0, len(ids):].tolist()


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", metavar="FOLDER", help="with a config.json and safetensors files")
    arguments.add_argument("--ids", required=True, help="the tokens of a text, with commas between them")
    arguments.add_argument("--tokens", type=int, default=32, help="to generate (32)")
    chosen = arguments.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    ids = [int(word) for word in chosen.ids.split(",")]
    model = load(chosen.folder)
    logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    loss = None
    if len(ids) > 1:
        loss = float(torch.nn.functional.cross_entropy(logits[:-1].double(), torch.tensor(ids[1:])))
    # By a new model, since scalings may remember the longest text that they have seen.
    greedy = continuation(load(chosen.folder), ids, chosen.tokens) if chosen.tokens > 0 else []
    print(json.dumps({
        "model": type(model).__name__, "ids": ids, "logits": shortest(logits[-1]), "loss": loss, "greedy": greedy,
    }))


if __name__ == "__main__":
    main()
