#!/usr/bin/env python3
"""Writes Tests/Fixtures/tokenizers: small tokenizers of known shapes, and what the libraries make of texts with them.

    fixtures.py FOLDER      needs the packages tokenizers and sentencepiece
"""

import base64
import io
import json
import pathlib
import sys

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import texts

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace("{1,3}", "")
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
START = r"[^\r\n\p{L}\p{N}]?"
UPPER, LOWER, ENDING = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = f"{START}{UPPER}*{LOWER}+{ENDING}|{START}{UPPER}+{LOWER}*{ENDING}|" + (
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LINES = texts.corpus(4000)


def special(token):
    return AddedToken(token, special=True, normalized=False)


def of_bytes(split, special_tokens, size=330, normalizer=None, ignore_merges=False, before=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split) if len(split) > 1 else split[0]
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False,
        special_tokens=[special(token) for token in special_tokens[:1]])
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.add_special_tokens([special(token) for token in special_tokens[1:]])
    tokenizer.decoder = decoders.ByteLevel()
    level = processors.ByteLevel(trim_offsets=False)
    tokenizer.post_processor = level
    if before:
        template = processors.TemplateProcessing(
            single=f"{before} $A", pair=f"{before} $A {before} $B", special_tokens=[(before, tokenizer.token_to_id(before))])
        tokenizer.post_processor = processors.Sequence([level, template])
    state = json.loads(tokenizer.to_str())
    state["model"]["ignore_merges"] = ignore_merges
    return state


def roberta():
    """As the published files have it: the token that stands for a hidden word swallows the blank before it."""
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    state = of_bytes([level], ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], size=300)
    ids = {token["content"]: token["id"] for token in state["added_tokens"]}
    for token in state["added_tokens"]:
        token["lstrip"] = token["content"] == "<mask>"
    state["post_processor"] = {
        "type": "RobertaProcessing", "sep": ["</s>", ids["</s>"]], "cls": ["<s>", ids["<s>"]], "trim_offsets": True,
        "add_prefix_space": False}
    return state


def of_characters(normalizer, pre_tokenizer, decoder, specials, bos, added=(), fallback=True):
    """As Llama 2, Mistral and Gemma have it: characters with bytes for those that are unknown."""
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    base.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=140, limit_alphabet=70, show_progress=False))
    trained = json.loads(base.to_str())["model"]
    tokens = list(specials) + [f"<0x{byte:02X}>" for byte in range(256)] * fallback
    merges = [("▁", "▁"), ("▁▁", "▁▁")] + [tuple(merge) for merge in trained["merges"]]
    tokens += ["▁▁", "▁▁▁▁"] + [token for token in sorted(trained["vocab"], key=trained["vocab"].get)]
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token=specials[0], fuse_unk=True, byte_fallback=fallback))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens([special(token) for token in specials])
    tokenizer.add_tokens(list(added))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, vocab[bos])])
    return json.loads(tokenizer.to_str())


def odd():
    """What no known tokenizer has all of."""
    base = Tokenizer(models.BPE(unk_token="[UNK]"))
    base.normalizer = normalizers.Sequence([
        normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip(), normalizers.Replace(Regex(r"\s{3,}"), " ~ "), normalizers.Replace("$", "usd")])
    base.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("merged_with_next"), pre_tokenizers.Digits(False),
        pre_tokenizers.Split("e", "contiguous"), pre_tokenizers.Split(Regex("th|ou"), "merged_with_previous", invert=False)])
    base.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=260, limit_alphabet=60, special_tokens=["[UNK]", "[END]"], show_progress=False))
    base.add_tokens([
        AddedToken("king", single_word=True, normalized=True), AddedToken("<l>", lstrip=True, normalized=False),
        AddedToken("<r>", rstrip=True, normalized=False), AddedToken("Ab", normalized=True), AddedToken("hello", normalized=False),
        AddedToken("hello w", normalized=False)])
    base.decoder = decoders.Sequence([decoders.Replace("h", "H"), decoders.Fuse(), decoders.Strip("H", 1, 0)])
    base.post_processor = processors.TemplateProcessing(single="$A [END]", special_tokens=[("[END]", 1)])
    return json.loads(base.to_str())


def shapes():
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = lambda pattern: pre_tokenizers.Split(Regex(pattern), "isolated")
    underline = normalizers.Replace(" ", "▁")
    back = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    yield "gpt2", of_bytes([level], ["<|endoftext|>"])
    yield "gpt2-prefix", of_bytes([pre_tokenizers.ByteLevel(add_prefix_space=True)], ["<|endoftext|>"], size=300)
    yield "llama3", of_bytes([split(LLAMA3), plain], ["<|end_of_text|>", "<|begin_of_text|>"], ignore_merges=True, before="<|begin_of_text|>")
    yield "qwen", of_bytes([split(QWEN), plain], ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], normalizer=normalizers.NFC())
    yield "smollm2", of_bytes([pre_tokenizers.Digits(True), level], ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    yield "tekken", of_bytes([split(TEKKEN), plain], ["<s>", "</s>"], size=300, before="<s>")
    yield "o200k", of_bytes([split(O200K), plain], ["<|endoftext|>", "<|endofprompt|>"], size=300)
    yield "stablelm2", of_bytes([split(QWEN), plain], ["<|endoftext|>", "<|im_start|>"], size=300)
    yield "mistral-legacy", of_characters(
        normalizers.Sequence([normalizers.Prepend("▁"), underline]), None, decoders.Sequence(back + [decoders.Strip(" ", 1, 0)]),
        ["<unk>", "<s>", "</s>"], "<s>")
    yield "mistral", of_characters(
        None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), decoders.Sequence(back + [decoders.Strip(" ", 1, 0)]),
        ["<unk>", "<s>", "</s>"], "<s>")
    yield "gemma", of_characters(
        underline, pre_tokenizers.Split(" ", "merged_with_previous"), decoders.Sequence(back), ["<pad>", "<eos>", "<bos>"], "<bos>",
        added=[AddedToken(token, normalized=False) for token in ["\n\n", "\n\n\n", "\t\t", "▁▁▁", "<div>"]])
    yield "metaspace", of_characters(
        None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True), decoders.Metaspace(), ["<unk>", "<s>", "</s>"], "<s>", fallback=False)
    yield "odd", odd()
    yield "roberta", roberta()


def differing(texts_before, texts_after):
    """What has become of each text; nothing where it is the same."""
    return [None if before == after else after for before, after in zip(texts_before, texts_after)]


def cases(tokenizer, all_texts):
    return {
        "ids": [tokenizer.encode(text, add_special_tokens=False).ids for text in all_texts],
        "special": tokenizer.encode("a b", add_special_tokens=True).ids,
        "decoded": [tokenizer.decode([token], skip_special_tokens=False) for token in range(tokenizer.get_vocab_size())],
        "texts": differing(all_texts, [tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=True) for text in all_texts]),
    }


def sentencepiece_model(prefix, trimmed):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, vocab_size=370, model_type="bpe", byte_fallback=True, character_coverage=0.98,
        normalization_rule_name="identity", add_dummy_prefix=prefix, remove_extra_whitespaces=trimmed, user_defined_symbols=["<tool>", "▁▁▁", "king"],
        minloglevel=2)
    return model.getvalue()


def sentencepiece_cases(processor, all_texts):
    size = processor.get_piece_size()
    return {
        "ids": [processor.encode(text) for text in all_texts],
        "decoded": [processor.decode([token]) if not processor.is_unknown(token) else "" for token in range(size)],
        "texts": differing(
            all_texts, [processor.decode([token for token in processor.encode(text) if not processor.is_unknown(token)]) for text in all_texts]),
    }


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    all_texts = texts.NASTY + texts.generated(5)
    (folder / "texts.json").write_text(compact(all_texts) + "\n")
    for name, state in shapes():
        if name in ("gpt2", "smollm2"):
            # As older files have them.
            state["model"]["merges"] = [" ".join(merge) for merge in state["model"]["merges"]]
        tokenizer = Tokenizer.from_str(json.dumps(state))
        (folder / f"{name}.json").write_text(compact({"tokenizer": state, **cases(tokenizer, all_texts)}) + "\n")
    for name, prefix, trimmed in [("sentencepiece", True, False), ("sentencepiece-bare", False, False), ("sentencepiece-trimmed", True, True)]:
        model = sentencepiece_model(prefix, trimmed)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        (folder / f"{name}.json").write_text(
            compact({"model": base64.b64encode(model).decode(), **sentencepiece_cases(processor, all_texts)}) + "\n")
    print(sum(path.stat().st_size for path in folder.iterdir()), "bytes")


if __name__ == "__main__":
    main()
