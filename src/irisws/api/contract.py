"""The contract: the card turned into types, and request bodies into rows by those types.

Two readers share the work. The quick one is compiled by msgspec from the card: it accepts the
usual bodies at C speed, and says no to everything else. What it refuses goes to the careful one
(`irisws.api.diagnosis`), which reads the body slowly and finds all that is wrong with it, or that
nothing is. So a valid request pays for no explanation, and a wrong one gets a full one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np

from irisws.api.diagnosis import Diagnosis, Row
from irisws.api.large_bodies import LargeBodies
from irisws.api.values import are_plain, json_type
from irisws.model.card import Feature
from irisws.model.rows import Rows, as_rows

_HEAD, _TAIL = b'{"instances":[[', b"]]}"
_NUMBER_BYTES = b"+-.0123456789Ee"
_BARE_HEAD = _HEAD.translate(None, _NUMBER_BYTES)


class Instances(NamedTuple):
    """Rows of shape `[n, features]`, and the parameters that came with them."""

    matrix: Rows
    parameters: Mapping[str, bool]


class Contract:
    """What a request may hold, compiled from the features of one model."""

    def __init__(self, features: tuple[Feature, ...], largest_value: float, max_rows: int) -> None:
        """Compile.

        Args:
            features: The card's features, in order.
            largest_value: The largest absolute value that the engine's number type holds.
            max_rows: How many rows one request may hold.
        """
        self._diagnosis = Diagnosis(features, largest_value, max_rows)
        self._large = LargeBodies(features, max_rows)
        self._max_rows = max_rows
        self._features = features
        self._width = len(features)
        self._is_plain = are_plain(features)
        types = [json_type(feature, largest_value) for feature in features]
        self._row_decoders: list[msgspec.json.Decoder[Any]] = []
        self._object_decoders: list[msgspec.json.Decoder[Any]] = []
        self._array_decoders: list[msgspec.json.Decoder[Any]] = []
        if None not in types:
            by_alias = _row_type([f.alias or f.name for f in features], types)
            by_name = _row_type([f.name for f in features], types)
            in_order = tuple.__class_getitem__(tuple(types))
            self._row_decoders = [msgspec.json.Decoder(kind) for kind in (by_alias, by_name)]
            self._object_decoders = [_instances_decoder(kind) for kind in (by_alias, by_name)]
            self._array_decoders = [_instances_decoder(in_order)]
        # mypy knows no types that are made at run time
        self._number_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[types[0]])  # type: ignore[valid-type]
        # A number or a boolean that is missing is NaN in a row, where null is decoded as None.
        self._has_nan = any(f.missing and f.kind != "string" for f in features)
        self._missing = [None if f.kind == "string" else math.nan for f in features]
        self._values = _values_getter(len(features))
        # A colon stands behind every name and, if no name holds one, nowhere else: counting them
        # shows a doubled name, of which msgspec would silently take the last.
        self._colons_show_doubles = not any(
            ":" in name for f in features for name in (f.name, f.alias or "")
        )

    def read_row(self, body: bytes) -> Row:
        """Read one row as an object by name: `{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}`.

        Raises:
            NotJson, InvalidRows: see `irisws.api.document`.
        """
        if self._colons_show_doubles and body.count(b":") == self._width:
            for decoder in self._row_decoders:
                decoded = _decode(decoder, body)
                if decoded is not None:
                    row: Row = self._values(decoded)
                    return self._with_nan(row) if self._has_nan else row
        return self._large.read(self._diagnosis.read_row, body)

    def read_instances(self, body: bytes) -> "Instances":
        """Read `{"instances": [row, ...], "parameters": {...}}`.

        Each row is an object by name or an array in card order.

        Raises:
            NotJson, InvalidRows: see `irisws.api.document`.
        """
        return self._large.read(self._read_instances, body)

    def _read_instances(self, body: bytes) -> "Instances":
        colons = body.count(b":")
        read = self._read_arrays(body) if colons == 1 else self._read_objects(body, colons)
        if read is not None and 0 < len(read) <= self._max_rows:
            return Instances(read, {})
        rows, parameters = self._diagnosis.read_instances(body)
        return Instances(as_rows(rows, self._features), parameters)

    def _read_arrays(self, body: bytes) -> Rows | None:
        matrix = self._read_flat(body) if self._is_plain else None
        if matrix is not None:
            return matrix
        for decoder in self._array_decoders:
            decoded = _decode(decoder, body)
            if decoded is not None:
                return self._rows(decoded.instances)
        return None

    def _read_flat(self, body: bytes) -> Rows | None:
        """Read arrays as programs write them, in half the time: as one flat list of numbers.

        With the bytes of numbers taken away, what is left must be rows of so many commas between
        brackets; with the brackets between rows taken away, what is left must be a JSON array of
        numbers. Together that is the same as an array of rows. The only white space that is taken
        is the one blank that common encoders write after a comma or the colon.
        """
        tight = body if body.startswith(_HEAD) else body.replace(b'": [', b'":[', 1)
        if b", " in tight:
            tight = tight.replace(b", ", b",")
        if not (tight.startswith(_HEAD) and tight.endswith(_TAIL)):
            return None
        count = tight.count(b"],[") + 1
        rows = b"],[".join([b"," * (self._width - 1)] * count)
        if tight.translate(None, _NUMBER_BYTES) != _BARE_HEAD + rows + _TAIL:
            return None
        flat = memoryview(tight.replace(b"],[", b","))[len(_HEAD) - 1 : 1 - len(_TAIL)]
        numbers = _decode(self._number_decoder, flat)
        return None if numbers is None else self._matrix(numbers)

    def _read_objects(self, body: bytes, colons: int) -> Rows | None:
        if self._colons_show_doubles:
            for decoder in self._object_decoders:
                decoded = _decode(decoder, body)
                if decoded is not None and colons == 1 + self._width * len(decoded.instances):
                    return self._rows(map(self._values, decoded.instances))
        return None

    def _rows(self, rows: Iterable[Sequence[Any]]) -> Rows:
        if self._is_plain:
            return self._matrix(chain.from_iterable(rows))
        return as_rows(list(rows), self._features)

    def _matrix(self, values: Iterable[float]) -> Rows:
        """Rows from all their values, one after the other; twice as quick as np.array(rows)."""
        return np.fromiter(values, np.float64).reshape(-1, self._width)

    def _with_nan(self, row: Row) -> Row:
        pairs = zip(row, self._missing, strict=True)
        return tuple(missing if value is None else value for value, missing in pairs)


def _row_type(names: list[str], types: list[Any]) -> type[msgspec.Struct]:
    fields = {f"v{position}": name for position, name in enumerate(names)}
    return msgspec.defstruct(
        "Row",
        list(zip(fields, types, strict=True)),
        rename=fields,
        forbid_unknown_fields=True,
        gc=False,
    )


def _instances_decoder(row: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(
        msgspec.defstruct("Instances", [("instances", list[row])], forbid_unknown_fields=True)
    )


def _values_getter(width: int) -> Any:
    """A function from a decoded row to its values as a tuple; attrgetter makes none for one."""
    if width == 1:
        return lambda row: (row.v0,)
    return attrgetter(*(f"v{position}" for position in range(width)))


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes | memoryview) -> Any:
    """What the decoder makes of the body, None if it refuses it."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
