"""How the reference's tables write what was found."""

import pytest

from docs._tools.models import Reasons, in_two_digits, power_of_ten


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (3e-6, "1e-05"), (1e-6, "1e-06"), (1.1e-6, "1e-05")]
)
def test_power_of_ten(value: float, text: str) -> None:
    """A difference is told by its order: the digits vary from machine to machine."""
    assert power_of_ten(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,200"), (99.9, "100"), (12.3, "12"), (1.26, "1.3"), (0.128, "0.13")],
)
def test_two_digits(value: float, text: str) -> None:
    """A time has two digits that count."""
    assert in_two_digits(value) == text


def test_reasons_are_in_groups() -> None:
    """A classifier stands under its reason, with the data set where it was so with one only."""
    reasons = Reasons()
    for data_name in ("iris", "penguins"):
        reasons.add("A", data_name, "A refuses rows that its data make likely: no")
        reasons.add(
            "B", data_name, None if data_name == "iris" else "of 9 rows 1 get another label"
        )
    assert reasons.listed() == (
        "It has no answer to rows that are far from its training data\n: `A`\n\n"
        "The converted graph answers otherwise\n: `B` (penguins)"
    )
