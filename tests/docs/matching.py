"""Whether a command printed what its page shows."""

import json
import re
from typing import Any

ANYTHING = "..."


def assert_text(shown: str, printed: str, where: str) -> None:
    """`...` stands for what varies; spaces at the ends of lines do not matter."""
    pattern = re.escape(_trimmed(shown)).replace(re.escape(ANYTHING), ".*?")
    if not re.fullmatch(pattern, _trimmed(printed), re.DOTALL):
        raise AssertionError(f"{where}: the page shows\n{shown}\nbut this was printed\n{printed}")


def assert_json(shown: str, printed: str, where: str) -> None:
    """Layout does not matter; `"..."` stands for any value, and in a list for any more."""
    try:
        got = json.loads(printed)
    except ValueError:
        raise AssertionError(f"{where}: no JSON was printed, but\n{printed}") from None
    difference = _difference(json.loads(shown), got, "")
    if difference:
        raise AssertionError(f"{where}: {difference}; this was printed\n{printed}")


def prefix_length(shown: str, printed: str) -> int | None:
    """How much of what was printed is what is shown, or None if that is not all there yet."""
    pattern = re.escape(_trimmed(shown)).replace(re.escape(ANYTHING), ".*?") + r"[^\S\n]*(\n|\Z)"
    found = re.match(pattern, printed.replace("\r\n", "\n"), re.DOTALL)
    return found.end() if found else None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _difference(shown: Any, got: Any, at: str) -> str | None:
    """The first place where the two differ."""
    if shown == ANYTHING:
        return None
    if isinstance(shown, dict) and isinstance(got, dict):
        return _difference_of_objects(shown, got, at)
    if isinstance(shown, list) and isinstance(got, list):
        return _difference_of_arrays(shown, got, at)
    if isinstance(shown, str) and isinstance(got, str):
        pattern = re.escape(shown).replace(re.escape(ANYTHING), ".*?")
        same = re.fullmatch(pattern, got, re.DOTALL) is not None
    else:
        same = type(shown) is type(got) and shown == got
    return None if same else f"at {at or '/'} {shown!r} is shown, {got!r} was printed"


def _difference_of_objects(shown: dict[str, Any], got: dict[str, Any], at: str) -> str | None:
    if ANYTHING in shown:
        shown = {**got, **{key: value for key, value in shown.items() if key != ANYTHING}}
    if shown.keys() != got.keys():
        return f"at {at or '/'} the page shows {sorted(shown)}, printed was {sorted(got)}"
    found = (_difference(shown[key], got[key], f"{at}/{key}") for key in shown)
    return next(filter(None, found), None)


def _difference_of_arrays(shown: list[Any], got: list[Any], at: str) -> str | None:
    if shown[-1:] == [ANYTHING]:
        shown, got = shown[:-1], got[: len(shown) - 1]
    if len(shown) != len(got):
        return f"at {at or '/'} the page shows {len(shown)} items, printed were {len(got)}"
    found = (
        _difference(a, b, f"{at}/{i}") for i, (a, b) in enumerate(zip(shown, got, strict=True))
    )
    return next(filter(None, found), None)
