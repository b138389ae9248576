"""What is sent over a socket to `irisws serve`, and what must come back.

The server is waitress. Where RFC 9112 (or 9110) asks for something else than what waitress does,
the row has a note: `mended` where irisws.parser does what is asked, else `waitress`, and then the
row says what waitress does today, so that a version that does better shows as a failing row.
"""

from dataclasses import dataclass
from typing import Literal

WAITRESS = "3.0.2"  # the version that the notes are about

End = Literal["open", "closed", "waits"]

ARTICLE = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'  # 44 bytes
ANSWER = b'{"prediction":[1]}'
LIVE = b'{"status":"live"}'


@dataclass(frozen=True, kw_only=True)
class Row:
    """One conversation on one connection."""

    name: str
    sent: bytes
    then: bytes = b""  # sent when the first reply has come, usually 100 Continue
    piece: int = 0  # send so many bytes at a time, 0 for all at once
    half_close: bool = False  # the client ends its side after sending
    replies: tuple[int, ...] = ()  # the statuses, in order
    heads: tuple[int, ...] = ()  # which of the replies answer a HEAD, by position
    end: End = "open"  # after the replies: answers more, hangs up, or waits for more bytes
    body: bytes = b""  # stands in the last reply's body
    header: tuple[str, str] | None = None  # stands in the last reply's head, name in lower case
    waitress: str = ""  # what waitress gets wrong here
    mended: str = ""  # what waitress gets wrong here, and irisws.parser puts right


def get(target: bytes, *headers: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """A request without a body; Host comes first."""
    lines = [b"%s %s HTTP/%s" % (method, target, version), b"Host: irisws", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def post(*headers: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A request to `POST /` in JSON, framed as the headers say, truly or not."""
    json = b"Content-Type: application/json"
    return get(b"/", json, *headers, method=b"POST", version=version) + body


def length(text: bytes, body: bytes = ARTICLE) -> bytes:
    """A request to `POST /` with this text as its Content-Length."""
    return post(b"Content-Length: " + text, body=body)


def chunked(*lines: bytes) -> bytes:
    """A request to `POST /` in chunks, of which each line gets its line end."""
    return post(b"Transfer-Encoding: chunked", body=b"\r\n".join(lines) + b"\r\n")


GET_LIVE = get(b"/health/live")
CHUNKS = (b"2c", ARTICLE, b"0", b"")  # 0x2c is 44

REQUEST_LINE = [
    Row(name="plain", sent=GET_LIVE, replies=(200,), body=LIVE),
    Row(name="one byte at a time", sent=GET_LIVE, piece=1, replies=(200,), body=LIVE),
    Row(
        name="empty lines before it",
        sent=b"\r\n\r\n" + GET_LIVE,
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="lower-case method",
        sent=get(b"/health/live", method=b"get"),
        replies=(400,),
        end="closed",
    ),
    Row(name="unknown method", sent=get(b"/health/live", method=b"BREW"), replies=(405,)),
    Row(
        name="method with a forbidden character",
        sent=get(b"/health/live", method=b"G(T"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="long unknown method",
        sent=get(b"/health/live", method=b"M" * 5000),
        replies=(405,),
    ),
    Row(
        name="no version",
        sent=b"GET /health/live\r\nHost: irisws\r\n\r\n",
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="takes HTTP/0.9; RFC 9112, 3: a request line without a version is invalid, 400",
    ),
    Row(
        name="HTTP/1.0",
        sent=get(b"/health/live", version=b"1.0"),
        replies=(200,),
        end="closed",
        body=LIVE,
    ),
    Row(
        name="HTTP/1.0 without Host",
        sent=b"GET /health/live HTTP/1.0\r\n\r\n",
        replies=(200,),
        end="closed",
        body=LIVE,
    ),
    Row(
        name="HTTP/1.0 keep-alive",
        sent=get(b"/health/live", b"Connection: Keep-Alive", version=b"1.0"),
        replies=(200,),
        body=LIVE,
        header=("connection", "Keep-Alive"),
    ),
    Row(
        name="HTTP/1.1 close",
        sent=get(b"/health/live", b"Connection: close"),
        replies=(200,),
        end="closed",
        body=LIVE,
        header=("connection", "close"),
    ),
    Row(
        name="HTTP/1.1 close among other options",
        sent=get(b"/health/live", b"Connection: foo, close"),
        replies=(200,),
        waitress="keeps the connection; RFC 9112, 9.6: close anywhere in the list ends it",
    ),
    Row(
        name="HTTP/1.2",
        sent=get(b"/health/live", version=b"1.2"),
        replies=(200,),
        end="closed",
        waitress="answers as HTTP/1.0; RFC 9110, 2.5: the highest minor version known, 1.1",
    ),
    Row(
        name="preface of HTTP/2",
        sent=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        replies=(404,),
        end="closed",
        waitress="hands it to the application; RFC 9110, 15.6.6: 505",
    ),
    Row(
        name="HTTP/9.9",
        sent=get(b"/health/live", version=b"9.9"),
        replies=(200,),
        end="closed",
        waitress="answers as HTTP/1.0; RFC 9110, 15.6.6: 505",
    ),
    Row(
        name="version in lower case",
        sent=b"GET /health/live http/1.1\r\nHost: irisws\r\n\r\n",
        replies=(400,),
        end="closed",
    ),
    Row(
        name="version of two digits",
        sent=get(b"/health/live", version=b"1.10"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="two spaces before the target",
        sent=get(b" /health/live"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="two spaces before the version",
        sent=get(b"/health/live "),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="tab instead of a space",
        sent=b"GET\t/health/live\tHTTP/1.1\r\nHost: irisws\r\n\r\n",
        replies=(400,),
        end="closed",
    ),
    Row(
        name="space before the method",
        sent=b" " + GET_LIVE,
        replies=(200,),
        body=LIVE,
        waitress="strips white space before the method; RFC 9112, 3: 400",
    ),
    Row(
        name="space after the version",
        sent=get(b"/health/live", version=b"1.1 "),
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="only a method",
        sent=b"GET\r\nHost: irisws\r\n\r\n",
        replies=(400,),
        end="closed",
    ),
    Row(
        name="a TLS handshake",
        sent=b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        replies=(400,),
        end="closed",
    ),
]

TARGET = [
    Row(
        name="absolute URI",
        sent=get(b"http://irisws/health/live"),
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="absolute URI of another host",
        sent=get(b"https://example.org:99/health/live"),
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="absolute URI without a path",
        sent=get(b"http://irisws", method=b"OPTIONS"),
        replies=(200,),
        header=("allow", "GET, HEAD, OPTIONS, POST"),
    ),
    Row(
        name="absolute URI that cannot be parsed",
        sent=get(b"http://[/health/live"),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="ValueError of urlsplit ends the connection with a traceback in the log; 400",
    ),
    Row(
        name="authority form",
        sent=get(b"irisws:443", method=b"CONNECT"),
        replies=(404,),
    ),
    Row(name="no leading slash", sent=get(b"health/live"), replies=(404,)),
    Row(
        name="OPTIONS *",
        sent=get(b"*", method=b"OPTIONS"),
        replies=(200,),
        header=("allow", "GET, HEAD, OPTIONS, POST"),
    ),
    Row(name="GET *", sent=get(b"*"), replies=(404,)),
    Row(
        name="encoded slash",
        sent=get(b"/health%2Flive"),
        replies=(200,),
        body=LIVE,
        waitress="decodes %2F like any WSGI server, so that the application cannot tell it from /",
    ),
    Row(name="encoded letters", sent=get(b"/%68ealth/liv%65"), replies=(200,), body=LIVE),
    Row(name="encoded NUL", sent=get(b"/health/live%00"), replies=(404,)),
    Row(name="encoded line end", sent=get(b"/health/live%0d%0aX:%20y"), replies=(404,)),
    Row(name="half an escape", sent=get(b"/health/live%"), replies=(404,)),
    Row(name="encoded bytes that are not UTF-8", sent=get(b"/%ff%fe"), replies=(404,)),
    Row(name="raw bytes above ASCII", sent=get(b"/caf\xc3\xa9"), replies=(400,), end="closed"),
    Row(
        name="raw NUL",
        sent=get(b"/health/live\0"),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="takes control characters in the target; RFC 9112, 3.2: 400",
    ),
    Row(
        name="raw tab",
        sent=get(b"/health/\tlive"),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="urlsplit drops tabs from the target; RFC 9112, 3.2: 400",
    ),
    Row(
        name="raw control character in front",
        sent=get(b"\x01/health/live"),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="urlsplit drops control characters in front; RFC 9112, 3.2: 400",
    ),
    Row(name="dot segments", sent=get(b"/v1/../health/live"), replies=(404,)),
    Row(name="encoded dot segments", sent=get(b"/v1/%2e%2e/health/live"), replies=(404,)),
    Row(name="dot segments above the root", sent=get(b"/../../etc/passwd"), replies=(404,)),
    Row(name="backslashes", sent=get(b"/..\\..\\health\\live"), replies=(404,)),
    Row(
        name="double slash in front",
        sent=get(b"//health/live"),
        replies=(200,),
        body=LIVE,
        waitress="takes away all slashes in front but one; another path by RFC 3986, 3.3: 404",
    ),
    Row(name="double slash inside", sent=get(b"/health//live"), replies=(404,)),
    Row(name="slash at the end", sent=get(b"/health/live/"), replies=(404,)),
    Row(name="query", sent=get(b"/health/live?a=1&b=%00"), replies=(200,), body=LIVE),
    Row(name="empty query", sent=get(b"/health/live?"), replies=(200,), body=LIVE),
    Row(name="fragment", sent=get(b"/health/live#top"), replies=(200,), body=LIVE),
    Row(name="path parameters", sent=get(b"/health/live;v=1"), replies=(404,)),
    Row(name="path of 7,000 bytes", sent=get(b"/" + b"a" * 7000), replies=(404,)),
    Row(
        name="path of 20,000 bytes",
        sent=get(b"/" + b"a" * 20_000),
        replies=(414,),
        body=b"uri-too-long",
    ),
    Row(
        name="path of 40,000 bytes",
        sent=get(b"/" + b"a" * 40_000),
        replies=(431,),
        end="closed",
        waitress="has one limit for the whole head; RFC 9110, 15.5.15: 414",
    ),
    Row(name="query of 30,000 bytes", sent=get(b"/health/live?" + b"q" * 30_000), replies=(200,)),
]

HEADERS = [
    Row(
        name="no Host",
        sent=b"GET /health/live HTTP/1.1\r\n\r\n",
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="does not look at Host; RFC 9112, 3.2: 400",
    ),
    Row(
        name="two different Hosts",
        sent=get(b"/health/live", b"Host: other"),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="joins them with a comma; RFC 9112, 3.2: 400",
    ),
    Row(
        name="empty Host",
        sent=b"GET /health/live HTTP/1.1\r\nHost:\r\n\r\n",
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="Host that is none",
        sent=b"GET /health/live HTTP/1.1\r\nHost: a b/c\r\n\r\n",
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="does not look at Host; RFC 9112, 3.2: 400",
    ),
    Row(
        name="no colon",
        sent=get(b"/health/live", b"nothing"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="no name",
        sent=get(b"/health/live", b": nothing"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="space in the name",
        sent=get(b"/health/live", b"X Y: z"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="space before the colon",
        sent=get(b"/health/live", b"X-Y : z"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="space before the first header",
        sent=b"GET /health/live HTTP/1.1\r\n Host: irisws\r\n\r\n",
        replies=(400,),
        end="closed",
    ),
    Row(name="folded value", sent=get(b"/health/live", b"X-Y: a\r\n b"), replies=(200,), body=LIVE),
    Row(
        name="NUL in a value",
        sent=get(b"/health/live", b"X-Y: a\0b"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="CR in a value",
        sent=get(b"/health/live", b"X-Y: a\rb"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="LF in a value",
        sent=get(b"/health/live", b"X-Y: a\nb"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="control character in a value",
        sent=get(b"/health/live", b"X-Y: \x7f"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="value above ASCII",
        sent=get(b"/health/live", b"X-Y: caf\xc3\xa9"),
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="request id that would split a header",
        sent=get(b"/nowhere", b"X-Request-ID: a\x85b"),
        replies=(404,),
    ),
    Row(
        name="name with an underscore is dropped",
        sent=post(b"Content_Length: 5", body=b"") + GET_LIVE,
        replies=(400, 200),
        body=LIVE,
    ),
    Row(name="1,000 headers", sent=get(b"/health/live", *[b"a: b"] * 1000), replies=(200,)),
    Row(
        name="10,000 headers",
        sent=get(b"/health/live", *[b"a: b"] * 10_000),
        replies=(431,),
        end="closed",
    ),
    Row(
        name="header of 40,000 bytes",
        sent=get(b"/health/live", b"X-Y: " + b"a" * 40_000),
        replies=(431,),
        end="closed",
    ),
    Row(
        name="name of 20,000 bytes",
        sent=get(b"/health/live", b"a" * 20_000 + b": b"),
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="head without an end",
        sent=b"GET /health/live HTTP/1.1\r\n" + b"a: b\r\n" * 7_000,
        replies=(431,),
        end="closed",
    ),
    Row(
        name="bare LF line ends",
        sent=b"GET /health/live HTTP/1.1\nHost: irisws\n\n",
        end="waits",
        waitress="waits for CRLF until channel_timeout; RFC 9112, 2.2: a line end, or 400",
    ),
    Row(
        name="bare LF and a real end",
        sent=b"GET /health/live HTTP/1.1\nHost: irisws\r\n\r\n",
        replies=(400,),
        end="closed",
    ),
    Row(
        name="Upgrade is not taken",
        sent=get(b"/health/live", b"Connection: upgrade", b"Upgrade: websocket"),
        replies=(200,),
        body=LIVE,
    ),
    Row(
        name="headers of proxies are not believed",
        sent=get(b"/health/live", b"X-Forwarded-For: 1.2.3.4", b"Forwarded: for=1.2.3.4"),
        replies=(200,),
        body=LIVE,
    ),
]

CONTENT_LENGTH = [
    Row(name="right", sent=length(b"44"), replies=(200,), body=ANSWER),
    Row(name="right, in pieces", sent=length(b"44"), piece=7, replies=(200,), body=ANSWER),
    Row(name="leading zeros", sent=length(b"00044"), replies=(200,), body=ANSWER),
    Row(name="white space around", sent=length(b" \t44\t "), replies=(200,), body=ANSWER),
    Row(name="absent", sent=post(), replies=(400,), body=b"not-json"),
    Row(name="zero", sent=length(b"0", b""), replies=(400,), body=b"not-json"),
    Row(name="on a GET", sent=get(b"/health/live", b"Content-Length: 3") + b"abc", replies=(200,)),
    *[
        Row(name=name, sent=length(text), replies=(400,), end="closed")
        for name, text in (
            ("empty", b""),
            ("negative", b"-44"),
            ("plus sign", b"+44"),
            ("hexadecimal", b"0x2c"),
            ("decimal point", b"44.0"),
            ("digits with an underscore", b"4_4"),
            ("digits with a space", b"4 4"),
            ("list of equals", b"44, 44"),
            ("list of others", b"44, 45"),
            ("word", b"many"),
            ("digits that are not ASCII", "٤٤".encode()),
            ("quoted", b'"44"'),
        )
    ],
    Row(
        name="doubled and equal",
        sent=post(b"Content-Length: 44", b"Content-Length: 44", body=ARTICLE),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="doubled and different",
        sent=post(b"Content-Length: 44", b"Content-Length: 4", body=ARTICLE),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="twenty digits",
        sent=length(b"9" * 20),
        replies=(413,),
        end="closed",
    ),
    Row(
        name="5,000 digits",
        sent=length(b"9" * 5000),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="ValueError of int() ends the connection with a traceback in the log; 413 or 400",
    ),
    Row(
        name="more than the limit",
        sent=length(b"8388609", b" " * 8_388_609),
        replies=(413,),
        body=b"body-too-large",
    ),
    Row(
        name="more than waitress's own limit",
        sent=length(b"99999999"),
        replies=(413,),
        end="closed",
    ),
    Row(
        name="shorter than the body, whose rest is no request",
        sent=length(b"43") + GET_LIVE,
        replies=(400, 400),
        end="closed",
    ),
    Row(
        name="longer than the body, then silence",
        sent=length(b"45"),
        end="waits",
    ),
    Row(
        name="longer than the body, then half-closed",
        sent=length(b"45"),
        half_close=True,
        end="closed",
    ),
]

CHUNKED = [
    Row(name="one chunk", sent=chunked(*CHUNKS), replies=(200,), body=ANSWER),
    Row(name="byte by byte", sent=chunked(*CHUNKS), piece=1, replies=(200,), body=ANSWER),
    Row(
        name="two chunks",
        sent=chunked(b"4", ARTICLE[:4], b"28", ARTICLE[4:], b"0", b""),
        replies=(200,),
        body=ANSWER,
    ),
    Row(
        name="upper-case size",
        sent=chunked(b"2C", ARTICLE, b"0", b""),
        replies=(200,),
        body=ANSWER,
    ),
    Row(
        name="size with leading zeros",
        sent=chunked(b"00002c", ARTICLE, b"000", b""),
        replies=(200,),
        body=ANSWER,
    ),
    Row(
        name="upper-case coding",
        sent=post(b"Transfer-Encoding: CHUNKED", body=b"\r\n".join(CHUNKS) + b"\r\n"),
        replies=(200,),
        body=ANSWER,
    ),
    Row(
        name="extensions",
        sent=chunked(b'2c;a;b=c;d="e;f"', ARTICLE, b"0;last", b""),
        replies=(200,),
        body=ANSWER,
    ),
    Row(
        name="broken extension",
        sent=chunked(b"2c;=;", ARTICLE, b"0", b""),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="trailers are read and ignored",
        sent=chunked(b"2c", ARTICLE, b"0", b"X-Y: z", b"Content-Length: 7", b""),
        replies=(200,),
        body=ANSWER,
    ),
    Row(name="empty body", sent=chunked(b"0", b""), replies=(400,), body=b"not-json"),
    *[
        Row(
            name=name,
            sent=chunked(size, ARTICLE, b"0", b""),
            replies=(400,),
            end="closed",
        )
        for name, size in (
            ("size that is no number", b"zz"),
            ("size with 0x", b"0x2c"),
            ("negative size", b"-2c"),
            ("size with a plus sign", b"+2c"),
            ("size with a space in front", b" 2c"),
            ("size with an underscore", b"2_c"),
            ("size that is too small", b"2b"),
        )
    ],
    Row(
        name="size that is too large",
        sent=chunked(b"2d", ARTICLE, b"0", b""),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="size of sixteen digits, then silence",
        sent=chunked(b"f" * 16, ARTICLE),
        end="waits",
    ),
    Row(
        name="empty line before the size",
        sent=chunked(b"", *CHUNKS),
        replies=(200,),
        waitress="skips empty lines between chunks; RFC 9112, 7.1: 400",
    ),
    Row(
        name="LF after the size",
        sent=post(b"Transfer-Encoding: chunked", body=b"2c\n" + ARTICLE + b"\r\n0\r\n\r\n"),
        replies=(400,),
        end="closed",
    ),
    Row(
        name="no last chunk, then silence",
        sent=chunked(b"2c", ARTICLE),
        end="waits",
    ),
    Row(
        name="no last chunk, then half-closed",
        sent=chunked(b"2c", ARTICLE),
        half_close=True,
        end="closed",
    ),
    Row(
        name="more than the limit",
        sent=chunked(b"800001", b" " * 8_388_609, b"0", b""),
        replies=(413,),
        body=b"body-too-large",
    ),
    Row(
        name="more than waitress's own limit",
        sent=chunked(b"a00000", b" " * 10_485_760, b"0", b""),
        replies=(413,),
        end="closed",
    ),
    Row(
        name="with a Content-Length",
        sent=post(
            b"Content-Length: 5",
            b"Transfer-Encoding: chunked",
            body=b"\r\n".join(CHUNKS) + b"\r\n",
        ),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="keeps the connection; RFC 9112, 6.1: 400, or answer and close",
    ),
    Row(
        name="with a Content-Length that is none",
        sent=post(
            b"Content-Length: x",
            b"Transfer-Encoding: chunked",
            body=b"\r\n".join(CHUNKS) + b"\r\n",
        ),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="keeps the connection; RFC 9112, 6.1: 400, or answer and close",
    ),
    Row(
        name="coded twice",
        sent=post(b"Transfer-Encoding: chunked, chunked", body=b"\r\n".join(CHUNKS) + b"\r\n"),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="decodes it once; RFC 9112, 7.1: chunked is never applied twice, 400",
    ),
    Row(
        name="in two headers",
        sent=post(
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: chunked",
            body=b"\r\n".join(CHUNKS) + b"\r\n",
        ),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="decodes it once; RFC 9112, 7.1: chunked is never applied twice, 400",
    ),
    *[
        Row(
            name=name,
            sent=post(b"Transfer-Encoding: " + coding, body=ARTICLE),
            replies=(501,),
            end="closed",
        )
        for name, coding in (
            ("gzip", b"gzip"),
            ("gzip, then chunked", b"gzip, chunked"),
            ("chunked, then identity", b"chunked, identity"),
            ("coding with a vertical tab", b"\x85chunked"),
            ("xchunked", b"xchunked"),
        )
    ],
    Row(
        name="coding that is empty",
        sent=post(b"Transfer-Encoding:", b"Content-Length: 44", body=ARTICLE),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="takes an empty Transfer-Encoding for none; RFC 9112, 6.1: faulty framing, 400",
    ),
    Row(
        name="in HTTP/1.0",
        sent=post(
            b"Transfer-Encoding: chunked", version=b"1.0", body=b"\r\n".join(CHUNKS) + b"\r\n"
        ),
        replies=(400,),
        end="closed",
        body=b"bad-request",
    ),
    Row(
        name="in HTTP/1.0 keep-alive: a request is smuggled",
        sent=post(
            b"Transfer-Encoding: chunked", b"Connection: keep-alive", version=b"1.0", body=GET_LIVE
        ),
        replies=(400,),
        end="closed",
        body=b"bad-request",
        mended="takes the body for the next request; RFC 9112, 6.1: faulty framing, close",
    ),
]

EXPECT_CONTINUE = b"Expect: 100-continue"

EXPECT = [
    Row(
        name="100-continue",
        sent=post(b"Content-Length: 44", EXPECT_CONTINUE),
        then=ARTICLE,
        replies=(100, 200),
        body=ANSWER,
    ),
    Row(
        name="100-continue and chunks",
        sent=post(b"Transfer-Encoding: chunked", EXPECT_CONTINUE),
        then=b"\r\n".join(CHUNKS) + b"\r\n",
        replies=(100, 200),
        body=ANSWER,
    ),
    Row(
        name="100-Continue in other case",
        sent=post(b"Content-Length: 44", b"expect: 100-Continue"),
        then=ARTICLE,
        replies=(100, 200),
        body=ANSWER,
    ),
    Row(
        name="100-continue in HTTP/1.0 is ignored",
        sent=post(b"Content-Length: 44", EXPECT_CONTINUE, version=b"1.0", body=ARTICLE),
        replies=(200,),
        end="closed",
        body=ANSWER,
    ),
    Row(
        name="100-continue without a body",
        sent=get(b"/health/live", EXPECT_CONTINUE),
        replies=(200,),
        body=LIVE,
        mended="sends 100 and never answers; RFC 9110, 10.1.1: answer, 100 only for a body",
    ),
    Row(
        name="100-continue and a body over waitress's own limit",
        sent=post(b"Content-Length: 99999999", EXPECT_CONTINUE),
        replies=(413,),
        end="closed",
        body=b"body-too-large",
        mended="asks for the body that it will refuse; RFC 9110, 10.1.1: 413 at once",
    ),
    Row(
        name="unknown expectation",
        sent=post(b"Content-Length: 44", b"Expect: a-miracle", body=ARTICLE),
        replies=(200,),
        body=ANSWER,
    ),
]

CONNECTION = [
    Row(
        name="HEAD, then GET",
        sent=get(b"/health/live", method=b"HEAD") + GET_LIVE,
        replies=(200, 200),
        heads=(0,),
        body=LIVE,
    ),
    Row(
        name="HEAD of an error, then GET",
        sent=get(b"/nowhere", method=b"HEAD") + GET_LIVE,
        replies=(404, 200),
        heads=(0,),
        body=LIVE,
    ),
    Row(
        name="HEAD of what only POST answers, then GET",
        sent=get(b"/v1/predict", method=b"HEAD") + GET_LIVE,
        replies=(405, 200),
        heads=(0,),
        body=LIVE,
    ),
    Row(
        name="OPTIONS, then GET",
        sent=get(b"/", method=b"OPTIONS") + GET_LIVE,
        replies=(200, 200),
        body=LIVE,
    ),
    Row(name="two in a pipeline", sent=length(b"44") + GET_LIVE, replies=(200, 200), body=LIVE),
    Row(
        name="five in a pipeline, in order",
        sent=GET_LIVE + get(b"/nowhere") + length(b"2", b"[]") + GET_LIVE + length(b"44"),
        replies=(200, 404, 422, 200, 200),
        body=ANSWER,
    ),
    Row(
        name="five in a pipeline, one of which is broken",
        sent=GET_LIVE + get(b"/nowhere") + get(b"/", b"broken") + GET_LIVE + GET_LIVE,
        replies=(200, 404, 400),
        end="closed",
    ),
    Row(
        name="body that is not read does not become a request",
        sent=get(b"/nowhere", b"Content-Length: %d" % len(GET_LIVE), method=b"POST") + GET_LIVE,
        replies=(404,),
    ),
    Row(
        name="body of a type that is refused is not a request",
        sent=get(b"/", b"Content-Length: 44", method=b"POST") + ARTICLE,
        replies=(415,),
    ),
    Row(
        name="body that is compressed",
        sent=post(b"Content-Encoding: gzip", b"Content-Length: 4", body=b"\x1f\x8b\x08\x00"),
        replies=(415,),
        header=("accept-post", "application/json"),
    ),
    Row(
        name="half-closed after a GET",
        sent=GET_LIVE,
        half_close=True,
        replies=(200,),
        end="closed",
        body=LIVE,
    ),
    Row(
        name="half-closed after a POST",
        sent=length(b"44"),
        half_close=True,
        replies=(200,),
        end="closed",
        body=ANSWER,
    ),
    Row(
        name="half-closed after a pipeline",
        sent=GET_LIVE * 3,
        half_close=True,
        replies=(200, 200, 200),
        end="closed",
        body=LIVE,
    ),
    Row(name="half-closed before anything", sent=b"", half_close=True, end="closed"),
    Row(name="silence", sent=b"", end="waits"),
    Row(name="half a request line, then silence", sent=b"GET /hea", end="waits"),
    Row(name="half a head, then silence", sent=GET_LIVE[:-2], end="waits"),
    Row(name="half a head, then half-closed", sent=GET_LIVE[:-2], half_close=True, end="closed"),
    Row(name="half a body, then silence", sent=length(b"44")[:-20], end="waits"),
]

PARTS = {
    "request line": REQUEST_LINE,
    "target": TARGET,
    "header": HEADERS,
    "Content-Length": CONTENT_LENGTH,
    "chunks": CHUNKED,
    "Expect": EXPECT,
    "connection": CONNECTION,
}
ROWS = [(f"{part}: {row.name}", row) for part, rows in PARTS.items() for row in rows]
