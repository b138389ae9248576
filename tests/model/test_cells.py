"""What the texts in a CSV file stand for."""

from typing import Any

import pytest
from pandas._libs.parsers import STR_NA_VALUES  # what read_csv's na_values has by default

from irisws.model.card import Feature
from irisws.model.cells import MISSING, CellReader, begin_with_blanks


def number(kind: Any = "number") -> Feature:
    return Feature(name="n", kind=kind, minimum=0, maximum=1, quantiles=(0, 0, 0, 1, 1), example=0)


def strings(*categories: str, example: str = "a") -> Feature:
    return Feature(name="s", kind="string", categories=categories or None, example=example)


def test_missing_values_are_those_of_pandas() -> None:
    """A file is read here as it was read for training."""
    assert MISSING == STR_NA_VALUES


@pytest.mark.parametrize(
    ("feature", "text", "value"),
    [
        (number(), "1.5", 1.5),
        (number(), " -2e3\t", -2000.0),
        (number(), "NA", None),
        (number(), "  ", None),
        (number(), "1_0", "1_0"),
        (number(), "inf", "inf"),
        (number("integer"), "+7", 7.0),
        (Feature(name="b", kind="boolean", example=True), "True", True),
        (Feature(name="b", kind="boolean", example=True), " 0", False),
        (Feature(name="b", kind="boolean", example=True), "yes", "yes"),
        (Feature(name="b", kind="boolean", example=True), "nan", None),
        (strings("a", " b"), "a", "a"),
        (strings("a", " b"), " a ", "a"),
        (strings("a", " b"), " b", " b"),
        (strings("a", " b"), " c ", "c"),
        (strings("a"), " null ", None),
        (strings("a", "None", ""), "None", "None"),
        (strings("a", "None", ""), "", ""),
        (strings(), " free text ", "free text"),
        (strings(example=" as pandas read it"), " free text", " free text"),
        (strings(), "", None),
    ],
)
def test_cells(feature: Feature, text: str, value: Any) -> None:
    """Numbers, booleans and strings; what was a category is one, whatever it looks like."""
    found = CellReader(feature).read(text)
    assert (type(found), found) == (type(value), value)


def test_decimal_comma() -> None:
    """The point stays a decimal sign as well."""
    reader = CellReader(number(), decimal=",")
    assert [reader.read(text) for text in ("1,5", "1.5", "1.234,5")] == [1.5, 1.5, "1.234,5"]


def test_begin_with_blanks() -> None:
    """In names and in categories."""
    assert not begin_with_blanks([number(), strings("a b", "", "c ")])
    assert begin_with_blanks([number(), strings("a", " b")])
    assert begin_with_blanks([Feature(name=" s", kind="string", example="a")])
    assert begin_with_blanks([strings(example=" a")])
