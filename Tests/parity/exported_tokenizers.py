"""Holds the tokenizers of exported models to transformers: AutoTokenizer makes the same ids with them.

    python Tests/parity/exported_tokenizers.py RUNEXP

The tokenizer.json of each fixture in ../Fixtures/tokenizers is put beside models of two families, for one of which
transformers has a class of tokenizers with a rule of its own. `runexp export` writes them anew; AutoTokenizer loads
that folder and must make of the fixtures' texts the ids that the package `tokenizers` has made of them. Prints for each
how many texts it makes otherwise, and exits with 1 where there is one. Needs torch, transformers and safetensors.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import transformers

from exported_models import FIXTURES, run, write

FAMILIES = ["llama3", "gpt2"]


def ids_of(program: str, model: dict, tokenizer: dict, texts: list, place: Path) -> list:
    """What AutoTokenizer makes of the texts with a tokenizer that was exported beside a model."""
    given, exported = place / "given", place / "exported"
    write(model, given)
    (given / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    run(program, "export", str(given), "-o", str(exported))
    loaded = transformers.AutoTokenizer.from_pretrained(exported)
    return [loaded.encode(text, add_special_tokens=False) for text in texts]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program", metavar="RUNEXP")
    program = arguments.parse_args().program
    transformers.logging.set_verbosity_error()
    texts = json.loads((FIXTURES / "tokenizers" / "texts.json").read_text(encoding="utf-8"))
    models = {name: json.loads((FIXTURES / "families" / f"{name}.json").read_text()) for name in FAMILIES}
    fails, count = False, 0
    for path in sorted((FIXTURES / "tokenizers").glob("*.json")):
        fixture = json.loads(path.read_text(encoding="utf-8"))
        if "tokenizer" not in fixture:
            continue
        for family, model in models.items():
            with tempfile.TemporaryDirectory() as place:
                found = ids_of(program, model, fixture["tokenizer"], texts, Path(place))
            off = sum(one != other for one, other in zip(found, fixture["ids"], strict=True))
            print(f"{path.stem} beside {family}: {off} of {len(texts)} texts are other ids", flush=True)
            fails |= off > 0
            count += 1
    print(f"{count} exported tokenizers in transformers {transformers.__version__}")
    sys.exit(fails)


if __name__ == "__main__":
    main()
