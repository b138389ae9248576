"""Accept against what is on offer (RFC 9110, 12.5.1), and media types as headers write them."""

import time
from contextlib import suppress

import pytest

from irisws.web.media_type import MediaType, parse_media_type, split
from irisws.web.negotiation import negotiate
from irisws.web.problem import Problem

JSON, CSV = "application/json", "text/csv; header=absent"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        # anything goes: what is offered first
        ("", JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("*/*;q=0.1", JSON),
        # one of them
        ("application/json", JSON),
        ("APPLICATION/Json", JSON),
        ("application/*", JSON),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("text/html, text/csv", CSV),
        ("text/csv,", CSV),
        (" , text/csv ,, ", CSV),
        # weights
        ("application/json;q=0.5, text/csv", CSV),
        ("text/csv;q=0.5, application/json", JSON),
        ("text/csv; q=0.501, application/json; q=0.500", CSV),
        ("text/csv;Q=1.000, application/json;q=0.999", CSV),
        ("application/json;q=0, */*", CSV),
        ("application/json;q=0.0, */*;q=0.001", CSV),
        ("*/*, application/json;q=0.1", CSV),
        ("text/csv;q=0.2, text/*;q=0.9, application/json;q=0.5", JSON),
        ("text/*;q=0.2, text/csv;q=0.9, application/json;q=0.5", CSV),
        # among equal weights the one asked for more specifically, then the one offered first
        ("text/csv, */*", CSV),
        ("text/*, */*", CSV),
        ("text/csv, application/json", JSON),
        ("text/*, application/*", JSON),
        # parameters
        ("text/csv; header=absent", CSV),
        ('text/csv; header="absent"', CSV),
        ("text/csv; header=absent; charset=utf-8", CSV),
        ("application/json; charset=utf-8", JSON),
        ('application/json; charset="UTF-8"', JSON),
        ("application/json;profile=x, text/csv;q=0.1", CSV),
        ("text/csv;header=present, application/json;q=0.1", JSON),
        ("text/csv;header=absent;q=0.1, text/csv;q=1, application/json;q=0.5", JSON),
        ("text/csv;q=0.9;level=1, application/json;q=0.8", CSV),
        ('text/html;title="a, text/csv;q=1", application/json;q=0.1', JSON),
        # what browsers and Java's client send
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
        ("*", JSON),
        # a malformed member is left out, the others count
        ("text/csv;q=2, application/json;q=0.1", JSON),
        ("text/csv;q=-1, application/json;q=0.1", JSON),
        ("text/csv;q=high, application/json;q=0.1", JSON),
        ("text/csv;q=nan, application/json;q=0.1", JSON),
        ("csv, application/json;q=0.1", JSON),
        ("text/csv;q=1.5, application/json;q=0.1", CSV),  # more than all is all
    ],
)
def test_chosen(accept: str, chosen: str) -> None:
    """The caller's greatest weight wins, by the most specific range that matches."""
    assert negotiate(accept, [JSON, CSV]) == chosen


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/html, image/*;q=0.5",
        "application/json;q=0",
        "*/*;q=0",
        "application/*;q=0, text/*;q=0.0",
        "text/csv;header=present",
        "application/json;charset=utf-16",
        "application/jsonlines",
        "json",
        "*/csv",
        "text/",
        ",",
        ";",
        '"',
        "\u00e9",
    ],
)
def test_nothing_acceptable(accept: str) -> None:
    """406, and the caller is told what there is."""
    with pytest.raises(Problem) as error:
        negotiate(accept, [JSON, CSV])
    assert (error.value.status, error.value.kind) == (406, "not-acceptable")
    assert error.value.detail == (
        "this route replies with application/json or text/csv; header=absent"
    )


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("text/csv", "text/csv", {}),
        ("Text/CSV ; Header=Present", "text/csv", {"header": "Present"}),
        ('a/b;x="q;w,\\"e\\\\";y=1', "a/b", {"x": 'q;w,"e\\', "y": "1"}),
        ("application/json;", "application/json", {}),
        ("application/json;;a=b", "application/json", {"a": "b"}),
        ("a/b;x=1;X=2", "a/b", {"x": "1"}),
        ("a/b; x = 1; y; =2; z=", "a/b", {}),
        ('a/b; x="open', "a/b", {}),
        ("a / b", "", {}),
        ("a/b/c", "", {}),
        ("", "", {}),
        ("; charset=utf-8", "", {}),
    ],
)
def test_media_type(text: str, name: str, parameters: dict[str, str]) -> None:
    """Names are folded to lower case, quotes are taken off, what is malformed is left out."""
    assert parse_media_type(text) == MediaType(name, parameters)


@pytest.mark.parametrize(
    "text", ['"' * 30_000, '"\\' * 15_000, 'a="' * 10_000, "*/*," * 7_500, "*/*;a=b;" * 3_750]
)
def test_headers_made_to_cost(text: str) -> None:
    """Any header of the size that servers let through is read in linear time."""
    start = time.process_time()
    parse_media_type(text)
    assert len(split(text, ",")) >= 1
    with suppress(Problem):
        negotiate(text, [JSON, CSV])
    assert time.process_time() - start < 1
