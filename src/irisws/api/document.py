"""JSON documents read strictly, and what is wrong with them collected."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from msgspec import UNSET

from irisws.model.names import clip, nearest
from irisws.web.problem import Fault

MOST_FAULTS = 100  # reported of one body
_MOST_COMPARED = 10_000  # names with those of one body: each takes some 30 µs

_KINDS = {str: "a string", bool: "a boolean", type(None): "null", list: "an array"}


class NotJson(ValueError):
    """The body is not a JSON document (RFC 8259); the message says where it stops being one."""


class InvalidRows(ValueError):
    """The body is readable and does not fit the contract.

    Attributes:
        faults: All that is wrong; at `MOST_FAULTS` the search ends.
    """

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} problems")
        self.faults = faults


class Faults(list[Fault]):
    """Collects what is wrong with a body.

    Attributes:
        place: Where in the body the next faults are, if a pointer cannot say: before each detail.
    """

    place = ""
    _compared = 0

    def add(self, pointer: str, detail: str, suggestion: str | None = None) -> None:
        """Note one fault; raises InvalidRows when there are `MOST_FAULTS`."""
        told = UNSET if suggestion is None else suggestion
        self.append(Fault(pointer, self.place + detail, told))
        if len(self) == MOST_FAULTS:  # so that a body of nothing but errors costs little
            self.raise_any()

    def add_unknown(self, pointer: str, name: str, known: Iterable[str]) -> None:
        """Note a name that is not known, with the one that was probably meant."""
        near = self.nearest(name, known)
        hint = "" if near is None else f", did you mean {clip(near)}?"
        self.add(pointer, f"is not a known name{hint}", near)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """As `nearest`, as long as that costs little: of thousands of names only a few are told."""
        names = list(known)
        self._compared += len(names)
        return nearest(name, names) if self._compared <= _MOST_COMPARED else None

    def raise_any(self) -> None:
        """Raise InvalidRows if anything was noted."""
        if self:
            raise InvalidRows(list(self))


class JsonObject(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a doubled name is still seen."""


def parse(body: bytes) -> Any:
    """Parse strictly: UTF-8 with no byte order mark, no NaN; every number becomes a float.

    Raises:
        NotJson: The message has the place.
    """
    try:
        return json.loads(
            body.decode(),
            object_pairs_hook=JsonObject,
            parse_constant=_refuse_constant,
            parse_int=float,  # spares the limit on digits; what is too large becomes infinite
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        problem = error.msg[0].lower() + error.msg[1:]
        raise NotJson(f"{problem} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("nested too deeply") from None


def members(
    pairs: JsonObject, pointer: str, known: Iterable[str], faults: Faults
) -> dict[str, Any]:
    """The members of an object that have known names; unknown and doubled ones are faults."""
    known = set(known)
    for name, times in Counter(name for name, _ in pairs).items():
        at = f"{pointer}/{token(name)}"
        if name not in known:
            faults.add_unknown(at, name, known)
        elif times > 1:
            faults.add(at, f"is given {times} times")
    return {name: value for name, value in pairs if name in known}


def token(name: str) -> str:
    """A name as a reference token of a JSON pointer (RFC 6901, 3), cut to a harmless length."""
    return clip(name).replace("~", "~0").replace("/", "~1")


def kind(value: Any) -> str:
    """What a parsed value is, in JSON's terms: "a string", "null", "an object"."""
    if isinstance(value, JsonObject):
        return "an object"
    if isinstance(value, float):
        return "a number" if math.isfinite(value) else "a number out of range"
    return _KINDS[type(value)]


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a JSON number")
