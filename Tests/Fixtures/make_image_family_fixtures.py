"""Computes the fixtures that hold vision transformers of timm and transformers to what these compute, in f32.

    python Tests/Fixtures/make_image_family_fixtures.py [--check] [NAME...]

Needs torch, timm, transformers, numpy and safetensors. With --check nothing is written: the fixtures are computed again
and compared with the files.

image-families/NAME.json has `config`, as save_pretrained or timm's save_for_hf writes it; `tensors` and `pixels`, whose
values follow from name and place by the formula of make_family_fixtures.py; and `logits` [2, outputs] of the two images
`pixels` [2, channels, height, width]. `resized`, where it is there, has the same for images of another size: a learned
table is interpolated by timm's `set_input_size`, and rotary positions are those of the larger grid.
"""

import argparse
import json
import math
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
import transformers
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModel, AutoModelForImageClassification, ViTConfig, ViTModel

from fixture_files import FOLDER, assert_alike, error
from make_family_fixtures import described, shortest, text_of, values

SEED = 5
SIZES = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=60)
TIMM = dict(embed_dim=32, depth=3, num_heads=4, mlp_ratio=1.875)
TIMM_VIT, TIMM_EVA = "vit_tiny_patch16_224", "eva02_tiny_patch14_224"


@dataclass(frozen=True)
class Model:
    kind: str  # vit, ViTModel, dinov3_vit, or an architecture of timm
    options: dict
    resized: tuple = ()  # height and width

    @property
    def is_timm(self):
        return "_patch" in self.kind


MODELS = {
    "vit": Model("vit", SIZES | dict(image_size=12, patch_size=4, num_labels=5)),
    "vit-wide": Model("vit", SIZES | dict(
        image_size=[6, 9], patch_size=3, num_channels=1, qkv_bias=False, hidden_act="gelu_pytorch_tanh", num_labels=3,
        layer_norm_eps=1e-3,
    )),
    "vit-bare": Model("ViTModel", SIZES | dict(image_size=[8, 12], patch_size=4, layer_norm_eps=1e-6)),
    "dinov3": Model("dinov3_vit", SIZES | dict(image_size=12, patch_size=4, num_register_tokens=2), (16, 24)),
    "dinov3-gated": Model("dinov3_vit", SIZES | dict(
        image_size=[8, 12], patch_size=4, use_gated_mlp=True, hidden_act="silu", key_bias=True, rope_theta=50.0,
    ), (8, 8)),
    "timm": Model(TIMM_VIT, TIMM | dict(img_size=12, patch_size=4, num_classes=5), (16, 20)),
    "timm-mean": Model(TIMM_VIT, TIMM | dict(
        img_size=(8, 24), patch_size=4, num_classes=4, global_pool="avg", reg_tokens=2, init_values=0.1, in_chans=2,
        norm_layer="rmsnorm", act_layer="gelu_tanh", class_token=False,
    ), (12, 8)),
    "timm-features": Model(TIMM_VIT, TIMM | dict(
        img_size=8, patch_size=2, num_classes=0, reg_tokens=3, init_values=1e-5, qkv_bias=False, mlp_ratio=2.1,
    ), (20, 20)),
    "timm-normed": Model(TIMM_VIT, TIMM | dict(
        img_size=8, patch_size=4, num_classes=4, global_pool="avg", fc_norm=False, reg_tokens=1,
    )),
    "eva02": Model(TIMM_EVA, TIMM | dict(img_size=12, patch_size=4, num_classes=5, ref_feat_shape=(2, 4)), (16, 20)),
    "eva02-features": Model(TIMM_EVA, TIMM | dict(
        img_size=(8, 12), patch_size=4, num_classes=0, in_chans=1, global_pool="token", num_reg_tokens=2,
        qkv_fused=False, swiglu_mlp=False, init_values=0.1, use_abs_pos_emb=False,
        rope_grid_indexing="xy", rope_temperature=100.0, rope_rotate_half=True,
    ), (8, 20)),
    "timm-dinov3": Model("vit_small_patch16_dinov3_qkvb", TIMM | dict(
        img_size=12, patch_size=4, num_classes=5,
    ), (16, 20)),
    "timm-dinov3-gated": Model("vit_small_plus_patch16_dinov3", TIMM | dict(
        img_size=(8, 12), patch_size=4, num_classes=0, global_pool="token", num_reg_tokens=2, qkv_fused=False,
        mlp_ratio=1.7, rope_grid_indexing="xy", rope_rotate_half=False, rope_temperature=50.0,
    ), (8, 20)),
}


def new(model: Model):
    """With the weights that its class begins with."""
    if model.is_timm:
        return timm.create_model(model.kind, **model.options)
    if model.kind == "ViTModel":
        return ViTModel(ViTConfig(**model.options), add_pooling_layer=False)
    config = AutoConfig.for_model(model.kind, **model.options)
    return (AutoModelForImageClassification if model.kind == "vit" else AutoModel).from_config(config)


def spread(name: str, shape: list) -> tuple[float, float]:
    """Scale and offset of a tensor's values."""
    if name.endswith("bias"):
        return 0.1875, 0.0
    if "token" in name or "pos" in name:
        return 0.5, 0.0
    if len(shape) == 1:
        return 0.5, 1.0
    gain = 2.4 if name.startswith(("head", "classifier")) else 1.6 if "att" in name else 1.2
    return min(round(gain * math.sqrt(3 / math.prod(shape[1:])) * 256), 256) / 256, 0.0


def write(config: dict, tensors: dict, folder: Path):
    """A model as a folder, its tensors from the formula."""
    folder.mkdir(exist_ok=True)
    arrays = {
        name: values(SEED, name, entry["shape"], entry["scale"], entry["offset"]) for name, entry in tensors.items()
    }
    save_file(arrays, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))


def load(folder: Path):
    """The model of a folder, whose every tensor is used."""
    config = json.loads((folder / "config.json").read_text())
    if "architecture" in config:
        return timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    # A pooler is of another task, and no file has one here.
    is_bare = config.get("architectures") == ["ViTModel"]
    kind = AutoModelForImageClassification if config["model_type"] == "vit" and not is_bare else AutoModel
    model, report = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True,
        **(dict(add_pooling_layer=False) if is_bare else {}),
    )
    faults = [report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")]
    assert not any(faults), f"tensors that do not fit: {faults}"
    return model.eval()


def outputs(model, pixels: torch.Tensor) -> torch.Tensor:
    found = model(pixels)
    if torch.is_tensor(found):
        return found
    if "logits" in found:
        return found.logits
    return found.last_hidden_state[:, 0] if found.pooler_output is None else found.pooler_output


def pixels(shape: list) -> tuple[dict, torch.Tensor]:
    array = values(SEED, "pixels", shape, 1.0, 0.0)
    return described(array, 1.0, 0.0), torch.from_numpy(array)


def compute(model: Model) -> dict:
    with tempfile.TemporaryDirectory() as path:
        empty, folder = Path(path) / "empty", Path(path) / "model"
        if model.is_timm:
            timm.models.save_for_hf(new(model), empty, safe_serialization=True)
        else:
            new(model).save_pretrained(empty)
        config = json.loads((empty / "config.json").read_text())
        data = (empty / "model.safetensors").read_bytes()
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        header.pop("__metadata__", None)
        tensors = {}
        for name, entry in header.items():
            scale, offset = spread(name, entry["shape"])
            array = values(SEED, name, entry["shape"], scale, offset)
            tensors[name] = described(array, scale, offset)
        write(config, tensors, folder)
        own = load(folder)
        options = config.get("model_args", config)
        sides = options.get("img_size", options.get("image_size"))
        height, width = sides if isinstance(sides, list) else (sides, sides)
        channels = options.get("in_chans", options.get("num_channels", 3))
        document = dict(config=config, seed=SEED, tensors=tensors)
        document |= said(own, [2, channels, height, width])
        if model.resized:
            if model.is_timm:
                own.set_input_size(img_size=model.resized)
            document["resized"] = said(own, [2, channels, *model.resized])
        return document


def said(model, shape: list) -> dict:
    entry, images = pixels(shape)
    rows = outputs(model, images)
    return dict(pixels=entry, logits=[[shortest(value) for value in row.numpy()] for row in rows])


def finish(name: str, document: dict, check: bool):
    path = FOLDER / "image-families" / f"{name}.json"
    if not check:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(document))
        return
    stored = json.loads(path.read_text())
    for one, other in ((stored, document), (stored.get("resized", {}), document.get("resized", {}))):
        if one:
            assert error(one.pop("logits"), other.pop("logits")) < 1e-5, f"{name}: other logits than stored"
    for one in (stored, document):
        one["config"].pop("transformers_version", None)
    assert_alike(name, stored, json.loads(json.dumps(document)))


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments.add_argument("names", nargs="*", help="of fixtures; all where none is given")
    given = arguments.parse_args()
    check = given.check
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name, model in MODELS.items():
        if given.names and name not in given.names:
            continue
        document = compute(model)
        deviation = torch.tensor(document["logits"]).std()
        print(f"{name}: {len(document['tensors'])} tensors, outputs' deviation {deviation:.2f}", flush=True)
        finish(name, document, check)


if __name__ == "__main__":
    sys.exit(main())
