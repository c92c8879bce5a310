"""Holds the tokenizers of exported models to transformers and SentencePiece, which make the same ids with them.

    python Tests/parity/exported_tokenizers.py RUNEXP

The small tokenizers of ../Fixtures/tokenizers go beside models in each form that `runexp export` takes them from, and
models of characters and of bytes are trained; each is exported. AutoTokenizer loads the folder and must make of the
fixtures' texts the ids that the package `tokenizers` has made of them; a tokenizer.model is read by SentencePiece
itself. Prints for each how many texts it makes otherwise, and exits with 1 where there is one. Needs torch,
transformers, safetensors, sentencepiece and gguf.
"""

import argparse
import base64
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import gguf
import numpy
import sentencepiece
import transformers

from exported_models import FIXTURES, run, write

# For one of them transformers has a class of tokenizers with a rule of its own.
FAMILIES = ["llama3", "gpt2"]
# The rules by which GGUF files name how the fixtures are cut.
RULES = {
    "gpt2": "gpt-2", "smollm2": "smollm", "llama3": "llama-bpe", "qwen": "qwen2", "stablelm2": "stablelm2",
    "tekken": "tekken", "o200k": "gpt-4o",
}
# GPT-2's two files, and the class that a tokenizer_config.json names for them.
PAIRS = {"gpt2": None, "qwen": "Qwen2Tokenizer", "roberta": "RobertaTokenizer"}
TRAINING = """
name: tokens
device: cpu
model: {layers: 1, width: 8, attention: {type: mha, heads: 1}}
workload:
  type: train
  dataset: {name: ./texts.txt, tokenizer: %s}
  sequence: 8
  batch: 1
  steps: 1
  evaluate_every: 0
  sample: {tokens: 0}
"""
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


@dataclass
class Case:
    """A model with a tokenizer: how it is made in a folder, and which ids each text has.

    The ids are a list, or told by the exported folder; None is that of a text that is not tried.
    """

    name: str
    make: Callable[[str, Path], Path]
    ids: list | Callable[[Path], list]
    # Of "a b" with what stands around a text.
    special: list | None = None
    # What reads the exported folder.
    read: Callable[[Path], Callable] | None = None


def fixture(name: str):
    return json.loads((FIXTURES / "tokenizers" / f"{name}.json").read_text(encoding="utf-8"))


def folder(family: str, files: dict[str, bytes]):
    """A model of a family with a tokenizer's files beside it."""

    def make(_, place: Path) -> Path:
        write(json.loads((FIXTURES / "families" / f"{family}.json").read_text()), place / "given")
        for name, contents in files.items():
            (place / "given" / name).write_bytes(contents)
        return place / "given"

    return make


def trained(tokenizer: str, text: str):
    """What a training leaves."""

    def make(program: str, place: Path) -> Path:
        (place / "texts.txt").write_bytes(text.encode())
        (place / "tokens.yaml").write_text(TRAINING % tokenizer)
        run(program, "run", str(place / "tokens.yaml"), "--results", str(place / "results"))
        return next((place / "results").glob("**/checkpoint"))

    return make


def gguf_file(model: str, tokens: list, types: list, **further):
    """A GGUF file with a model of one layer."""
    keys = {
        "context_length": 64, "embedding_length": 8, "block_count": 1, "feed_forward_length": 8, "head_count": 1,
        "layer_norm_rms_eps": 1e-5, "tokenizer_model": model, "token_list": tokens, "token_types": types, **further,
    }

    def make(_, place: Path) -> Path:
        writer = gguf.GGUFWriter(place / "given.gguf", "llama")
        for key, value in keys.items():
            getattr(writer, f"add_{key}")(value)
        layer = ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"]
        for name in ["token_embd", "output_norm"] + [f"blk.0.{part}" for part in layer]:
            shape = [len(tokens), 8] if name == "token_embd" else [8] if name.endswith("norm") else [8, 8]
            writer.add_tensor(f"{name}.weight", numpy.zeros(shape, dtype=numpy.float32))
        for step in ("header_to_file", "kv_data_to_file", "tensors_to_file"):
            getattr(writer, f"write_{step}")()
        writer.close()
        return place / "given.gguf"

    return make


def merges_of(tokenizer: dict) -> list[str]:
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]


def of_files():
    """Tokenizers that come in a folder, beside models of two families."""
    for path in sorted((FIXTURES / "tokenizers").glob("*.json")):
        if path.stem == "texts":
            continue
        known = fixture(path.stem)
        for family in FAMILIES:
            if "model" in known:
                files = {"tokenizer.model": base64.b64decode(known["model"])}
                yield Case(f"{path.stem} beside {family}", folder(family, files), known["ids"], read=piecewise)
                continue
            tokenizer = known["tokenizer"]
            files = {"tokenizer.json": json.dumps(tokenizer, ensure_ascii=False).encode()}
            yield Case(f"{path.stem} beside {family}", folder(family, files), known["ids"], known["special"])
            if path.stem in PAIRS:
                files = {
                    "vocab.json": json.dumps(tokenizer["model"]["vocab"]).encode(),
                    "merges.txt": "\n".join(["#version: 0.2", *merges_of(tokenizer), ""]).encode(),
                }
                if kind := PAIRS[path.stem]:
                    added = {
                        str(token["id"]): {key: value for key, value in token.items() if key != "id"}
                        for token in tokenizer["added_tokens"]
                    }
                    files["tokenizer_config.json"] = json.dumps(
                        {"tokenizer_class": kind, "added_tokens_decoder": added}).encode()
                name = f"{path.stem} in two files beside {family}"
                yield Case(name, folder(family, files), known["ids"], known["special"])


def of_gguf(texts: list):
    """Tokenizers that a GGUF file brings."""
    for name, pre in RULES.items():
        known = fixture(name)
        tokenizer = known["tokenizer"]
        added = {token["id"]: token["content"] for token in tokenizer["added_tokens"]}
        tokens = {**{id: token for token, id in tokenizer["model"]["vocab"].items()}, **added}
        types = [CONTROL if id in added else NORMAL for id in range(len(tokens))]
        bos = next((id for id, token in added.items() if token in ("<s>", "<|begin_of_text|>")), 0)
        make = gguf_file(
            "gpt2", [tokens[id] for id in range(len(tokens))], types, tokenizer_pre=pre, bos_token_id=bos,
            token_merges=merges_of(tokenizer))
        yield Case(f"{name} in GGUF", make, known["ids"], known["special"])
    for name, prefix in [("sentencepiece", True), ("sentencepiece-bare", False)]:
        pieces = scored(base64.b64decode(fixture(name)["model"]))
        make = gguf_file(
            "llama", [piece for piece, _, _ in pieces], [kind for _, _, kind in pieces],
            token_scores=[score for _, score, _ in pieces], unk_token_id=0, bos_token_id=1, eos_token_id=2,
            add_space_prefix=prefix)
        yield Case(f"{name} in GGUF", make, lambda place, pieces=pieces: ids_of_pieces(place, pieces, texts))


def scored(model: bytes) -> list:
    """The tokens, scores and types of a tokenizer.model; those that a user has defined are merged to as any other.

    Their scores are not in the order of ids, and rows of blanks have one score, both as in Mistral's.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    kinds = [(UNKNOWN, processor.is_unknown), (CONTROL, processor.is_control), (BYTE, processor.is_byte)]
    pieces = {
        processor.id_to_piece(id): (
            processor.get_score(id), next((kind for kind, holds in kinds if holds(id)), NORMAL))
        for id in range(processor.get_piece_size())
    }
    pieces |= {"▁" * count: (-1e9, NORMAL) for count in (2, 3, 4, 8)}
    return [(piece, score, kind) for piece, (score, kind) in pieces.items()]


def piecewise(place: Path):
    return sentencepiece.SentencePieceProcessor(model_file=str(place / "tokenizer.model")).encode


def automatic(place: Path):
    loaded = transformers.AutoTokenizer.from_pretrained(place)
    return lambda text, special=False: loaded.encode(text, add_special_tokens=special)


def ids_of_pieces(place: Path, pieces: list, texts: list) -> list:
    """What SentencePiece makes of texts with a tokenizer.model that must have these pieces.

    It finds no control tokens in a text, as the tokenizer of a GGUF file does.
    """
    read = sentencepiece.SentencePieceProcessor(model_file=str(place / "tokenizer.model"))
    found = [(read.id_to_piece(id), read.get_score(id)) for id in range(read.get_piece_size())]
    given = [(piece, float(numpy.float32(score))) for piece, score, _ in pieces]
    if found != given or (read.bos_id(), read.eos_id()) != (1, 2):
        sys.exit(f"{place}: SentencePiece reads other pieces than the GGUF file has")
    special = [piece for piece, _, kind in pieces if kind in (UNKNOWN, CONTROL)]
    return [None if any(token in text for token in special) else read.encode(text) for text in texts]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program", metavar="RUNEXP")
    program = arguments.parse_args().program
    transformers.logging.set_verbosity_error()
    texts = fixture("texts")
    whole = "".join(texts)
    alphabet = {character: id for id, character in enumerate(sorted(set(whole)))}
    built_in = [
        Case("characters", trained("char", whole), [[alphabet[character] for character in text] for text in texts]),
        Case("bytes", trained("byte", whole), [list(text.encode()) for text in texts]),
    ]
    fails, count = False, 0
    for case in [*of_files(), *of_gguf(texts), *built_in]:
        with tempfile.TemporaryDirectory() as place:
            exported = Path(place) / "exported"
            run(program, "export", str(case.make(program, Path(place))), "-o", str(exported))
            read = (case.read or automatic)(exported)
            known = case.ids if isinstance(case.ids, list) else case.ids(exported)
            tried = [(read(text), ids) for text, ids in zip(texts, known, strict=True) if ids is not None]
            assert tried, f"{case.name}: no text was tried"
            wrong = case.special is not None and read("a b", True) != case.special
        off = sum(own != ids for own, ids in tried)
        others = ", and what stands around one is" if wrong else ""
        print(f"{case.name}: {off} of {len(tried)} texts are other ids{others}", flush=True)
        fails |= off > 0 or wrong
        count += 1
    print(
        f"{count} exported tokenizers in transformers {transformers.__version__} and sentencepiece "
        f"{sentencepiece.__version__}")
    sys.exit(fails)


if __name__ == "__main__":
    main()
