"""Range warnings: by name, with unit and range, and with the unit that was probably meant."""

from typing import Any

import numpy as np
import pytest
from msgspec import UNSET

from irisws.model.card import Feature
from irisws.model.range_warnings import MOST_WARNINGS, RangeChecker, RangeWarning


def number(minimum: float, maximum: float, **about: Any) -> Feature:
    quantiles = (minimum,) * 5
    described: dict[str, Any] = {"name": "width", "unit": "cm", "example": minimum} | about
    return Feature(minimum=minimum, maximum=maximum, quantiles=quantiles, **described)


def warnings(feature: Feature, value: Any) -> list[RangeWarning]:
    checker = RangeChecker([feature])
    dtype = object if feature.kind == "string" else float
    rows = np.array([[value]], dtype=dtype)
    outside = checker.outside(rows)
    assert checker.outside_of_one([value]) == np.flatnonzero(outside[0]).tolist()
    return [found for each in checker.warnings(rows, outside).values() for found in each]


@pytest.mark.parametrize(
    ("value", "unit", "hint", "factor"),
    [
        (25.0, "cm", "; ×0.1 fits: millimetres for centimetres?", 0.1),
        (0.02, "cm", "; ×100 fits: metres for centimetres?", 100.0),
        (2500.0, "kg", "; ×0.001 fits: grams for kilograms?", 0.001),
        (0.002, "mg/l", "; ×1000 fits: g/l for mg/l?", 1000.0),
        (25.0, "furlong", "; ×0.1 fits: in another unit?", 0.1),
        (25.0, None, "; ×0.1 fits: in another unit?", 0.1),
        (3.0, "cm", "", None),  # just outside: no matter of units
        (-25.0, "cm", "", None),
        (0.0, "cm", "", None),
        (1e30, "cm", "", None),
    ],
)
def test_unit_that_was_probably_meant(
    value: float, unit: str | None, hint: str, factor: float | None
) -> None:
    """A power of ten that brings a value inside from far outside is named, with the units."""
    [found] = warnings(number(1.5, 2.5, unit=unit), value)
    shown = f"2.5 {unit}" if unit else "2.5"
    given = f"{value!r} {unit}" if unit else repr(value)
    assert found.detail == f"width {given} is outside the 1.5 to {shown} seen in training{hint}"
    assert found.factor == (UNSET if factor is None else factor)
    assert (found.minimum, found.maximum) == (1.5, 2.5)


def test_range_of_negative_and_positive_values() -> None:
    """Factors are tried on either side of zero, and never where the range has no size."""
    assert [w.factor for w in warnings(number(-2.0, 2.0), 15.0)] == [0.1]
    assert [w.factor for w in warnings(number(-2.0, -1.0), -15.0)] == [UNSET]


def test_integers_are_shown_as_such() -> None:
    """A count is not a decimal number."""
    [found] = warnings(number(1.0, 6.0, kind="integer", unit="visits"), 7.0)
    assert found.detail == "width 7 visits is outside the 1 to 6 visits seen in training"


def test_category_that_training_had_not() -> None:
    """An unknown category is answered with a warning, which shows a long one in part."""
    feature = Feature(name="city", kind="string", categories=("Oslo", "Rome"), example="Oslo")
    assert warnings(feature, "Oslo") == []
    [found] = warnings(feature, "Paris")
    assert found.detail == "city 'Paris' is none of the 2 values seen in training"
    assert (found.value, found.minimum, found.factor) == ("Paris", UNSET, UNSET)
    assert len(warnings(feature, "x" * 1000)[0].detail) < 150


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        (number(1.0, 2.0, missing=True), float("nan")),
        (Feature(name="c", kind="string", categories=("a",), missing=True, example="a"), None),
        (Feature(name="c", kind="boolean", example=True), 1.0),
        (Feature(name="c", kind="string", example="free text"), "anything"),
    ],
)
def test_nothing_to_warn_of(feature: Feature, value: Any) -> None:
    """What is missing, a boolean, or free text is like nothing in training, and that is fine."""
    assert warnings(feature, value) == []


def test_warnings_are_bounded() -> None:
    """One call gives so many warnings, to the first rows that have any."""
    checker = RangeChecker([number(1.0, 2.0)])
    rows = np.full((MOST_WARNINGS + 5, 1), 9.0)
    assert len(checker.warnings(rows, checker.outside(rows))) == MOST_WARNINGS
