"""The OpenAPI document: valid, complete, and true."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from webtest import TestApp as WebClient

import irisws
from irisws import cli
from irisws.api.operations import operations
from irisws.app import describe
from irisws.model.model import Model
from irisws.settings import Settings
from tests.conftest import mixed_columns

Examples = list[tuple[str, str, Any]]
MODELS = ["iris", "forest", "linear", "mixed", "closed", "without_probabilities"]


@pytest.fixture(scope="module")
def client(iris: Model) -> WebClient:
    return WebClient(irisws.create_app(iris))


@pytest.fixture(scope="module")
def document(client: WebClient) -> Any:
    return client.get("/openapi.json").json


@pytest.fixture(scope="module")
def without_probabilities(penguins: Any, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of mixed columns that scikit-learn itself answers, and that gives labels only."""
    estimator = mixed_columns(OneHotEncoder(handle_unknown="ignore"))
    estimator.steps[-1] = ("svc", LinearSVC())
    X, y = penguins
    path = tmp_path_factory.mktemp("m") / "svc.skops"
    estimator.fit(X[::6], y[::6])
    return irisws.pack(
        estimator, X[::6], y[::6], path, name="svc", version="2.1", engine="skops", report=None
    )


@pytest.mark.parametrize("model", MODELS)
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
    assert operations(iris).keys() == routes - pages


def test_operation_ids_differ(iris: Model) -> None:
    """Generated clients name their functions after the ids."""
    ids = [operation.id for operation in operations(iris).values()]
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


@pytest.mark.parametrize("model", MODELS)
def test_every_example_is_answered(model: str, request: pytest.FixtureRequest) -> None:
    """What the document shows works as it stands, and keeps to its own schemas."""
    client = WebClient(irisws.create_app(request.getfixturevalue(model)))
    document = client.get("/openapi.json").json
    found = examples(document)
    assert len(found) >= 12
    for path, media_type, value in found:
        body = value.encode() if isinstance(value, str) else json.dumps(value)
        reply = client.post(path, body, content_type=media_type)
        assert reply.status_code == 200, (path, media_type)
        operation = document["paths"][path]["post"]
        refuse_misfit(document, operation["requestBody"]["content"][media_type]["schema"], value)
        answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
        refuse_misfit(document, answered, reply.json)


def refuse_misfit(document: Any, schema: Any, value: Any) -> None:
    """Validate a body against a schema of the document."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", ["/", "/v1/predict", "/invocations"])
def test_example_reply_is_the_reply(model: str, path: str, request: pytest.FixtureRequest) -> None:
    """The answer in the document is the service's own, to every example of the path."""
    client = WebClient(irisws.create_app(request.getfixturevalue(model)))
    operation = client.get("/openapi.json").json["paths"][path]["post"]
    told = operation["responses"]["200"]["content"]
    for media_type, body in operation["requestBody"]["content"].items():
        for asked in body["examples"].values():
            value = asked["value"]
            sent = value.encode() if isinstance(value, str) else json.dumps(value)
            reply = client.post(path, sent, content_type=media_type)
            assert reply.json == told["application/json"]["examples"]["reply"]["value"]
            if "text/csv" in told:
                reply = client.post(
                    path, sent, content_type=media_type, headers={"Accept": "text/csv"}
                )
                assert reply.text == told["text/csv"]["examples"]["reply"]["value"]


def test_schema_of_every_kind(closed: Model, mixed: Model) -> None:
    """Each kind has its type; categories are told, and if there are no others, listed."""
    schemas = describe(mixed, Settings())["components"]["schemas"]
    row = schemas["NamedRow"]["anyOf"][0]["properties"]
    assert row["island"] == {
        "type": "string",
        "description": "island; in training Biscoe, Dream, Torgersen",
        "examples": ["Biscoe"],
    }
    assert row["heavy"] == {"type": "boolean", "description": "heavy", "examples": [False]}
    assert row["year"]["type"] == "integer"
    assert (row["year"]["minimum"], row["year"]["maximum"]) == (1 - 2**53, 2**53 - 1)
    assert row["bill_length_mm"]["type"] == ["number", "null"]
    assert row["sex"] == {
        "type": ["string", "null"],
        "description": "the sex; in training female, male",
        "examples": ["male"],
    }
    strict = describe(closed, Settings())["components"]["schemas"]["Row"]["prefixItems"]
    assert strict[0]["enum"] == ["Biscoe", "Dream", "Torgersen"]
    assert strict[5]["enum"] == ["female", "male", None]


def test_mixed_columns_are_tensors_of_their_own(mixed: Model) -> None:
    """The example of an inference request has a tensor for each feature."""
    paths = describe(mixed, Settings())["paths"]
    body = paths["/v2/models/mixed/infer"]["post"]["requestBody"]["content"]["application/json"]
    tensors = body["examples"]["one row"]["value"]["inputs"]
    assert [(tensor["name"], tensor["datatype"]) for tensor in tensors][5:] == [
        ("sex", "BYTES"),
        ("year", "INT64"),
        ("heavy", "BOOL"),
    ]


def test_no_probabilities_are_promised(without_probabilities: Model) -> None:
    """A model that has none says so in every place."""
    document = describe(without_probabilities, Settings())
    prediction = document["components"]["schemas"]["Predictions"]["properties"]["predictions"]
    assert "probabilities" not in prediction["items"]["properties"]
    assert document["paths"]["/v1/predict"]["post"]["summary"] == (
        "Rows in; labels and range warnings out"
    )


def test_command_prints_the_document(capsys: pytest.CaptureFixture[str], document: Any) -> None:
    """`irisws openapi` needs no server."""
    assert cli.main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == document
