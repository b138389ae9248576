"""Media types as headers write them (RFC 9110, 8.3.1)."""

import re
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, 5.6.2
_QUOTED = r'"(?:[^"\\]|\\.)*"'  # 5.6.4
_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}")
_PARAMETER = re.compile(rf"({_TOKEN})=({_TOKEN}|{_QUOTED})")
_ESCAPED = re.compile(r"\\(.)")
# Possessive, and with quotes that may stay open: no text makes these look at a place twice.
_PIECES = {mark: re.compile(rf'(?:[^{mark}"]|"(?:[^"\\]|\\.)*+"?)++') for mark in ",;"}


class MediaType(NamedTuple):
    """A media type, such as `text/csv; header=present`, with its names in lower case."""

    name: str
    parameters: dict[str, str]  # as written, in order; of a doubled one the first

    @property
    def is_utf8(self) -> bool:
        """False if a charset is named that is not UTF-8 or a part of it."""
        return self.parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8", "us-ascii")


def parse_media_type(text: str) -> MediaType:
    """Parse one media type or media range; what is not a parameter is left out.

    Example:
        >>> parse_media_type('Text/CSV;charset="UTF-8" ; Header=present')
        MediaType(name='text/csv', parameters={'charset': 'UTF-8', 'header': 'present'})
    """
    name, *pieces = split(text, ";") or [""]
    parameters: dict[str, str] = {}
    for piece in pieces:
        if found := _PARAMETER.fullmatch(piece):
            parameters.setdefault(found[1].lower(), _unquoted(found[2]))
    return MediaType(name.lower() if _TYPE.fullmatch(name) else "", parameters)


def split(text: str, mark: str) -> list[str]:
    """The pieces between commas or semicolons, but for those in quotes; empty ones left out."""
    return [bare for piece in _PIECES[mark].findall(text) if (bare := piece.strip(" \t"))]


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
