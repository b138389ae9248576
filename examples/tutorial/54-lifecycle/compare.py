"""Compare the answers of two models, row by row: python compare.py OLD NEW"""

import csv
import sys
from collections import Counter


def read(name: str) -> list[dict[str, str]]:
    with open(name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


WORDS = {True: "right", False: "wrong"}
counts: Counter[str] = Counter()
for old, new in zip(read(sys.argv[1]), read(sys.argv[2]), strict=True):
    truth = old["cultivar"]
    counts[f"old {WORDS[old['label'] == truth]}, new {WORDS[new['label'] == truth]}"] += 1
    if old["label"] != new["label"]:
        print(f"bottle {old['bottle']:>3}, a {truth}: {old['label']}, now {new['label']}")
for what, count in sorted(counts.items(), reverse=True):
    print(f"{what}: {count}")
