"""The tutorial's penguins are those of the data set."""

import csv
from importlib.resources import files
from pathlib import Path

CHAPTER = Path(__file__).parents[2] / "examples" / "tutorial" / "53-mixed-columns"
CLUTCH = {"Yes": "true", "No": "false"}


def published(name: str) -> list[dict[str, str]]:
    """The rows of a table in the package palmerpenguins."""
    text = (files("palmerpenguins") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_penguins_are_those_that_were_published() -> None:
    """`penguins.csv` is the published table and one column of the raw one, row by row."""
    text = (CHAPTER / "penguins.csv").read_text(encoding="utf-8")
    assert list(csv.DictReader(text.splitlines())) == [
        {**bird, "clutch_complete": CLUTCH[raw["Clutch Completion"]]}
        for bird, raw in zip(published("penguins.csv"), published("penguins-raw.csv"), strict=True)
    ]
