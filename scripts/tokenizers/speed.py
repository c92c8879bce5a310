#!/usr/bin/env python3
"""How fast texts become tokens, beside the tokenizers package on one thread: prints MB/s of both and their ratio.

    speed.py RUNEXP FOLDER TEXT    FOLDER as real.py has written it; TEXT: English; where it is not there, made-up words
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer

import texts


def own(program, model, path):
    """Seconds to load and MB/s."""
    said = subprocess.run([program, "tokenize", model, "--text", path, "--time", "--json"], check=True, capture_output=True, text=True)
    load = float(re.search(r"read the tokenizer in ([0-9.]+) s", said.stderr)[1])
    return load, float(re.search(r", ([0-9.]+) MB/s", said.stderr)[1]), said.stdout.count(",")


def library(path, text):
    start = time.perf_counter()
    tokenizer = Tokenizer.from_file(str(path))
    load = time.perf_counter() - start
    start = time.perf_counter()
    tokenizer.encode(text, add_special_tokens=False)
    return load, len(text.encode()) / 1e6 / (time.perf_counter() - start)


def main():
    program, folder, path = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    english = path.read_text() if path.exists() else "\n".join(texts.corpus(200_000))
    source = f"'{path}'" if path.exists() else f"made-up words, for there is no '{path}'"
    print(f"English is {source}, repeated to 4 million characters; one piece is a megabyte without a blank")
    english = (english * (4_000_000 // len(english) + 1))[:4_000_000]
    one = "ab" * 500_000
    print(f"{'tokenizer':20} {'text':12} {'load s':>8} {'theirs':>8} {'MB/s':>8} {'theirs':>8} {'ratio':>7}")
    for path in sorted(path for path in folder.glob("*/tokenizer.json") if not path.parent.name.startswith("small-")):
        for name, text in [("English", english), ("one piece", one)]:
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                runs = [(own(program, str(path), file.name), library(path, text)) for _ in range(3)]
            load, speed = min(run[0][0] for run in runs), max(run[0][1] for run in runs)
            theirs_load, theirs = min(run[1][0] for run in runs), max(run[1][1] for run in runs)
            print(f"{path.parent.name:20} {name:12} {load:8.3f} {theirs_load:8.3f} {speed:8.1f} {theirs:8.1f} {speed / theirs:7.1f}")


if __name__ == "__main__":
    main()
