"""Names: those of features, and what a caller or a file gives in their place."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from irisws.model.card import Feature, Identifier, Name

LONGEST_SHOWN = 64  # characters of a caller's name that are repeated back

_CLOSE = 0.5  # one letter of a two-letter name may be wrong
_LONGEST_UNFIT = 40

IDENTIFIER = "1 to 64 letters (A to Z), digits, '.', '_' and '-', of which the first is no sign"
_NAME = (
    "a name has 1 to 256 characters, none of them a quotation mark, a backslash or a control "
    "character"
)


def positions(features: Sequence[Feature]) -> dict[str, int]:
    """The positions of features in card order, by their names and by their aliases."""
    return {
        name: position
        for position, feature in enumerate(features)
        for name in (feature.name, feature.alias)
        if name is not None
    }


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if any is close enough, in capitals or not."""
    folded = {each.casefold(): each for each in known}
    found = get_close_matches(name[:LONGEST_SHOWN].casefold(), folded, 1, _CLOSE)
    return folded[found[0]] if found else None


def clip(name: str) -> str:
    """A name that came from a caller or a file, cut and freed of what cannot be shown."""
    clipped = name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…"
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in clipped)
    return "".join(printable)  # lone surrogates, which no reply can carry, are not printable


def unfit_names(what: str, names: Iterable[Any]) -> list[str]:
    """The names that a card refuses, since they are members of JSON objects; a sentence each."""
    return [
        f"{what} {str(name)[:_LONGEST_UNFIT]!r}: {_NAME}" for name in names if not _is_a(name, Name)
    ]


def is_identifier(text: Any) -> bool:
    """Whether a model's name or version is safe in a URL; `IDENTIFIER` says what is."""
    return _is_a(text, Identifier)


def _is_a(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
