"""The careful reader of request bodies: finds every problem, names it, and says where it is."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

from msgspec import UNSET

from irisws.model.card import Feature
from irisws.web.problem import Fault

Row = tuple[float, ...]

MOST_FAULTS = 100  # reported of one body
_CLOSE = 0.5  # one letter of a two-letter name may be wrong
_LONGEST_NAME = 64  # characters of a caller's name that are repeated back

_KINDS = {str: "a string", bool: "a boolean", type(None): "null", list: "an array"}


class NotJson(ValueError):
    """The body is not a JSON document (RFC 8259); the message says where it stops being one."""


class InvalidRows(ValueError):
    """The body is JSON and does not fit the contract.

    Attributes:
        faults: All that is wrong; at `MOST_FAULTS` the search ends.
    """

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} problems")
        self.faults = faults


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a doubled name is still seen."""


class _Faults(list[Fault]):
    def add(self, pointer: str, detail: str, suggestion: str | None = None) -> None:
        self.append(Fault(pointer, detail, UNSET if suggestion is None else suggestion))
        if len(self) == MOST_FAULTS:  # so that a body of nothing but errors costs little
            self.raise_any()

    def raise_any(self) -> None:
        if self:
            raise InvalidRows(list(self))


class Diagnosis:
    """Reads bodies by the features of one model."""

    def __init__(self, features: tuple[Feature, ...], largest_value: float, max_rows: int) -> None:
        self._features = features
        self._positions = {
            name: position
            for position, feature in enumerate(features)
            for name in (feature.name, feature.alias)
            if name is not None
        }
        self._largest_value = largest_value
        self._max_rows = max_rows

    def read_row(self, body: bytes) -> Row:
        """Read one row, an object by name.

        Raises:
            NotJson: The body is not JSON.
            InvalidRows: It does not hold one valid row.
        """
        document = _parse(body)
        faults = _Faults()
        if isinstance(document, _Object):
            row = self._object(document, "", faults)
        else:
            faults.add("", f"expected an object {self._example()}, got {_kind(document)}")
        faults.raise_any()
        return row

    def read_instances(self, body: bytes) -> list[Row]:
        """Read `{"instances": [row, ...]}`.

        Raises:
            NotJson: The body is not JSON.
            InvalidRows: It does not hold valid rows, or too many of them.
        """
        faults = _Faults()
        instances = self._instances(_parse(body), faults)
        rows = [self._row(row, f"/instances/{at}", faults) for at, row in enumerate(instances)]
        faults.raise_any()
        return rows

    def _instances(self, document: Any, faults: _Faults) -> list[Any]:
        if not isinstance(document, _Object):
            example = f'{{"instances": [{self._example()}]}}'
            faults.add("", f"expected an object {example}, got {_kind(document)}")
            return []
        members = _members(document, "", {"instances"}, faults)
        if "instances" not in members:
            faults.add("/instances", "is missing: an array of rows")
            return []
        instances = members["instances"]
        if isinstance(instances, _Object) or not isinstance(instances, list):
            faults.add("/instances", f"expected an array of rows, got {_kind(instances)}")
            return []
        if not 0 < len(instances) <= self._max_rows:
            faults.add("/instances", f"expected 1 to {self._max_rows:,} rows, got {len(instances)}")
            return []
        return instances

    def _row(self, row: Any, pointer: str, faults: _Faults) -> Row:
        if isinstance(row, _Object):
            return self._object(row, pointer, faults)
        if isinstance(row, list):
            return self._array(row, pointer, faults)
        faults.add(pointer, f"expected a row as an object or an array, got {_kind(row)}")
        return ()

    def _array(self, row: list[Any], pointer: str, faults: _Faults) -> Row:
        if len(row) != len(self._features):
            names = ", ".join(_clip(feature.name) for feature in self._features[:20])
            faults.add(pointer, f"expected {len(self._features)} numbers ({names}), got {len(row)}")
            return ()
        return tuple(
            self._number(value, feature, f"{pointer}/{at}", faults)
            for at, (value, feature) in enumerate(zip(row, self._features, strict=True))
        )

    def _object(self, row: _Object, pointer: str, faults: _Faults) -> Row:
        members = _members(row, pointer, self._positions.keys(), faults)
        given: dict[int, str] = {}
        for name in members:
            position = self._positions[name]
            if position in given:
                faults.add(
                    f"{pointer}/{_token(name)}",
                    f"is the same feature as {given[position]}: give one of them",
                )
            given[position] = name
        return tuple(
            self._member(position, given, members, pointer, faults)
            for position in range(len(self._features))
        )

    def _member(
        self,
        position: int,
        given: dict[int, str],
        members: dict[str, Any],
        pointer: str,
        faults: _Faults,
    ) -> float:
        feature = self._features[position]
        name = given.get(position, feature.name)
        if position in given:
            return self._number(members[name], feature, f"{pointer}/{_token(name)}", faults)
        short = f" (or {feature.alias})" if feature.alias else ""
        faults.add(f"{pointer}/{_token(name)}", f"is missing: {name}{short}{_unit(feature)}")
        return 0.0

    def _number(self, value: Any, feature: Feature, pointer: str, faults: _Faults) -> float:
        if type(value) is float:
            if abs(value) <= self._largest_value:
                return value
            faults.add(pointer, f"expected a number of at most {self._largest_value:.2g} in size")
            return 0.0
        faults.add(pointer, f"expected a number{_unit(feature)}, got {_kind(value)}")
        return 0.0

    def _example(self) -> str:
        shown = self._features[:4]
        members = ", ".join(f'"{_clip(f.alias or f.name)}": {f.example!r}' for f in shown)
        return f"{{{members}{', …' if len(self._features) > len(shown) else ''}}}"


def _parse(body: bytes) -> Any:
    """Parse strictly: UTF-8 with no byte order mark, no NaN, objects as their pairs."""
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=_Object,
            parse_constant=_refuse_constant,
            parse_int=float,  # also spares the limit on digits; what is too large becomes infinite
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        problem = error.msg[0].lower() + error.msg[1:]
        raise NotJson(f"{problem} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a JSON number")


def _members(pairs: _Object, pointer: str, known: Iterable[str], faults: _Faults) -> dict[str, Any]:
    """The members with known names; unknown and doubled ones are faults."""
    known = set(known)
    for name, times in Counter(name for name, _ in pairs).items():
        at = f"{pointer}/{_token(name)}"
        if name not in known:
            near = next(iter(get_close_matches(name[:_LONGEST_NAME], known, 1, _CLOSE)), None)
            hint = "" if near is None else f", did you mean {_clip(near)}?"
            faults.add(at, f"is not a known name{hint}", near)
        elif times > 1:
            faults.add(at, f"is given {times} times")
    return {name: value for name, value in pairs if name in known}


def _token(name: str) -> str:
    """A name as a reference token of a JSON pointer (RFC 6901, 3), cut to a harmless length."""
    return _clip(name).replace("~", "~0").replace("/", "~1")


def _clip(name: str) -> str:
    clipped = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in clipped)
    return "".join(printable)  # lone surrogates, which no reply can carry, are not printable


def _kind(value: Any) -> str:
    if isinstance(value, _Object):
        return "an object"
    if isinstance(value, float):
        return "a number" if math.isfinite(value) else "a number out of range"
    return _KINDS[type(value)]


def _unit(feature: Feature) -> str:
    return f" in {feature.unit}" if feature.unit else ""
