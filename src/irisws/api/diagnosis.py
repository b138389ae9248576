"""The careful reader of rows: finds every problem, names it, and says where it is."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from irisws.api.document import Faults, JsonObject, kind, members, parse, token
from irisws.api.values import PARSED, are_encodable, bound
from irisws.model.card import Feature, Value
from irisws.model.names import clip, positions
from irisws.model.rows import expected

Row = tuple[Value, ...]  # of cells, see `irisws.model.rows`

# What a caller may leave out of a reply, or ask for.
PARAMETERS = ("probabilities", "warnings", "explain")


class Diagnosis:
    """Reads bodies by the features of one model."""

    def __init__(self, features: tuple[Feature, ...], largest_value: float, max_rows: int) -> None:
        self._features = features
        self._positions = positions(features)
        self._bounds = [bound(feature, largest_value) for feature in features]
        self._known = [frozenset(feature.categories or ()) for feature in features]
        self._max_rows = max_rows
        self.values = "numbers" if all(f.is_numeric for f in features) else "values"

    def read_row(self, body: bytes) -> Row:
        """Read one row, an object by name.

        Raises:
            NotJson: The body is not JSON.
            InvalidRows: It does not hold one valid row.
        """
        document = parse(body)
        faults = Faults()
        if isinstance(document, JsonObject):
            row = self._object(document, "", faults)
        else:
            faults.add("", f"expected an object {self._example()}, got {kind(document)}")
        faults.raise_any()
        return row

    def read_instances(self, body: bytes) -> tuple[list[Row], dict[str, bool]]:
        """Read `{"instances": [row, ...], "parameters": {...}}`.

        Returns:
            The rows, and the parameters that were given.

        Raises:
            NotJson: The body is not JSON.
            InvalidRows: It does not hold valid rows and parameters, or too many rows.
        """
        document = parse(body)
        faults = Faults()
        if not isinstance(document, JsonObject):
            faults.add("", f"expected an object {self._instances()}, got {kind(document)}")
            faults.raise_any()
        names = {name for name, _ in document}
        if "instances" not in names and names & self._positions.keys():
            faults.add("", f"expected an object {self._instances()}, got a row by itself")
            faults.raise_any()
        given = members(document, "", ("instances", "parameters"), faults)
        if "instances" not in given:
            faults.add("/instances", "is missing: an array of rows")
        rows = self.rows(given["instances"], "/instances", faults) if "instances" in given else []
        parameters = _parameters(given.get("parameters", JsonObject()), faults)
        faults.raise_any()
        return rows, parameters

    def rows(self, instances: Any, pointer: str, faults: Faults) -> list[Row]:
        """Read an array of rows, each an object by name or an array in card order."""
        if isinstance(instances, JsonObject) or not isinstance(instances, list):
            faults.add(pointer, f"expected an array of rows, got {kind(instances)}")
            return []
        if not self.fits(len(instances), pointer, faults):
            return []
        return [self._row(row, f"{pointer}/{at}", faults) for at, row in enumerate(instances)]

    def fits(self, count: int, pointer: str, faults: Faults) -> bool:
        """Check that a request may hold so many rows."""
        if 0 < count <= self._max_rows:
            return True
        faults.add(pointer, f"expected 1 to {self._max_rows:,} rows, got {count}")
        return False

    def columns(self, names: Sequence[Any], pointer: str, faults: Faults) -> list[int]:
        """Find the features among the names of columns, which may be in any order.

        Returns:
            For each feature, in card order, the position of its column in `names`.
        """
        found: dict[int, int] = {}
        for at, name in enumerate(names):
            if not isinstance(name, str):
                faults.add(f"{pointer}/{at}", f"expected a name, got {kind(name)}")
            elif name not in self._positions:
                faults.add_unknown(f"{pointer}/{at}", name, self._positions)
            elif self._positions[name] in found:
                faults.add(f"{pointer}/{at}", "names a feature that another column has already")
            else:
                found[self._positions[name]] = at
        for position, feature in enumerate(self._features):
            if position not in found:
                faults.add(pointer, f"lacks {_described(feature)}")
        return [found.get(position, 0) for position in range(len(self._features))]

    def order(self, names: Sequence[str]) -> list[int] | None:
        """As `columns`, for readers that want no explanation: None if a name is wrong."""
        found = {self._positions.get(name): at for at, name in enumerate(names)}
        width = len(self._features)
        if len(names) != width or None in found or len(found) != width:
            return None
        return [found[position] for position in range(width)]

    def features(
        self, given: JsonObject, pointer: str, faults: Faults
    ) -> Iterator[tuple[int, str, Any]]:
        """Find the features among the members of an object, by either of their names.

        Yields:
            In card order, of each that is there: its position, the pointer to its value, the value.
        """
        found: dict[int, tuple[str, Any]] = {}
        for name, value in members(given, pointer, self._positions, faults).items():
            position = self._positions[name]
            if position in found:
                faults.add(
                    f"{pointer}/{token(name)}",
                    f"is the same feature as {found[position][0]}: give one of them",
                )
            found[position] = (name, value)
        for position, feature in enumerate(self._features):
            name, value = found.get(position, (feature.name, None))
            at = f"{pointer}/{token(name)}"
            if position in found:
                yield position, at, value
            else:
                hint = "; null is allowed" if feature.missing else ""
                faults.add(at, f"is missing: {_described(feature)}{hint}")

    def value(self, value: Any, position: int, pointer: str, faults: Faults) -> Value:
        """Read one parsed value of the feature at `position`: the cell that it makes."""
        feature = self._features[position]
        if value is None and feature.missing:
            return None if feature.kind == "string" else math.nan
        if type(value) is not PARSED[feature.kind]:
            faults.add(pointer, f"expected {wanted(feature)}, got {kind(value)}")
        elif isinstance(value, float):
            self._check_number(value, position, pointer, faults)
        elif isinstance(value, str):
            self._check_string(value, position, pointer, faults)
        return value  # type: ignore[no-any-return]  # checked above

    def _check_number(self, value: float, position: int, pointer: str, faults: Faults) -> None:
        feature, most = self._features[position], self._bounds[position]
        if not abs(value) <= most:
            whole = "whole " if feature.kind == "integer" else ""
            faults.add(pointer, f"expected a {whole}number of at most {most:.2g} in size")
        elif feature.kind == "integer" and not value.is_integer():
            faults.add(pointer, f"expected {wanted(feature)}, got a number with a fraction")
        elif feature.closed and value not in self._known[position]:
            faults.add(pointer, f"expected {wanted(feature)}, got another number")

    def _check_string(self, value: str, position: int, pointer: str, faults: Faults) -> None:
        feature = self._features[position]
        if feature.closed and value not in self._known[position]:
            near = faults.nearest(value, map(str, feature.categories or ()))
            hint = "" if near is None else f", did you mean {clip(near)}?"
            faults.add(pointer, f"expected {wanted(feature)}, got another string{hint}", near)
        elif not are_encodable([value]):
            faults.add(pointer, "holds half of a surrogate pair, which is no character")

    def _row(self, row: Any, pointer: str, faults: Faults) -> Row:
        if isinstance(row, JsonObject):
            return self._object(row, pointer, faults)
        if isinstance(row, list):
            return self._array(row, pointer, faults)
        faults.add(pointer, f"expected a row as an object or an array, got {kind(row)}")
        return ()

    def _array(self, row: list[Any], pointer: str, faults: Faults) -> Row:
        if len(row) != len(self._features):
            names = ", ".join(clip(feature.name) for feature in self._features[:20])
            wanted_here = f"{len(self._features)} {self.values} ({names})"
            faults.add(pointer, f"expected {wanted_here}, got {len(row)}")
            return ()
        return tuple(
            self.value(value, at, f"{pointer}/{at}", faults) for at, value in enumerate(row)
        )

    def _object(self, row: JsonObject, pointer: str, faults: Faults) -> Row:
        found = self.features(row, pointer, faults)
        return tuple(self.value(value, position, at, faults) for position, at, value in found)

    def _instances(self) -> str:
        return f'{{"instances": [{self._example()}]}}'

    def _example(self) -> str:
        shown = self._features[:4]
        members = ", ".join(f'"{clip(f.alias or f.name)}": {_shown(f.example)}' for f in shown)
        return f"{{{members}{', …' if len(self._features) > len(shown) else ''}}}"


def _parameters(given: Any, faults: Faults) -> dict[str, bool]:
    if not isinstance(given, JsonObject):
        faults.add("/parameters", f"expected an object, got {kind(given)}")
        return {}
    parameters = members(given, "/parameters", PARAMETERS, faults)
    for name, value in parameters.items():
        if not isinstance(value, bool):
            faults.add(f"/parameters/{name}", f"expected true or false, got {kind(value)}")
    return parameters


def _described(feature: Feature) -> str:
    alias = f" (or {feature.alias})" if feature.alias else ""
    return f"{feature.name}{alias}{_unit(feature)}"


def wanted(feature: Feature) -> str:
    """What a value of the feature has to be, in words; JSON has no numbers but finite ones."""
    text = expected(feature)
    return f"a {text.removeprefix('a finite ')}" if text.startswith("a finite ") else text


def _shown(example: Value) -> str:
    text = clip(example) if isinstance(example, str) else example
    return json.dumps(text, ensure_ascii=False)


def _unit(feature: Feature) -> str:
    return f" in {feature.unit}" if feature.unit else ""
