"""The contract: the card turned into types, and request bodies into rows by those types.

Two readers share the work. The quick one is compiled by msgspec from the card: it accepts the
usual bodies at C speed, and says no to everything else. What it refuses goes to the careful one
(`irisws.api.diagnosis`), which reads the body slowly and finds all that is wrong with it, or that
nothing is. So a valid request pays for no explanation, and a wrong one gets a full one.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from irisws.api.diagnosis import Diagnosis, Row
from irisws.model.card import Feature

Matrix: TypeAlias = NDArray[np.float64]

_HEAD, _TAIL = b'{"instances":[[', b"]]}"
_NUMBER_BYTES = b"+-.0123456789Ee"
_BARE_HEAD = _HEAD.translate(None, _NUMBER_BYTES)


class Instances(NamedTuple):
    """Rows of shape `[n, features]`, and the parameters that came with them."""

    matrix: Matrix
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
        self._max_rows = max_rows
        self._width = len(features)
        number = Annotated[float, Meta(ge=-largest_value, le=largest_value)]
        by_alias = _row_type([f.alias or f.name for f in features], number)
        by_name = _row_type([f.name for f in features], number)
        in_order = tuple.__class_getitem__((number,) * len(features))
        self._row_decoders = [msgspec.json.Decoder(kind) for kind in (by_alias, by_name)]
        self._object_decoders = [_instances_decoder(kind) for kind in (by_alias, by_name)]
        self._array_decoder = _instances_decoder(in_order)
        self._number_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[number])
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
                    return row
        return self._diagnosis.read_row(body)

    def read_instances(self, body: bytes) -> "Instances":
        """Read `{"instances": [row, ...], "parameters": {...}}`.

        Each row is an object by name or an array in card order.

        Raises:
            NotJson, InvalidRows: see `irisws.api.document`.
        """
        colons = body.count(b":")
        read = self._read_arrays(body) if colons == 1 else self._read_objects(body, colons)
        if read is not None and 0 < len(read) <= self._max_rows:
            return Instances(read, {})
        rows, parameters = self._diagnosis.read_instances(body)
        return Instances(np.array(rows), parameters)

    def _read_arrays(self, body: bytes) -> Matrix | None:
        matrix = self._read_flat(body)
        if matrix is not None:
            return matrix
        decoded = _decode(self._array_decoder, body)
        return None if decoded is None else self._matrix(chain.from_iterable(decoded.instances))

    def _read_flat(self, body: bytes) -> Matrix | None:
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

    def _read_objects(self, body: bytes, colons: int) -> Matrix | None:
        if self._colons_show_doubles:
            for decoder in self._object_decoders:
                decoded = _decode(decoder, body)
                if decoded is not None and colons == 1 + self._width * len(decoded.instances):
                    return self._matrix(chain.from_iterable(map(self._values, decoded.instances)))
        return None

    def _matrix(self, values: Iterable[float]) -> Matrix:
        """Rows from all their values, one after the other; twice as quick as np.array(rows)."""
        return np.fromiter(values, np.float64).reshape(-1, self._width)


def _row_type(names: list[str], number: Any) -> type[msgspec.Struct]:
    fields = {f"v{position}": name for position, name in enumerate(names)}
    return msgspec.defstruct(
        "Row",
        [(field, number) for field in fields],
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
