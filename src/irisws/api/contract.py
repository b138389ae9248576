"""The contract: the card turned into types, and request bodies into rows by those types.

Two readers share the work. The quick one is compiled by msgspec from the card: it accepts the
usual bodies at C speed, and says no to everything else. What it refuses goes to the careful one
(`irisws.api.diagnosis`), which reads the body slowly and finds all that is wrong with it, or that
nothing is. So a valid request pays for no explanation, and a wrong one gets a full one.
"""

from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from irisws.api.diagnosis import Diagnosis, Row
from irisws.model.card import Feature

Rows = list[Row]


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
        fields = [f"f{position}" for position in range(len(features))]
        self._in_order = _in_order(fields)

        def by(names: list[str]) -> type[msgspec.Struct]:
            return msgspec.defstruct(
                "Row",
                [(field, number) for field in fields],
                rename=dict(zip(fields, names, strict=True)),
                forbid_unknown_fields=True,
                gc=False,
            )

        aliased, named = by([f.alias or f.name for f in features]), by([f.name for f in features])
        row = tuple.__class_getitem__((number,) * len(features))
        self._row_decoders = [msgspec.json.Decoder(kind) for kind in (aliased, named)]
        self._array_decoder = _instances_decoder(row)
        self._object_decoders = [_instances_decoder(kind) for kind in (named, aliased)]
        # A colon stands behind every name and, if no name holds one, nowhere else: counting them
        # shows a doubled name, of which msgspec would silently take the last.
        self._colons_show_doubles = not any(
            ":" in name for f in features for name in (f.name, f.alias or "")
        )

    def read_row(self, body: bytes) -> Row:
        """Read one row as an object by name: `{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}`.

        Raises:
            NotJson, InvalidRows: see `irisws.api.diagnosis`.
        """
        if self._colons_show_doubles and body.count(b":") == self._width:
            for decoder in self._row_decoders:
                try:
                    row: Row = self._in_order(decoder.decode(body))
                    return row
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue
        return self._diagnosis.read_row(body)

    def read_instances(self, body: bytes) -> Rows:
        """Read `{"instances": [row, ...]}`, each row an object by name or an array in card order.

        Raises:
            NotJson, InvalidRows: see `irisws.api.diagnosis`.
        """
        rows = self._read_quickly(body)
        if rows is None or not 0 < len(rows) <= self._max_rows:
            return self._diagnosis.read_instances(body)
        return rows

    def _read_quickly(self, body: bytes) -> Rows | None:
        colons = body.count(b":")
        if colons == 1:
            decoded = _decode(self._array_decoder, body)
            return None if decoded is None else decoded.instances
        if self._colons_show_doubles:
            for decoder in self._object_decoders:
                decoded = _decode(decoder, body)
                if decoded is not None and colons == 1 + self._width * len(decoded.instances):
                    return list(map(self._in_order, decoded.instances))
        return None


def _instances_decoder(row: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(
        msgspec.defstruct("Instances", [("instances", list[row])], forbid_unknown_fields=True)
    )


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _in_order(fields: list[str]) -> Any:
    """A function from a decoded row to its values as a tuple; attrgetter gives none for one."""
    if len(fields) == 1:
        get = attrgetter(fields[0])
        return lambda row: (get(row),)
    return attrgetter(*fields)
