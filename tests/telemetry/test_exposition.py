"""`GET /metrics`, as a caller sees it."""

import io
import json
from typing import Any

import pytest
from webtest import TestApp as WebClient

import irisws
from irisws.app import Application, describe
from irisws.model.model import Model
from irisws.settings import Settings
from irisws.telemetry.exposition import About, Exposition
from irisws.telemetry.metrics import Metrics, Snapshot
from tests.telemetry.samples import Samples

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# What Prometheus 2.42 and 3.5 send.
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.fixture
def client(iris: Model) -> WebClient:
    return WebClient(irisws.create_app(iris))


def scrape(client: WebClient, accept: str = "") -> Samples:
    reply = client.get("/metrics", headers={"Accept": accept})
    return Samples.read(reply.text, reply.headers["Content-Type"])


def requests(client: WebClient) -> dict[tuple[str, ...], float]:
    return scrape(client).by("irisws_http_requests_total", "method", "route", "status")


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text"])
def test_both_formats_tell_the_same(client: WebClient, accept: str) -> None:
    """Requests by route, their times, and predictions by class, in either format."""
    client.post_json("/", {"sl": 5.1, "sw": 3.5, "pl": 1.4, "pw": 0.2})
    client.get("/v2/models/iris/versions/1.0")
    samples = scrape(client, accept)
    labels = ("method", "route")
    assert samples.by("irisws_http_requests_total", *labels, "status") == {
        ("POST", "/", "200"): 1,
        ("GET", "/v2/models/{model}/versions/{version}", "200"): 1,
    }
    name = "irisws_http_request_duration_seconds"
    assert samples.by(f"{name}_bucket", "method", "le")["POST", "+Inf"] == 1
    assert samples.by(f"{name}_count", *labels)["POST", "/"] == 1
    assert 0 < samples.by(f"{name}_sum", *labels)["POST", "/"] < 10
    assert samples.by("irisws_predictions_total", "class") == {
        ("setosa",): 1,
        ("versicolor",): 0,
        ("virginica",): 0,
    }


def test_one_histogram_for_all_statuses_of_a_route(client: WebClient) -> None:
    """Errors have their time, too; it is added to that of the others."""
    client.post("/", b"{", content_type="application/json", status=400)
    client.post_json("/", {"sl": 1, "sw": 1, "pl": 1, "pw": 1})
    counts = scrape(client).by("irisws_http_request_duration_seconds_count", "method", "route")
    assert counts == {("POST", "/"): 2}


ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 3.0], [6.7, 3.0, 5.2, 4.0]]
TENSOR = {"name": "input", "shape": [3, 4], "datatype": "FP64", "data": ROWS}


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/v1/predict", {"instances": ROWS}),
        ("/v1/models/iris:predict", {"instances": ROWS, "parameters": {"warnings": False}}),
        ("/invocations", {"inputs": ROWS}),
        ("/v2/models/iris/infer", {"inputs": [TENSOR]}),
    ],
)
def test_every_dialect_is_counted(client: WebClient, path: str, document: Any) -> None:
    """Each row once, by class, and each value that is unlike those of training, by feature."""
    client.post_json(path, document)
    samples = scrape(client)
    assert samples.by("irisws_predictions_total", "class")["virginica",] == 2
    outside = samples.by("irisws_out_of_range_values_total", "feature")
    assert {name: count for (name,), count in outside.items() if count} == {"petal_width": 2}


@pytest.mark.parametrize("path", ["/", "/v1/predict"])
def test_one_row_is_counted_like_many(client: WebClient, path: str) -> None:
    """The way of a single row is a shorter one, with the same end."""
    row = {"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}
    client.post_json(path, row if path == "/" else {"instances": [row]})
    samples = scrape(client)
    assert samples.by("irisws_predictions_total", "class")["versicolor",] == 1
    outside = samples.by("irisws_out_of_range_values_total", "feature")
    assert outside["petal_length",] == 0
    assert sum(outside.values()) == 3


def test_rows_beyond_all_warnings_are_counted(iris: Model) -> None:
    """A reply has 10,000 warnings at most; the metrics have every value."""
    client = WebClient(irisws.create_app(iris))
    client.post_json("/v1/predict", {"instances": [[9, 9, 9, 9]] * 5000})
    outside = scrape(client).by("irisws_out_of_range_values_total", "feature")
    assert set(outside.values()) == {5000}


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("GET", "/nowhere/%F0%9F%8C%B7?x=1", ("GET", "unmatched", "404")),
        ("GET", "/" + "x" * 8000, ("GET", "unmatched", "414")),
        ("DELETE", "/v1/predict", ("DELETE", "/v1/predict", "405")),
        ("PROPFIND", "/v1/predict", ("other", "/v1/predict", "405")),
        ("HEAD", "/health/live", ("HEAD", "/health/live", "200")),
        ("OPTIONS", "/v1/predict", ("OPTIONS", "/v1/predict", "200")),
    ],
)
def test_whatever_is_answered_is_counted(
    iris: Model, method: str, path: str, counted: tuple[str, ...]
) -> None:
    """Errors as well, by the route that was meant, if there is one."""
    client = WebClient(irisws.create_app(iris), lint=False)  # which knows few methods
    client.request(path, method=method, status="*")
    assert requests(client) == {counted: 1}


class BrokenModel(Model):
    """A model whose engine fails once it is served."""

    def classify(self, row: Any) -> int:
        raise RuntimeError("broken")


def test_failure_is_counted() -> None:
    """A 500 is what an operator wants to know of first; no prediction is counted."""
    from irisws.model.model import DEFAULT_MODEL

    client = WebClient(irisws.create_app(BrokenModel.load(DEFAULT_MODEL)))
    client.post_json("/", {"sl": 1, "sw": 1, "pl": 1, "pw": 1}, status=500)
    assert requests(client) == {("POST", "/", "500"): 1}
    assert set(scrape(client).by("irisws_predictions_total", "class").values()) == {0}


class Gone(io.RawIOBase):
    """The body of a caller who has hung up."""

    def read(self, size: int = -1, /) -> bytes:
        raise ConnectionResetError


def unheard(status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
    """Start a response that nobody looks at."""


def hung_up(application: Application) -> None:
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "CONTENT_LENGTH": "9"}
    environ |= {"CONTENT_TYPE": "application/json", "wsgi.input": Gone()}  # type: ignore[dict-item]
    application(environ, unheard)


def test_caller_who_hangs_up_is_counted_once(iris: Model) -> None:
    """Nobody reads the reply, and it is counted as what it says."""
    application = irisws.create_app(iris)
    hung_up(application)
    assert requests(WebClient(application)) == {("POST", "/", "500"): 1}


def test_server_that_cannot_send_is_counted(iris: Model) -> None:
    """An error of the server's comes back to it, and the request is counted all the same."""
    application = irisws.create_app(iris)

    def refuse(*_: object) -> Any:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        application({"REQUEST_METHOD": "GET", "PATH_INFO": "/health/live"}, refuse)
    assert requests(WebClient(application)) == {("GET", "/health/live", "200"): 1}


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
        ("application/json", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("application/openmetrics-text", OPEN_METRICS),
        (PROMETHEUS_2, OPEN_METRICS),
        (PROMETHEUS_3, OPEN_METRICS),
        ("text/plain;version=1.0.x", TEXT),
        ("application/openmetrics-text;version=99", TEXT),
        ("application/openmetrics-text;version=1.0.0\x01;q=1", TEXT),
        (";" * 5000 + "=" * 5000, TEXT),
    ],
)
def test_accept_chooses_the_format(client: WebClient, accept: str, content_type: str) -> None:
    """What Prometheus asks for; else the text format, and never the caller's own words."""
    reply = client.get("/metrics", headers={"Accept": accept})
    found, _, escaping = reply.headers["Content-Type"].partition("; escaping=")
    assert (found, escaping in ("", "underscores", "allow-utf-8")) == (content_type, True)
    assert reply.headers["Vary"] == "Accept"
    Samples.read(reply.text, content_type)


def test_head(client: WebClient) -> None:
    """HEAD has the type, and a length, and no body."""
    reply = client.head("/metrics")
    assert (reply.headers["Content-Type"], reply.body) == (TEXT, b"")
    assert int(reply.headers["Content-Length"]) > 1000


def test_other_method_is_refused(client: WebClient) -> None:
    """Metrics are read, and nothing else."""
    reply = client.post("/metrics", b"", status=405)
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_model_and_build_are_named(client: WebClient, iris: Model) -> None:
    """Which model, in which version, by which bytes; and which irisws."""
    samples = scrape(client)
    model = samples.by("irisws_model_info", "name", "version", "digest")
    assert model == {("iris", "1.0", iris.digest[:8]): 1}
    assert samples.by("irisws_build_info", "version") == {(irisws.__version__,): 1}


HOSTILE = ['a"b', "a\\b", "a\nb", "a\\nb", "}", '",x="', "# EOF", "é\u2028\u0085", "🌷", " ", "le"]


def exposition(names: list[str], counts: list[int]) -> Exposition:
    about = About("0", {"name": "m"}, names, names)
    return Exposition(lambda: Snapshot({}, counts, counts), about)


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text"])
def test_hostile_names_come_through(accept: str) -> None:
    """Whatever a class is called, a parser reads back."""
    counts = list(range(len(HOSTILE)))
    body, content_type = exposition(HOSTILE, counts).write(accept)
    samples = Samples.read(body.decode(), content_type)
    found = samples.by("irisws_predictions_total", "class")
    assert found == {(name,): count for name, count in zip(HOSTILE, counts, strict=True)}


@pytest.mark.parametrize(("count", "samples"), [(100, 100), (101, 1)])
def test_a_thousand_classes_are_one_count(count: int, samples: int) -> None:
    """Each label value costs memory for as long as Prometheus keeps it."""
    names = [f"class {at}" for at in range(count)]
    body, content_type = exposition(names, [2] * count).write("")
    found = Samples.read(body.decode(), content_type)
    lines = [line for line in body.splitlines() if line.startswith(b"irisws_predictions_total")]
    assert len(lines) == samples
    if samples == 1:
        assert found.value("irisws_predictions_total") == 2 * count


def test_switched_off(iris: Model) -> None:
    """With `off` the path is one of those that do not exist, in every listing."""
    settings = Settings(metrics="off")
    client = WebClient(irisws.create_app(iris, settings))
    client.get("/metrics", status=404)
    assert "/metrics" not in client.get("/").json["endpoints"]
    assert "/metrics" not in describe(iris, settings)["paths"]
    assert "/metrics" not in json.loads(client.get("/openapi.json").body)["paths"]


def test_two_applications_count_apart(iris: Model) -> None:
    """Nothing is kept in a place that all of a process share."""
    one, other = (WebClient(irisws.create_app(iris)) for _ in range(2))
    one.get("/health/live")
    assert requests(other) == {}


def test_counts_fit_the_model(linear: Model) -> None:
    """A model of two classes and thirty features has its own names."""
    client = WebClient(irisws.create_app(linear))
    samples = scrape(client)
    assert len(samples.by("irisws_predictions_total", "class")) == 2
    assert len(samples.by("irisws_out_of_range_values_total", "feature")) == 30


def test_metrics_begin_empty() -> None:
    """No route has a count before it has been asked."""
    assert Metrics({"/": "/"}, 2, 2).snapshot() == ({}, [0, 0], [0, 0])
