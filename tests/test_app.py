"""The application: every route, as a caller sees it."""

import logging
from typing import Any

import pytest
from webtest import TestApp as WebClient

import irisws
from irisws.model.model import Model, Row, UnusableModel
from irisws.settings import Settings
from tests.conftest import Caller

ARTICLE = b'{ "sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0 }'


def call(model: Model, method: str, path: str) -> tuple[str, dict[str, str]]:
    """Call the application as a server would, with what webtest would mend or refuse to send."""
    started: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, dict(headers)))

    irisws.create_app(model)({"REQUEST_METHOD": method, "PATH_INFO": path}, start_response)
    return started[0]


def test_article_example(post: Caller) -> None:
    """The article's request gets the article's reply."""
    reply = post("/", ARTICLE)
    assert (reply.status, reply.content_type) == ("200 OK", "application/json")
    assert reply.body == b'{"prediction":[1]}'


def test_article_contract_answers_what_predict_returned(forest: Model) -> None:
    """A model of string labels answers strings, as its own predict() did."""
    client = WebClient(irisws.create_app(forest))
    reply = client.post_json("/", {"x0": 5.1, "x1": 3.5, "x2": 1.4, "x3": 0.2})
    assert reply.json == {"prediction": ["setosa"]}


def test_predict_answers_in_full(post: Caller) -> None:
    """Label, index, every class's probability, and what lies outside the training range."""
    reply = post("/v1/predict", b'{"instances": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 3.0]]}')
    assert reply.json == {
        "predictions": [
            {
                "label": "setosa",
                "index": 0,
                "probabilities": {"setosa": 1.0, "versicolor": 0.0, "virginica": 0.0},
                "warnings": [],
            },
            {
                "label": "virginica",
                "index": 2,
                "probabilities": {"setosa": 0.0, "versicolor": 0.0, "virginica": 1.0},
                "warnings": [
                    {
                        "feature": "petal_width",
                        "value": 3.0,
                        "minimum": 0.1,
                        "maximum": 2.5,
                        "detail": "petal_width 3.0 cm is outside the 0.1 to 2.5 cm "
                        "seen in training",
                    }
                ],
            },
        ],
        "model": {"name": "iris", "version": "1.0"},
    }


@pytest.mark.parametrize("count", [1, 150])
def test_parameters_leave_out_what_is_not_wanted(post: Caller, count: int) -> None:
    """Probabilities and warnings are left out by name, of few rows and of many."""
    rows = b",".join([b"[6.7, 3.0, 5.2, 9.9]"] * count)
    asked = b'{"instances": [%s], "parameters": {"probabilities": false, "warnings": false}}'
    reply = post("/v1/predict", asked % rows)
    assert reply.json["predictions"] == [{"label": "virginica", "index": 2}] * count


def test_unknown_parameters_are_refused_by_name(post: Caller) -> None:
    """A misspelt parameter is not silently ignored."""
    reply = post(
        "/v1/predict",
        b'{"instances": [[5, 3, 1, 0]], "parameters": {"warning": true, "probabilities": 1}}',
    )
    assert [(fault["pointer"], fault["detail"]) for fault in reply.json["errors"]] == [
        ("/parameters/warning", "is not a known name, did you mean warnings?"),
        ("/parameters/probabilities", "expected true or false, got a number"),
    ]


@pytest.mark.parametrize("count", [99, 100])
def test_many_rows_are_written_as_few_are(app: WebClient, forest: Model, count: int) -> None:
    """Writing each distinct answer once changes nothing in the reply."""
    client = WebClient(irisws.create_app(forest))
    rows = [[4 + at / 30, 3.0, 1 + at / 20, at / 50] for at in range(count)]
    many = client.post_json("/v1/predict", {"instances": rows}).json["predictions"]
    one_by_one = [
        client.post_json("/v1/predict", {"instances": [row]}).json["predictions"][0] for row in rows
    ]
    assert many == one_by_one


def test_warnings_are_bounded(iris: Model) -> None:
    """A body full of values out of range does not become a reply a hundred times its size."""
    client = WebClient(irisws.create_app(iris, Settings(max_rows=5000)))
    reply = client.post_json("/v1/predict", {"instances": [[9, 9, 9, 9]] * 5000})
    warned = [bool(prediction["warnings"]) for prediction in reply.json["predictions"]]
    assert warned == [True] * 2500 + [False] * 2500


def test_model_route_shows_the_card_and_the_proof(app: WebClient, iris: Model) -> None:
    """The card is public, the golden rows stay in the file."""
    card = app.get("/v1/model").json
    assert card["features"][0] == {
        "name": "sepal_length",
        "alias": "sl",
        "unit": "cm",
        "minimum": 4.3,
        "maximum": 7.9,
        "quantiles": [4.6, 5.1, 5.8, 6.4, 7.255],
        "example": 5.8,
    }
    assert (card["golden_rows"], card["proof"]["labels_agreeing"]) == (180, 180)
    assert card["sha256"] == iris.digest
    assert "golden" not in card


def test_index_names_the_endpoints(app: WebClient) -> None:
    """GET / tells a caller where to go."""
    index = app.get("/").json
    assert index["model"] == {"name": "iris", "version": "1.0"}
    endpoints = {path: sorted(methods) for path, methods in index["endpoints"].items()}
    assert endpoints == endpoints | {
        "/": ["GET", "POST"],
        "/v1/predict": ["POST"],
        "/v1/model": ["GET"],
        "/v1/models/iris": ["GET"],
        "/v1/models/iris:predict": ["POST"],
        "/v1/models/iris/versions/1.0": ["GET"],
        "/v1/models/iris/versions/1.0:predict": ["POST"],
        "/invocations": ["POST"],
        "/ping": ["GET"],
        "/metrics": ["GET"],
        "/health/live": ["GET"],
        "/health/ready": ["GET"],
    }


def test_index_names_every_route(app: WebClient, iris: Model) -> None:
    """What the index lists is what OPTIONS says of each path, and nothing is left out."""
    endpoints = app.get("/").json["endpoints"]
    for path, methods in endpoints.items():
        implied = {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        allowed = call(iris, "OPTIONS", path)[1]["Allow"].split(", ")
        assert sorted({*methods, *implied}) == allowed


@pytest.mark.parametrize("path", ["/v1/models/iris", "/v1/models/iris/versions/1.0"])
def test_tensorflow_serving_status(app: WebClient, path: str) -> None:
    """A client of TensorFlow Serving finds its model available."""
    assert app.get(path).json == {
        "model_version_status": [
            {
                "version": "1.0",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


@pytest.mark.parametrize("path", ["/v1/models/iris", "/v1/models/iris/versions/1.0"])
def test_tensorflow_serving_predict(post: Caller, path: str) -> None:
    """Under the model's name the reply is that of /v1/predict, parameters included."""
    body = b'{"instances": [[6.7, 3.0, 5.2, 9.9]], "parameters": {"probabilities": false}}'
    assert post(f"{path}:predict", body).body == post("/v1/predict", body).body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/rose:predict"),
        ("POST", "/v1/models/iris/versions/2:predict"),
        ("POST", "/v1/models/iris:classify"),
        ("GET", "/v1/models/rose"),
        ("GET", "/v1/models/iris/versions/2"),
        ("GET", "/v1/models"),
    ],
)
def test_other_models_and_versions(iris: Model, method: str, path: str) -> None:
    """There is the one model, in the one version."""
    assert call(iris, method, path)[0] == "404 Not Found"


def test_health(app: WebClient) -> None:
    """Live and ready while serving."""
    assert app.get("/health/live").json == {"status": "live"}
    assert app.get("/health/ready").json == {"status": "ready"}


def test_health_while_draining(iris: Model) -> None:
    """A drain turns readiness off with a Retry-After, and leaves liveness alone."""
    application = irisws.create_app(iris)
    application.draining = True
    client = WebClient(application)
    reply = client.get("/health/ready", status=503)
    assert (reply.headers["Retry-After"], reply.json["type"][-9:]) == ("1", "#draining")
    assert client.get("/health/live").json == {"status": "live"}


@pytest.mark.parametrize("path", ["/", "/v1/model", "/health/live", "/nowhere"])
def test_head_is_get_without_the_body(app: WebClient, path: str) -> None:
    """The headers agree, the body is gone: for errors too, but for the request's id."""
    head, get = app.head(path, status="*"), app.get(path, status="*")
    assert (head.status, head.body) == (get.status, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_unknown_path(app: WebClient) -> None:
    """404 with what was probably meant."""
    reply = app.get("/v1/modle", status=404)
    assert reply.content_type == "application/problem+json"
    assert reply.json == {
        "type": "https://irisws.readthedocs.io/en/stable/reference/errors/#not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this path, did you mean /v1/model?",
        "request_id": reply.headers["X-Request-ID"],
    }


@pytest.mark.parametrize(
    "path",
    ["/v1/predict/", "//", "/V1/PREDICT", "/v1/predict\0", "/\u00c3\u00a9", "/\u00e9" * 3000],
)
def test_paths_are_matched_exactly(iris: Model, path: str) -> None:
    """No slash is added or taken, no case folded."""
    assert call(iris, "GET", path)[0] == "404 Not Found"


def test_path_beyond_all_measure(iris: Model) -> None:
    """A path longer than any server must take has a status of its own."""
    assert call(iris, "GET", "/" + "x" * 8000)[0].startswith("414 ")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/predict", "OPTIONS, POST"),
        ("DELETE", "/", "GET, HEAD, OPTIONS, POST"),
        ("BREW", "/v1/model", "GET, HEAD, OPTIONS"),
        ("get", "/v1/model", "GET, HEAD, OPTIONS"),
    ],
)
def test_wrong_method(iris: Model, method: str, path: str, allowed: str) -> None:
    """405 with the methods that would do."""
    status, headers = call(iris, method, path)
    assert (status, headers["Allow"]) == ("405 Method Not Allowed", allowed)


@pytest.mark.parametrize(
    ("path", "allowed"), [("/v1/predict", "OPTIONS, POST"), ("/", "GET, HEAD, OPTIONS, POST")]
)
def test_options(app: WebClient, path: str, allowed: str) -> None:
    """OPTIONS names the methods and has no body."""
    reply = app.options(path)
    assert (reply.status_code, reply.headers["Allow"], reply.body) == (200, allowed, b"")


def test_options_of_the_whole_server(iris: Model) -> None:
    """`OPTIONS *` asks what the server can do at all (RFC 9110, 9.3.7)."""
    assert call(iris, "OPTIONS", "*")[1]["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_invalid_rows_are_explained(post: Caller) -> None:
    """422 with a pointer and a reason for each fault, and a suggestion where there is one."""
    reply = post(
        "/v1/predict", b'{"instances": [{"sl": 1, "sw": true, "pl": 1, "petal_widht": 1}]}'
    )
    assert (reply.status_code, reply.content_type) == (422, "application/problem+json")
    assert reply.json["detail"] == "the body does not fit the model: 3 problems"
    assert reply.json["errors"] == [
        {
            "pointer": "/instances/0/petal_widht",
            "detail": "is not a known name, did you mean petal_width?",
            "suggestion": "petal_width",
        },
        {"pointer": "/instances/0/sw", "detail": "expected a number in cm, got a boolean"},
        {
            "pointer": "/instances/0/petal_width",
            "detail": "is missing: petal_width (or pw) in cm",
        },
    ]


def test_more_faults_than_are_told(post: Caller) -> None:
    """Past a hundred the reply says that there may be more."""
    body = b'{"instances": [' + b",".join([b"[1, 2, 3, null]"] * 500) + b"]}"
    reply = post("/v1/predict", body)
    assert reply.json["detail"] == "the body does not fit the model: 100 problems or more"
    assert len(reply.json["errors"]) == 100


@pytest.mark.parametrize(
    ("options", "body", "status"),
    [
        ({}, b"{", 400),
        ({"content_type": "text/plain"}, ARTICLE, 415),
        ({"headers": {"Content-Encoding": "gzip"}}, ARTICLE, 415),
        ({}, b" " * 100_001, 413),
        ({}, b"[" * 50_000, 400),
    ],
)
def test_bodies_that_are_refused(post: Caller, options: Any, body: bytes, status: int) -> None:
    """Each fault of a caller's body has its own 4xx, on every route that reads one."""
    for path in ("/", "/v1/predict"):
        reply = post(path, body, **options)
        assert (reply.status_code, reply.json["status"]) == (status, status)


def test_too_many_rows(post: Caller) -> None:
    """One row above max_rows is refused, and max_rows is served."""
    row = b"[1,1,1,1]"
    many = b'{"instances": [' + b",".join([row] * 1001) + b"]}"
    assert post("/v1/predict", many).json["errors"][0]["detail"] == (
        "expected 1 to 1,000 rows, got 1001"
    )
    assert post("/v1/predict", many.replace(row + b",", b"", 1)).status_code == 200


def test_caller_finds_its_request_id_in_an_error(post: Caller) -> None:
    """The id that a caller sends comes back in body and header."""
    reply = post("/", b"{", headers={"X-Request-ID": "order-66"})
    assert (reply.json["request_id"], reply.headers["X-Request-ID"]) == ("order-66", "order-66")


class BrokenModel(Model):
    """A model whose engine fails once it is served."""

    def classify(self, row: Row) -> int:
        raise RuntimeError("secret path /home/user/iris")


def test_failure_tells_the_caller_an_id_and_the_log_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A defect of ours is a 500 without details; the log has them under the same id."""
    from irisws.model.model_file import read_model_file

    client = WebClient(irisws.create_app(BrokenModel(read_model_file())))
    with caplog.at_level(logging.ERROR):
        reply = client.post_json("/", {"sl": 1, "sw": 1, "pl": 1, "pw": 1}, status=500)
    assert reply.json["detail"] == "the server failed; its log says why"
    assert "secret" not in reply.text
    assert reply.json["request_id"] in caplog.text
    assert "secret path" in caplog.text


def test_create_app_takes_a_path(tmp_path: Any, iris: Model) -> None:
    """A path is loaded and proved; a bad one raises."""
    assert irisws.create_app(iris.path).model.digest == iris.digest
    with pytest.raises(UnusableModel):
        irisws.create_app(tmp_path / "none.onnx")


def test_create_app_takes_the_model_of_the_settings(iris: Model) -> None:
    """Without a model the settings name it, and without that it is the packaged one."""
    assert irisws.create_app(settings=Settings(model=iris.path)).model.path == iris.path
    assert irisws.create_app().model.card.name == "iris"


def test_package_has_no_other_names() -> None:
    """A misspelt name raises as for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'laod'"):
        irisws.laod  # noqa: B018  # reading it is the test
