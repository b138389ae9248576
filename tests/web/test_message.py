"""Request and Response: the WSGI rules for bodies, paths and HEAD."""

import io
from typing import Any

import pytest

from irisws.web.message import Request, Response
from irisws.web.problem import Problem

LIMIT = 100


class Trickle(io.BytesIO):
    """A stream that gives one byte a read, as PEP 3333 lets it."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None, "a read without a size may wait for ever"
        return super().read(min(size, 1))


def request(body: bytes = b"", **environ: Any) -> Request:
    return Request(
        {"REQUEST_METHOD": "POST", "wsgi.input": Trickle(body), **environ}, max_body_bytes=LIMIT
    )


def problem_of(request: Request) -> tuple[int, str]:
    with pytest.raises(Problem) as error:
        request.json_body()
    return error.value.status, error.value.detail


def json(body: bytes = b"", **environ: Any) -> Request:
    return request(body, CONTENT_TYPE="application/json", **environ)


def test_body_is_read_by_content_length() -> None:
    """Exactly the announced bytes are read, however few a read returns."""
    assert json(b"abcdef", CONTENT_LENGTH="4").json_body() == b"abcd"


def test_body_is_read_once() -> None:
    """A second call returns the same body."""
    asked = json(b"abcd", CONTENT_LENGTH="4")
    assert (asked.body(), asked.body()) == (b"abcd", b"abcd")


@pytest.mark.parametrize("length", ["-1", "+4", "4.0", " 4", "0x4", "four", "1" * 11, "4, 4", "٤"])
def test_malformed_content_length(length: str) -> None:
    """Content-Length is decimal digits, or the request is bad."""
    status, detail = problem_of(json(b"abcd", CONTENT_LENGTH=length))
    assert (status, detail) == (400, "Content-Length must be a decimal number of up to ten digits")


def test_body_shorter_than_announced() -> None:
    """A body that ends early is not taken for a whole one."""
    assert problem_of(json(b"abc", CONTENT_LENGTH="4")) == (
        400,
        "the body ended after 3 of 4 bytes",
    )


def test_announced_body_over_the_limit_is_not_read() -> None:
    """The announcement is enough to refuse."""
    asked = json(b"a" * 101, CONTENT_LENGTH="101")
    assert problem_of(asked) == (413, "the body is larger than the limit of 100 bytes")
    assert asked.environ["wsgi.input"].tell() == 0


def test_body_without_length_is_read_to_its_end() -> None:
    """A server that ends the stream itself needs no Content-Length, up to the limit."""
    assert json(b"a" * 100, **{"wsgi.input_terminated": True}).body() == b"a" * 100
    assert problem_of(json(b"a" * 101, **{"wsgi.input_terminated": True}))[0] == 413


def test_chunked_body_that_the_server_does_not_decode() -> None:
    """Without a length and without an end there is no way to read a body."""
    status, detail = problem_of(json(b"2\r\n{}\r\n", HTTP_TRANSFER_ENCODING="chunked"))
    assert (status, detail) == (
        411,
        "send a Content-Length: this server does not decode chunks",
    )


@pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": ""}])
def test_no_length_means_no_body(length: dict[str, str]) -> None:
    """Without any announcement the body is empty, and the stream is not touched."""
    assert json(b"left alone", **length).body() == b""


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; profile=x",
        "application/json; charset=utf-8; profile=x",
        'application/json; profile="a;charset=utf-16"; charset=utf-8',
        "application/json; charset=us-ascii",
        "application/json;",
        " application/json ; a=b",
    ],
)
def test_json_in_all_its_spellings(content_type: str) -> None:
    """Case, a UTF-8 charset and other parameters make no difference."""
    assert request(b"{}", CONTENT_TYPE=content_type, CONTENT_LENGTH="2").json_body() == b"{}"


@pytest.mark.parametrize("coding", ["", "identity", "Identity", " identity ", "identity,identity"])
def test_body_that_is_not_compressed_may_say_so(coding: str) -> None:
    """`identity` means no coding (RFC 9110, 8.4.1), and names of codings know no case."""
    asked = json(b"{}", CONTENT_LENGTH="2", HTTP_CONTENT_ENCODING=coding)
    assert asked.json_body() == b"{}"


@pytest.mark.parametrize(
    ("environ", "detail"),
    [
        ({}, "Content-Type must be application/json, and is missing"),
        ({"CONTENT_TYPE": "text/plain"}, "Content-Type must be application/json, not another type"),
        ({"CONTENT_TYPE": "json"}, "Content-Type must be application/json, not another type"),
        (
            {"CONTENT_TYPE": "application/json, text/plain"},
            "Content-Type must be application/json, not another type",
        ),
        (
            {"CONTENT_TYPE": "application/json; charset=utf-16"},
            "the body must be encoded in UTF-8",
        ),
        (
            {"CONTENT_TYPE": "application/json; a=b; charset=utf-16"},
            "the body must be encoded in UTF-8",
        ),
        (
            {"CONTENT_TYPE": 'application/json; CHARSET="latin1"'},
            "the body must be encoded in UTF-8",
        ),
        (
            {"CONTENT_TYPE": "application/json", "HTTP_CONTENT_ENCODING": "gzip"},
            "Content-Encoding is not supported: send the body as it is",
        ),
        (
            {"CONTENT_TYPE": "application/json", "HTTP_CONTENT_ENCODING": "identity, br"},
            "Content-Encoding is not supported: send the body as it is",
        ),
    ],
)
def test_other_content_is_refused(environ: dict[str, str], detail: str) -> None:
    """What is not plain JSON is refused unread, and the reply names what is accepted."""
    with pytest.raises(Problem) as error:
        request(b"{}", CONTENT_LENGTH="2", **environ).json_body()
    assert (error.value.status, error.value.detail) == (415, detail)
    assert error.value.headers == [("Accept-Post", "application/json")]


def test_one_of_several_media_types() -> None:
    """A route may accept several types; it gets the one that was sent, with its parameters."""
    asked = request(CONTENT_TYPE="Text/CSV; Header=present")
    media = asked.media_type("application/json", "text/csv")
    assert (media.name, media.parameters) == ("text/csv", {"header": "present"})


def test_none_of_several_media_types() -> None:
    """The refusal names them all."""
    with pytest.raises(Problem) as error:
        request(CONTENT_TYPE="text/plain").media_type("application/json", "text/csv")
    assert error.value.detail == (
        "Content-Type must be application/json or text/csv, not another type"
    )
    assert error.value.headers == [("Accept-Post", "application/json, text/csv")]


@pytest.mark.parametrize(
    ("path_info", "path"),
    [
        ("/v1", "/v1"),
        ("", "/"),
        ("/caf\u00c3\u00a9", "/café"),
        ("/\u00ff", "/\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_path_is_utf8(path_info: str, path: str) -> None:
    """PEP 3333 hands bytes over as latin-1; a path that is not UTF-8 matches nothing."""
    assert request(PATH_INFO=path_info).path == path


def test_request_id_of_the_caller_is_kept() -> None:
    """A harmless id goes through, so that logs of two services can be joined."""
    assert request(HTTP_X_REQUEST_ID="abc-123").request_id == "abc-123"


@pytest.mark.parametrize("given", ["", "a b", "<script>", "x" * 65, "a\r\nb"])
def test_request_id_that_could_harm_is_replaced(given: str) -> None:
    """Anything else is replaced by a new id, the same for the whole request."""
    asked = request(HTTP_X_REQUEST_ID=given)
    assert len(asked.request_id) == 32
    assert asked.request_id == asked.request_id != given


def test_head_sends_no_body_but_its_length() -> None:
    """RFC 9110, 9.3.2: the headers are those of GET."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, headers))

    assert list(Response(b"{}").send("HEAD", start_response)) == []
    assert started == [("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])]
