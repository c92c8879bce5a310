"""Computes the fixtures that hold the import of Hugging Face models to transformers in f32.

    python Tests/Fixtures/make_family_fixtures.py [--check] [NAME ...]

Needs torch, numpy, safetensors and transformers 5; the models are in family_models.py. With --check nothing is
written: what is computed is compared with the files, logits to 1e-5 of the largest.

families/NAME.json:
    config      config.json as save_pretrained writes it
    config_old  the same in the spelling of transformers 4, where there is another
    seed        of the tensors' values
    tensors     of model.safetensors in the file's order, as save_pretrained writes it: name -> `shape`, `scale`,
                `offset`, the `first` four values, and a `checksum` of all: the sum of (i + 1) x the bits of value i,
                modulo 2^32
    ids         a prompt
    positions   those of the prompt whose logits are kept
    logits      [positions][vocabulary], each the shortest decimal that is the f32
    loss        of the prompt's tokens after the first, in nats: their mean
    greedy      the 32 tokens that follow the prompt, with a key/value cache
    greedy_uncached  the same from whole passes, where they differ: with `dynamic` scaling the keys in the cache keep
                the rotation of the length that the text had when they came
    margin      the smallest lead in logits of a greedy token over the next best: what f32 has to spare

Value i of a tensor, counted along its rows, needs no file:
    hash   = FNV-1a, 64 bits, of the UTF-8 bytes of "SEED/NAME"
    random = splitmix64(hash + i): x = hash + i + 0x9e3779b97f4a7c15, then x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9,
             x = (x ^ x >> 27) * 0x94d049bb133111eb, x ^ x >> 31; all modulo 2^64
    value  = offset + scale * ((random >> 48) - 32768) / 32768
Scales have at most 8 significant bits, so that the product is exact in f32 and only the sum rounds.
"""

import argparse
import json
import math
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from family_models import MODELS, Model
from fixture_files import FOLDER, assert_alike, error

CONTINUATION = 32
MARGIN = 0.005
SEEDS = 30  # to try
DISTINCT = 8  # tokens that a continuation has at least, so that it is no loop over a few
LIVE = 0.005  # what an option has to change, relative to the largest logit
KEPT = 8  # positions
# How far the entries of a matrix spread, in 1 / sqrt(columns): attention that looks at some keys more than at others,
# and logits that differ.
GAINS = {
    "q_proj": 1.6, "k_proj": 1.6, "qkv_proj": 1.4, "c_attn": 1.4, "query_key_value": 1.4,
    "c_proj": 2.0, "dense": 2.0, "dense_4h_to_h": 2.0, "lm_head": 3.0, "embed_out": 3.0,
}


def spread(name: str, shape: list, model: Model) -> tuple[float, float]:
    """Scale and offset of a tensor's values."""
    module, what = name.split(".")[-2:]
    gemma = model.kind.startswith("gemma")  # multiplies by 1 + the weight
    small = gemma and model.options.get("tie_word_embeddings", True)  # embeddings, else it repeats the last token
    if what == "bias":
        return 0.1875, 0.0
    if len(shape) == 1:
        centre = 1.0 - gemma
        if module in ("q_norm", "k_norm"):
            return 0.5, centre + 0.25
        if module == "norm" and small:
            return 0.5, centre + 3.5
        return 0.5, centre
    if module in ("embed_tokens", "wte", "embed_in"):
        return (0.1875 if small else 0.75), 0.0
    if module == "wpe":
        return 0.5, 0.0
    columns = shape[0] if model.kind == "gpt2" and module != "lm_head" else shape[1]  # GPT-2 has [in, out]
    scale = GAINS.get(module, 1.2) * math.sqrt(3 / columns)
    return min(round(scale * 256), 256) / 256, 0.0


def values(seed: int, name: str, shape: list, scale: float, offset: float) -> np.ndarray:
    """The tensor that the formula above describes."""
    state = 0xCBF29CE484222325
    for byte in f"{seed}/{name}".encode():
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    x = np.arange(math.prod(shape), dtype=np.uint64) + np.uint64(state) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    unit = ((x >> np.uint64(48)).astype(np.float32) - np.float32(32768)) / np.float32(32768)
    return (np.float32(offset) + np.float32(scale) * unit).reshape(shape)


def described(array: np.ndarray, scale: float, offset: float) -> dict:
    bits = array.reshape(-1).view(np.uint32).astype(np.uint64)
    checksum = int(((np.arange(len(bits), dtype=np.uint64) + np.uint64(1)) * bits).sum() % np.uint64(2**32))
    first = [shortest(value) for value in array.reshape(-1)[:4]]
    return dict(shape=list(array.shape), scale=scale, offset=offset, first=first, checksum=checksum)


def shortest(value) -> float:
    """A number that JSON writes with as few digits as say which f32 it is."""
    return float(str(np.float32(value)))


def new_config(model: Model, **changes):
    return AutoConfig.for_model(model.kind, **(model.options | changes))


def empty_folder(model: Model, folder: Path) -> tuple[dict, dict]:
    """What save_pretrained makes of a model: its config.json, and the shape of each tensor in the file's order."""
    AutoModelForCausalLM.from_config(new_config(model), dtype=torch.float32).save_pretrained(folder)
    data = (folder / "model.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__")
    entries = sorted(header.items(), key=lambda entry: entry[1]["data_offsets"])
    shapes = {name.removeprefix(model.prefix): entry["shape"] for name, entry in entries}
    return json.loads((folder / "config.json").read_text()), shapes


def old_spelling(model: Model, config: dict) -> dict:
    """The same model as transformers 4 wrote it."""
    old = dict(config, transformers_version="4.40.0", torch_dtype=config["dtype"])
    del old["dtype"]
    old.pop("_sliding_window_pattern", None)
    if "layer_types" not in model.options:
        old.pop("layer_types", None)
    if model.kind == "gemma":
        old["hidden_act"] = "gelu"  # the released files say so, and mean the tanh form
    rope = old.pop("rope_parameters", None)
    if rope is None:
        return old
    rope = dict(rope)
    if model.kind == "gemma3_text":
        old["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = dict(rope["full_attention"])
    neox = model.kind == "gpt_neox"
    old["rotary_emb_base" if neox else "rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        old["rotary_pct" if neox else "partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    if model.kind == "phi3":
        rope.pop("original_max_position_embeddings", None)  # which is beside it
    kind = rope.pop("rope_type")
    late = kind == "llama3" or model.kind == "gemma3_text"  # came when `type` had become `rope_type`
    old["rope_scaling"] = None if kind == "default" else {"rope_type" if late else "type": kind, **rope}
    return old


def load(folder: Path, config=None):
    """The model of a folder, whose every tensor is used unless `config` is another than the folder's."""
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="eager", output_loading_info=True,
    )
    faults = [report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")]
    assert config or not any(faults), f"tensors that do not fit: {faults}"
    return model.eval()


def logits_of(model, ids: list) -> torch.Tensor:
    return model(torch.tensor([ids]), use_cache=False).logits[0]


def greedy(folder: Path, ids: list, cache: bool) -> tuple[list, float]:
    """The continuation, and the smallest lead of one of its tokens."""
    model = load(folder)  # a new one, since scalings may remember the longest text they have seen
    model.generation_config = GenerationConfig(pad_token_id=0)  # without an end
    prompt = torch.tensor([ids])
    result = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=CONTINUATION,
        use_cache=cache, return_dict_in_generate=True, output_logits=True,
    )
    best = torch.cat(result.logits).topk(2).values
    tokens = result.sequences[0, len(ids):].tolist()
    assert len(tokens) == CONTINUATION
    return tokens, float((best[:, 0] - best[:, 1]).min())


def prompt_of(model: Model, seed: int) -> list:
    return torch.randint(64, (model.prompt,), generator=torch.Generator().manual_seed(seed)).tolist()


def attempt(name: str, model: Model, seed: int) -> dict | None:
    """The fixture with the tensors and the prompt of `seed`; nil where its continuation is a loop or a near tie."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        config, shapes = empty_folder(model, folder)
        draws = {tensor: spread(tensor, shape, model) for tensor, shape in shapes.items()}
        arrays = {tensor: values(seed, tensor, shapes[tensor], *draws[tensor]) for tensor in shapes}
        save_file(arrays, folder / "model.safetensors", metadata={"format": "pt"})
        ids = prompt_of(model, seed)
        tokens, margin = greedy(folder, ids, cache=True)
        uncached, other_margin = greedy(folder, ids, cache=False)
        if min(margin, other_margin) < MARGIN or len(set(tokens)) < DISTINCT:
            return None
        assert model.remembers or tokens == uncached, f"{name}: the cache changes what follows"
        logits = logits_of(load(folder), ids)
        check_options(name, model, folder, ids, logits)
        old = old_spelling(model, config)
        (folder / "config.json").write_text(json.dumps(old))
        assert torch.equal(logits, logits_of(load(folder), ids)), f"{name}: config_old is another model"
    loss = torch.nn.functional.cross_entropy(logits[:-1].double(), torch.tensor(ids[1:]))
    positions = sorted({round(place) for place in np.linspace(0, len(ids) - 1, KEPT)})
    document = dict(
        config=config, config_old=old, seed=seed,
        tensors={tensor: described(arrays[tensor], *draws[tensor]) for tensor in shapes},
        ids=ids, positions=positions,
        logits=[[shortest(value) for value in logits[position].numpy()] for position in positions],
        loss=float(loss), greedy=tokens, margin=margin,
    )
    if tokens != uncached:
        document["greedy_uncached"] = uncached
    return document


def check_options(name: str, model: Model, folder: Path, ids: list, logits: torch.Tensor):
    """Fails where an option of the model could be left out and nothing would be seen of it."""
    for changes in model.live:
        changed = error(logits_of(load(folder, new_config(model, **changes)), ids), logits)
        assert changed > LIVE, f"{name}: {changes} changes {changed:.1e} only"


def text_of(document: dict) -> str:
    """JSON with a line for each key, each tensor and each row of logits."""
    compact = lambda value: json.dumps(value, separators=(",", ":"))
    lines = []
    for key, value in document.items():
        if key == "tensors":
            entries = ",\n".join(f'"{name}":{compact(entry)}' for name, entry in value.items())
            lines.append(f'"tensors":{{\n{entries}}}')
        elif key == "logits":
            lines.append('"logits":[\n' + ",\n".join(map(compact, value)) + "]")
        else:
            lines.append(f'"{key}":{compact(value)}')
    return "{" + ",\n".join(lines) + "}\n"


def finish(name: str, document: dict, check: bool):
    """Writes the fixture, or with `check` fails unless the file says the same."""
    path = FOLDER / "families" / f"{name}.json"
    if not check:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(document))
        return
    stored = json.loads(path.read_text())
    for key, tolerance in dict(logits=1e-5, loss=1e-6, margin=1e-2).items():
        assert error(stored.pop(key), document.pop(key)) < tolerance, f"{name}: other {key} than stored"
    for config in ("config", "config_old"):  # which say the version that wrote them
        stored[config].pop("transformers_version"), document[config].pop("transformers_version")
    assert_alike(name, stored, json.loads(json.dumps(document)))


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments.add_argument("names", nargs="*", metavar="NAME", help="of family_models.py; all unless some are named")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name in chosen.names or MODELS:
        documents = (attempt(name, MODELS[name], seed) for seed in range(1, SEEDS + 1))
        document = next(filter(None, documents), None)
        assert document, f"{name}: no continuation is clear enough; try more seeds"
        deviation = np.std(document["logits"])
        print(
            f"{name}: seed {document['seed']}, logits' deviation {deviation:.2f}, loss {document['loss']:.3f}, "
            f"margin {document['margin']:.4f}, {document['greedy']}",
            flush=True,
        )
        finish(name, document, chosen.check)


if __name__ == "__main__":
    main()
