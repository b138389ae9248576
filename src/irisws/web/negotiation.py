"""Content negotiation: which of the types on offer a caller's Accept header asks for."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from irisws.web.media_type import MediaType, parse_media_type, split
from irisws.web.problem import Problem

# Wider than the grammar: Java's own client sends "text/html, image/gif, *; q=.2, */*; q=.2".
_STAR = re.compile(r"^\*(?=[ \t]*(?:;|$))")
_WEIGHT = re.compile(r"[01](?:\.[0-9]*)?|\.[0-9]+")


class _Range(NamedTuple):
    """One member of an Accept header."""

    media: MediaType
    weight: float


def negotiate(accept: str, offered: Sequence[str]) -> str:
    """Choose the media type of a reply (RFC 9110, 12.5.1).

    For each type on offer its most specific range counts. The type of the greatest weight wins;
    among equals the one that was asked for more specifically, then the one offered first.

    Args:
        accept: The Accept header; without one anything is acceptable.
        offered: Media types, the preferred one first. A range that has parameters matches only a
            type that is offered with the same; `charset=utf-8` always matches.

    Raises:
        Problem: 406, nothing on offer is acceptable; it lists what is offered.

    Example:
        >>> negotiate("text/csv;q=0.5, */*;q=0.1", ["application/json", "text/csv"])
        'text/csv'
    """
    if not accept.strip(" \t") or accept == "*/*":
        return offered[0]
    ranges = [found for member in split(accept, ",") if (found := _range(member))]
    rated = [(_rate(parse_media_type(offer), ranges), offer) for offer in offered]
    (weight, _), best = max(rated, key=lambda rate: rate[0])  # the first of equals
    if weight == 0:
        raise Problem(406, "not-acceptable", f"this route replies with {' or '.join(offered)}")
    return best


def _range(member: str) -> _Range | None:
    """Read one member; None if it is malformed."""
    name, parameters = parse_media_type(_STAR.sub("*/*", member))
    weight = parameters.get("q", "1")
    if not name or not _WEIGHT.fullmatch(weight):
        return None
    # What stands behind the weight was an extension of Accept, now abolished.
    kept = {key: parameters[key] for key in takewhile(lambda key: key != "q", parameters)}
    media = MediaType(name, kept)
    if media.is_utf8:  # as every reply is
        kept.pop("charset", None)
    return _Range(media, min(float(weight), 1.0))


def _rate(offer: MediaType, ranges: Sequence[_Range]) -> tuple[float, int]:
    """The weight of a type on offer, and how specifically it was asked for."""
    kind, _, _ = offer.name.partition("/")
    rates = [(0.0, -1)]
    for media, weight in ranges:
        level = {offer.name: 2, f"{kind}/*": 1, "*/*": 0}.get(media.name)
        if level is not None and media.parameters.items() <= offer.parameters.items():
            rates.append((weight, level + len(media.parameters)))
    return max(rates, key=lambda rate: (rate[1], rate[0]))
