"""Cells of CSV: the values that their texts stand for.

The rules are those by which pandas reads the same file, so that a row of it gets the answer that
the estimator gave: `NA` and its like are missing values, and blanks are part of a category if they
were so in training.
"""

import re
from collections.abc import Sequence
from typing import Any

from irisws.model.card import Feature

BLANKS = " \t"  # around a cell they mean nothing, unless a category has them
MISSING = frozenset(
    (
        *("", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NULL", "null", "None"),
        *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    )
)

# The first bytes of files that people take for text.
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive, as Excel workbooks are",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


class CellReader:
    """Reads the cells of one feature."""

    def __init__(self, feature: Feature, decimal: str = ".") -> None:
        """Prepare.

        Args:
            feature: The feature.
            decimal: The sign before the fraction of a number, `.` or `,`; the point is one as well.
        """
        self._kind = feature.kind
        # Texts that are no categories have blanks if the most frequent one of training has.
        example = str(feature.example)
        self._strips = example == example.strip(BLANKS)
        self._categories = frozenset(feature.categories or ())
        self._decimal = decimal

    def read(self, text: str) -> Any:
        """The value in a cell.

        Returns:
            None if it is missing; the text if it holds no value of the feature's kind.
        """
        if text in self._categories:
            return text
        cell = text.strip(BLANKS)
        if cell in self._categories:
            return cell
        if cell in MISSING:
            return None
        if self._kind == "string":
            return cell if self._categories or self._strips else text
        if self._kind == "boolean":
            return _BOOLEANS.get(cell.lower(), cell)
        number = cell.replace(self._decimal, ".")
        return float(number) if is_number(number) else cell


def is_number(cell: str) -> bool:
    """Whether a text is a number as people write them: no `nan`, no `1_0`."""
    return _NUMBER.fullmatch(cell) is not None


def other_format(data: bytes) -> str | None:
    """What a file is that cannot be text in UTF-8, by its first bytes: "compressed with gzip"."""
    return next((what for magic, what in _OTHER_FORMATS.items() if data.startswith(magic)), None)


def begin_with_blanks(features: Sequence[Feature]) -> bool:
    """Whether a blank after a separator may be part of the cell that follows."""
    texts = (text for f in features for text in (f.name, f.alias, f.example, *(f.categories or ())))
    return any(isinstance(text, str) and text[:1] in BLANKS for text in texts if text)
