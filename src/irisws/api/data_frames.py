"""Rows as MLflow's scoring protocol writes them in JSON: one of four forms in one object.

    {"dataframe_split": {"columns": ["pw", "sl", "sw", "pl"], "data": [[3.0, 2.0, 1.0, 2.0]]}}
    {"dataframe_records": [{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}]}
    {"instances": [[2.0, 1.0, 2.0, 3.0]]}
    {"inputs": {"sl": [2.0], "sw": [1.0], "pl": [2.0], "pw": [3.0]}}

As in `irisws.api.contract` a quick reader takes what it can, and a careful one the rest.

Specification: MLflow, "Deploy MLflow Model as a Local Inference Server", accepted input formats.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from irisws.api.diagnosis import Diagnosis, Row
from irisws.api.document import Faults, JsonObject, kind, members, parse
from irisws.api.values import Columns, Scalar, are_plain
from irisws.model.card import Feature, Value
from irisws.model.rows import Rows, as_rows

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SPLIT = ("columns", "data", "index")  # the index is not looked at
_ONE_OF_THEM = f"exactly one of {', '.join(_FORMS[:-1])} and {_FORMS[-1]}"


class FrameReader:
    """Reads the JSON forms by the features of one model."""

    def __init__(
        self, diagnosis: Diagnosis, features: Sequence[Feature], largest_value: float
    ) -> None:
        self._diagnosis = diagnosis
        self._features = features
        self._width = len(features)
        self._is_plain = are_plain(features)
        self._columns = Columns(features, largest_value)
        number: Any = Annotated[float, Meta(ge=-largest_value, le=largest_value)]
        self._decoder = _decoder(self._width, number if self._is_plain else Scalar)
        self._readers: dict[str, Callable[[Any, str, Faults], Sequence[Row]]] = {
            "dataframe_split": self._split,
            "dataframe_records": diagnosis.rows,
            "instances": diagnosis.rows,
            "inputs": self._inputs,
        }

    def read(self, body: bytes) -> Rows:
        """Read rows of shape `[n, features]`.

        Raises:
            NotJson, InvalidRows: see `irisws.api.document`.
        """
        matrix = self._read_quickly(body)
        if matrix is None:
            return as_rows(self._read_carefully(body), self._features)
        return matrix

    def _read_carefully(self, body: bytes) -> Sequence[Row]:
        document = parse(body)
        faults = Faults()
        if not isinstance(document, JsonObject):
            faults.add("", f"expected an object that holds {_ONE_OF_THEM}, got {kind(document)}")
            faults.raise_any()
        given = members(document, "", (*_FORMS, "params"), faults)
        _refuse_params(given.pop("params", None), faults)
        if len(given) != 1:
            faults.add("", f"expected {_ONE_OF_THEM}, got {' and '.join(given) or 'none'}")
            faults.raise_any()
        [(form, value)] = given.items()
        rows = self._readers[form](value, f"/{form}", faults)
        faults.raise_any()
        return rows

    def _split(self, frame: Any, pointer: str, faults: Faults) -> list[Row]:
        if not isinstance(frame, JsonObject):
            faults.add(pointer, f"expected an object of columns and data, got {kind(frame)}")
            faults.raise_any()
        given = members(frame, pointer, _SPLIT, faults)
        names = _array(given.get("columns"), "names", f"{pointer}/columns", faults)
        rows = _array(given.get("data"), "rows", f"{pointer}/data", faults)
        faults.raise_any()
        order = self._diagnosis.columns(names, f"{pointer}/columns", faults)
        self._diagnosis.fits(len(rows), f"{pointer}/data", faults)
        faults.raise_any()
        return [
            self._in_order(row, order, f"{pointer}/data/{at}", faults)
            for at, row in enumerate(rows)
        ]

    def _in_order(self, row: Any, order: list[int], pointer: str, faults: Faults) -> Row:
        what = self._diagnosis.values
        values = _array(row, what, pointer, faults)
        if len(values) != self._width:
            faults.add(pointer, f"expected {self._width} {what}, got {len(values)}")
            return ()
        value = self._diagnosis.value
        return tuple(
            value(values[at], position, f"{pointer}/{at}", faults)
            for position, at in enumerate(order)
        )

    def _inputs(self, inputs: Any, pointer: str, faults: Faults) -> Sequence[Row]:
        if not isinstance(inputs, JsonObject):
            return self._diagnosis.rows(inputs, pointer, faults)
        found = self._diagnosis.features(inputs, pointer, faults)
        columns = [self._column(values, position, at, faults) for position, at, values in found]
        lengths = sorted({len(column) for column in columns})
        if len(lengths) > 1:
            shown = f"{lengths[0]} to {lengths[-1]}"
            faults.add(pointer, f"expected columns of one length, got {shown} values")
        faults.raise_any()
        return list(zip(*columns, strict=True))

    def _column(self, column: Any, position: int, pointer: str, faults: Faults) -> list[Value]:
        values = _array(column, self._diagnosis.values, pointer, faults)
        if not self._diagnosis.fits(len(values), pointer, faults):
            return []
        return [
            self._diagnosis.value(value, position, f"{pointer}/{at}", faults)
            for at, value in enumerate(values)
        ]

    def _read_quickly(self, body: bytes) -> Rows | None:
        """Read what msgspec takes; None for everything else.

        Of a doubled name msgspec would silently take the last, but a colon stands behind every
        name: a body with just as many colons as it has different names has no doubled one.
        """
        try:
            document = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        given = [value for value in msgspec.structs.astuple(document) if value is not UNSET]
        if len(given) != 1:
            return None
        colons = body.count(b":") - 1
        if isinstance(given[0], list):
            return self._quick_rows(given[0], colons)
        if isinstance(given[0], dict):
            return self._quick_columns(given[0], colons)
        return self._quick_split(given[0], colons)

    def _quick_rows(self, rows: list[Any], colons: int) -> Rows | None:
        kinds = set(map(type, rows))
        if kinds == {tuple} and colons == 0:
            return self._matrix(rows)
        if kinds != {dict} or colons != self._width * len(rows):
            return None
        names = list(rows[0])
        order = self._diagnosis.order(names)
        if order is None:
            return None
        try:
            return self._matrix([tuple(map(row.__getitem__, names)) for row in rows], order)
        except KeyError:  # this row has other names; if none has, none has more
            return None

    def _quick_columns(self, columns: dict[str, list[Any]], colons: int) -> Rows | None:
        order = self._diagnosis.order(list(columns))
        lengths = set(map(len, columns.values()))
        if order is None or len(lengths) != 1 or colons != self._width:
            return None
        return self._matrix(list(zip(*columns.values(), strict=True)), order)

    def _quick_split(self, frame: Any, colons: int) -> Rows | None:
        order = self._diagnosis.order(frame.columns)
        if order is None or colons != (2 if frame.index is UNSET else 3):
            return None
        return self._matrix(frame.data, order)

    def _matrix(self, rows: Sequence[Sequence[Any]], order: list[int] | None = None) -> Rows | None:
        if not self._diagnosis.fits(len(rows), "", Faults()):
            return None
        if not self._is_plain:
            return self._typed_rows(list(zip(*rows, strict=True)), order or range(self._width))
        values = np.fromiter(chain.from_iterable(rows), np.float64).reshape(-1, self._width)
        return values if order is None else values.take(order, axis=1)

    def _typed_rows(self, columns: Sequence[Sequence[Any]], order: Sequence[int]) -> Rows | None:
        found = [self._columns.read(columns[at], position) for position, at in enumerate(order)]
        cells = [column for column in found if column is not None]
        return self._columns.join(cells) if len(cells) == self._width else None


def _decoder(width: int, value: Any) -> msgspec.json.Decoder[Any]:
    array: Any = tuple.__class_getitem__((value,) * width)
    rows: Any = list[array | dict[str, value]]
    split = msgspec.defstruct(
        "Split",
        [("columns", list[str]), ("data", list[array]), _optional("index", list[Any])],
        forbid_unknown_fields=True,
    )
    kinds = (split, rows, rows, rows | dict[str, list[value]])
    forms = [_optional(form, kind) for form, kind in zip(_FORMS, kinds, strict=True)]
    return msgspec.json.Decoder(msgspec.defstruct("Body", forms, forbid_unknown_fields=True))


def _optional(name: str, kind: Any) -> tuple[str, Any, Any]:
    return name, kind | UnsetType, UNSET


def _refuse_params(params: Any, faults: Faults) -> None:
    """MLflow passes `params` on to the model, which ignores what it does not know; none is."""
    if isinstance(params, JsonObject):
        members(params, "/params", (), faults)
    elif params is not None:
        faults.add("/params", f"expected an object, got {kind(params)}")


def _array(value: Any, what: str, pointer: str, faults: Faults) -> list[Any]:
    if isinstance(value, list) and not isinstance(value, JsonObject):
        return value
    got = "nothing" if value is None else kind(value)
    faults.add(pointer, f"expected an array of {what}, got {got}")
    return []
