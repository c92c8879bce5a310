#!/usr/bin/env python3
"""Writes experiments/tokenizers/plays-512: byte-level BPE by GPT-2's rule, of 512 tokens, for where no other tokenizer is at hand.

    plays.py TOKENS FOLDER    TOKENS: the file that runexp keeps of synthetic-plays in bytes, as numbers of 32 bits
"""

import json
import pathlib
import sys

import numpy
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def main():
    text = numpy.fromfile(sys.argv[1], "<i4", offset=136).astype(numpy.uint8).tobytes().decode()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(
        json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
