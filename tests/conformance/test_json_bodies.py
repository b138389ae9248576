"""JSON as it comes: the table of bodies, through the application."""

import json
from typing import Any

import pytest
from webtest import TestApp as WebClient

import irisws
from irisws.model.model import Model
from irisws.settings import Settings
from tests.conformance.json_table import FLOWERS, HUGE, INSTANCES, NOT_JSON, Body, NotJson
from tests.conftest import Caller


def named(table: list[Any]) -> list[Any]:
    return [pytest.param(row, id=row.name) for row in table]


def check_faults(reply: Any, row: Body) -> None:
    """The reply is a problem document that tells exactly the row's faults, in its order."""
    assert (reply.status_code, reply.content_type) == (422, "application/problem+json")
    told = [(fault["pointer"], fault["detail"]) for fault in reply.json["errors"]]
    assert len(told) == len(row.verdict), told
    for (pointer, detail), expected in zip(told, row.verdict, strict=True):
        assert isinstance(expected, tuple)
        assert pointer.startswith(expected[0])
        assert detail.startswith(expected[1])


def answers(reply: Any) -> Any:
    """The index of each row's class, if the reply is a success."""
    return [row["index"] for row in reply.json["predictions"]] if reply.status_code == 200 else None


@pytest.mark.parametrize("path", ["/", "/v1/predict"])
@pytest.mark.parametrize("row", named(NOT_JSON))
def test_not_json(post: Caller, row: NotJson, path: str) -> None:
    """400, and the detail says where the body stops being JSON."""
    reply = post(path, row.body)
    assert (reply.status_code, reply.content_type) == (400, "application/problem+json")
    detail = reply.json["detail"].removeprefix("the body is not JSON: ")
    assert detail.startswith(row.detail), detail


@pytest.mark.parametrize("row", named(FLOWERS))
def test_flower(post: Caller, row: Body) -> None:
    """A flower is answered, or every fault of it is told."""
    reply = post("/", row.body)
    if reply.status_code != 200 or reply.json["prediction"] != row.verdict:
        check_faults(reply, row)


@pytest.mark.parametrize("row", named(INSTANCES))
def test_instances(post: Caller, row: Body) -> None:
    """Rows are answered, or every fault of them is told."""
    reply = post("/v1/predict", row.body)
    if answers(reply) != row.verdict:
        check_faults(reply, row)


@pytest.fixture(scope="module")
def unlimited(iris: Model) -> WebClient:
    """The application with its default limits; without lint, which is slow on large bodies."""
    return WebClient(irisws.create_app(iris, Settings()), lint=False)


@pytest.mark.parametrize("row", named(HUGE))
def test_huge(unlimited: WebClient, row: Body) -> None:
    """The default limits hold to the row."""
    reply = unlimited.post(
        "/v1/predict", row.body, expect_errors=True, content_type="application/json"
    )
    if answers(reply) != row.verdict:
        check_faults(reply, row)


@pytest.mark.parametrize(
    "row", named([row for row in FLOWERS if isinstance(row.verdict[0], tuple)])
)
def test_reply_holds_little_of_the_body(post: Caller, row: Body) -> None:
    """Whatever was sent, the reply is JSON of bounded size, and valid UTF-8."""
    reply = post("/", row.body)
    assert len(reply.body) < 20_000
    assert json.loads(reply.body.decode())["status"] == 422
