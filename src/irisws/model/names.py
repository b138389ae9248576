"""Names: those of features, and what a caller or a file gives in their place."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from irisws.model.card import Feature

LONGEST_SHOWN = 64  # characters of a caller's name that are repeated back

_CLOSE = 0.5  # one letter of a two-letter name may be wrong


def positions(features: Sequence[Feature]) -> dict[str, int]:
    """The positions of features in card order, by their names and by their aliases."""
    return {
        name: position
        for position, feature in enumerate(features)
        for name in (feature.name, feature.alias)
        if name is not None
    }


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if any is close enough."""
    return next(iter(get_close_matches(name[:LONGEST_SHOWN], known, 1, _CLOSE)), None)


def clip(name: str) -> str:
    """A name that came from a caller or a file, cut and freed of what cannot be shown."""
    clipped = name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…"
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in clipped)
    return "".join(printable)  # lone surrogates, which no reply can carry, are not printable
