"""The OpenAPI document: valid, complete, and true."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from webtest import TestApp as WebClient

import irisws
from irisws import cli
from irisws.api.operations import operations
from irisws.app import describe
from irisws.model.model import Model
from irisws.settings import Settings

Examples = list[tuple[str, str, Any]]


@pytest.fixture(scope="module")
def client(iris: Model) -> WebClient:
    return WebClient(irisws.create_app(iris))


@pytest.fixture(scope="module")
def document(client: WebClient) -> Any:
    return client.get("/openapi.json").json


@pytest.mark.parametrize("model", ["iris", "forest", "linear"])
def test_document_is_valid(model: str, request: pytest.FixtureRequest) -> None:
    """Whatever the model, the document keeps the specification."""
    document = describe(request.getfixturevalue(model), Settings())
    errors = [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert errors == []


def test_every_route_is_described(client: WebClient, iris: Model) -> None:
    """Every endpoint of the index has its operation, and no operation is made up."""
    endpoints = client.get("/").json["endpoints"]
    routes = {(method, path) for path, methods in endpoints.items() for method in methods}
    pages = {route for route in routes if route[1].startswith("/docs")}
    assert operations(iris.card).keys() == routes - pages


def test_operation_ids_differ(iris: Model) -> None:
    """Generated clients name their functions after the ids."""
    ids = [operation.id for operation in operations(iris.card).values()]
    assert len(ids) == len(set(ids))


def test_features_come_from_the_card(document: Any) -> None:
    """A feature has its unit, its training range and its example."""
    row = document["components"]["schemas"]["NamedRow"]["anyOf"][0]
    assert row["required"] == ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    assert row["properties"]["petal_width"] == {
        "type": "number",
        "minimum": -3.4028234663852886e38,
        "maximum": 3.4028234663852886e38,
        "description": "petal_width in cm; in training 0.1 to 2.5",
        "examples": [1.3],
    }


def examples(document: Any) -> Examples:
    """Every request example: its path, its media type and its value."""
    return [
        (path, media_type, example["value"])
        for path, methods in document["paths"].items()
        for media_type, body in methods.get("post", {})
        .get("requestBody", {"content": {}})["content"]
        .items()
        for example in body.get("examples", {}).values()
    ]


def test_every_example_is_answered(client: WebClient, document: Any) -> None:
    """What the document shows works as it stands."""
    found = examples(document)
    assert len(found) >= 12
    for path, media_type, value in found:
        body = value if isinstance(value, str) else json.dumps(value)
        reply = client.post(path, body, content_type=media_type)
        assert reply.status_code == 200, (path, media_type)


@pytest.mark.parametrize("path", ["/", "/v1/predict"])
def test_example_reply_is_the_reply(client: WebClient, document: Any, path: str) -> None:
    """The golden row's answer in the document is the service's own."""
    operation = document["paths"][path]["post"]
    asked = next(iter(operation["requestBody"]["content"]["application/json"]["examples"].values()))
    told = operation["responses"]["200"]["content"]["application/json"]["examples"]["reply"]
    assert client.post_json(path, asked["value"]).json == told["value"]


def test_command_prints_the_document(capsys: pytest.CaptureFixture[str], document: Any) -> None:
    """`irisws openapi` needs no server."""
    assert cli.main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == document
