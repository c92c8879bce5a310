"""Which texts pandas and DuckDB do not give back as the texts that they are, each alone in a column or beside a word.

    python Tests/readers/infer.py > Tests/Fixtures/inferred.txt
    python Tests/readers/infer.py --check Tests/Fixtures/inferred.txt

The second, which `make readers` runs, fails where today's readers change a text that is not recorded.

The lines of Tests/Fixtures/inferred.txt are JSON strings. TypeInferenceTests.swift holds the program to them: it
must refuse each as a name and as a text of an axis.
"""

import json
import random
import string
import sys
import tempfile

import duckdb
import pandas

WORDS = """true false t f y n yes no on off na n/a nan null none nil nat inf infinity epoch today now tomorrow
yesterday allballs never unknown missing void default void undefined january jan may monday am pm e x d l u""".split()
SHAPES = """007 7 00 0 1e3 1E3 1000 1.0 1 12e4567 0x10 0b11 0o7 1_000 1__0 1. .5 1.e3 1e 1e+3 1d 1f 1L 5u 0xFF 0xG
2024-01-02 2024-1-2 2024-01 2024 20240102 01-02-2024 31-12-2024 2024.01.02 01.02.2024 1.2.3 24-01-02 2024-01-02T10
2024-01-02T10:11 2024-01-02T101112 20240102T101112Z 2024-001 2024W01 10-11-12 1-2-3 1-2 12.30 12:30 12:30:59
2024/01/02 01/02/2024 1/2 1,000 1,5 $5 5% -1 +1 --1 -inf +inf -nan (1) 1+1 1+2j 7b 1.5B 4x 64k 5min 3days 1h 1s P1D
Jan-02-2024 02-Jan-2024 2-Jan-24 #N/A #NA <NA> 1.#IND -1.#QNAN 999999999999999999999999 1e309 1-1-1 2024-13-45
12:30:59.5 12:30+01 2024-01-02Z 2024-01-02+01 1:30 12:30PM 99:99""".split()
ALPHABETS = [
  (string.digits, 4), ("0123456789eE.-+", 6), ("0123456789-./", 8), ("0123456789:", 6), ("012xobXOB_", 5),
  ("0123456789abcdefTZ:-/. ,+_%$#()", 7), (string.ascii_letters, 2), (string.ascii_lowercase, 3),
  (string.ascii_letters + string.digits + "_-+.", 4), ("infaINFAtyeslrudTRUE", 5),
]


def candidates():
  random.seed(9)
  found = dict.fromkeys(w for word in WORDS for w in (word, word.upper(), word.capitalize()))
  found.update(dict.fromkeys(SHAPES))
  found.update(dict.fromkeys(f" {shape}" for shape in SHAPES))
  found.update(dict.fromkeys(f"{shape} " for shape in SHAPES))
  for alphabet, length in ALPHABETS:
    for _ in range(1500):
      found["".join(random.choices(alphabet, k=random.randint(1, length)))] = None
  return list(found)


def field(text):
  """As CSV.swift writes it."""
  if any(c in text for c in ',"\n\r') or text != text.strip(" "):
    return '"' + text.replace('"', '""') + '"'
  return text


def lost(texts, beside):
  """The texts that one of the readers changes, each in a column of its own; `beside` stands below each."""
  with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    rows = [texts] + ([[beside] * len(texts)] if beside else [texts])
    file.write(",".join(f"c{i}" for i in range(len(texts))) + "\n")
    file.writelines(",".join(map(field, row)) + "\n" for row in rows)
    file.flush()
    first = pandas.read_csv(file.name).iloc[0].tolist()
    second = duckdb.sql(f"select * from read_csv_auto('{file.name}', header = true)").fetchall()[0]
  return {
    text
    for text, *read in zip(texts, first, second)
    if any(type(value) is not str or value != text for value in read)
  }


def main():
  texts = candidates()
  found = set()
  for start in range(0, len(texts), 500):
    part = texts[start : start + 500]
    found |= lost(part, None) | lost(part, "classic")
  print(
    f"{len(texts)} texts, {len(found)} lost; pandas {pandas.__version__}, DuckDB {duckdb.__version__}",
    file=sys.stderr)
  if sys.argv[1:2] == ["--check"]:
    with open(sys.argv[2]) as file:
      recorded = set(map(json.loads, file))
    if found - recorded:
      sys.exit(f"not recorded: {sorted(found - recorded)}")
  else:
    print("\n".join(json.dumps(text) for text in sorted(found)))


if __name__ == "__main__":
  main()
