"""waitress's request parser, made to refuse what RFC 9112 tells a server to refuse.

A request whose length two servers read differently is how one caller's bytes become another's
request, so every doubt about framing is a 400. The rows of tests/conformance/http_table.py say
what is mended here, and what cannot be.
"""

import re

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest

_LONGEST_CHUNK_LINE = 1_024  # a size in hexadecimal, and extensions that nobody uses
_LONGEST_TRAILER = 8_192

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+;=:\[\]-]*")  # RFC 3986, 3.2.2; no comma: it joins two
_TRANSFER_ENCODING = re.compile(rb"^transfer-encoding:(.*)$", re.IGNORECASE | re.MULTILINE)


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Refuses ambiguous requests; otherwise waitress's own parser."""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse request line and headers; raises ParsingError, which becomes a 400."""
        _refuse_bad_start(header_plus)
        _refuse_bad_codings(header_plus)
        try:
            super().parse_header(header_plus)
        except ValueError:  # of int() for 5,000 digits, of urlsplit() for http://[
            raise ParsingError("a number or an address cannot be read") from None
        self._refuse_bad_host()
        self._refuse_two_framings()
        if self.chunked:
            self.body_rcv: ChunkedReceiver = _BoundedChunks(self.body_rcv.buf)
        if not self._will_be_read():
            self.expect_continue = False  # "100 Continue" would ask for a body that is not wanted

    def _refuse_bad_host(self) -> None:
        host = self.headers.get("HOST")
        if host is None and self.version == "1.1":  # RFC 9112, 3.2
            raise ParsingError("Host is missing")
        if host is not None and not _HOST.fullmatch(host):
            raise ParsingError("Host is no host, or given twice")

    def _refuse_two_framings(self) -> None:
        if self.chunked and "CONTENT_LENGTH" in self.headers:  # RFC 9112, 6.1
            raise ParsingError("Transfer-Encoding and Content-Length together")
        if "TRANSFER_ENCODING" in self.headers:  # left there by HTTP/1.0, which has none
            raise ParsingError("Transfer-Encoding in HTTP/1.0")

    def _will_be_read(self) -> bool:
        return bool(self.chunked or 0 < self.content_length < self.adj.max_request_body_size)


class _BoundedChunks(ChunkedReceiver):  # type: ignore[misc]  # as above
    """Ends a chunk line or a trailer that does not end, which would cost quadratic time."""

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        too_long = len(self.control_line) > _LONGEST_CHUNK_LINE
        if too_long or (not self.completed and len(self.trailer) > _LONGEST_TRAILER):
            self.error = BadRequest("a chunk's line or the trailer is too long")
            self.all_chunks_received = True
        return consumed


def _refuse_bad_start(header_plus: bytes) -> None:
    """The request line is three words, with nothing in them that a terminal would not show."""
    line = header_plus.split(b"\r\n", 1)[0].rstrip(b" ")
    if line.count(b" ") != 2 or _CONTROL.search(line):
        raise ParsingError("the request line is malformed")


def _refuse_bad_codings(header_plus: bytes) -> None:
    """`chunked` at most once, and no empty coding; others are refused by waitress with 501."""
    values = _TRANSFER_ENCODING.findall(header_plus)
    codings = [c.strip().lower() for value in values for c in value.split(b",")]
    if b"" in codings or codings.count(b"chunked") > 1:
        raise ParsingError("Transfer-Encoding is malformed")
