"""`parameters.explain` of /v1/predict: the path as data and as words, or a clear refusal."""

from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LogisticRegression
from webtest import TestApp as WebClient

import irisws
from irisws.api.instances import MOST_EXPLAINED
from irisws.model.model import Model
from irisws.settings import Settings

ROW = {"sl": 5.1, "sw": 3.5, "pl": 1.4, "pw": 0.2}


def ask(app: WebClient, count: int = 1, path: str = "/v1/predict", **parameters: Any) -> Any:
    document = {"instances": [ROW] * count, "parameters": parameters}
    return app.post_json(path, document, expect_errors=True)


@pytest.fixture(scope="module")
def sampled(iris_data: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> WebClient:
    X, y = iris_data
    path: Path = tmp_path_factory.mktemp("m") / "m.onnx"
    estimator = LogisticRegression(max_iter=1000).fit(X, y)
    names: Any = dict.fromkeys(("sl", "sw", "pl", "pw"), {})
    model = irisws.pack(estimator, X, y, path, name="m", features=names, sample=150, report=None)
    return WebClient(irisws.create_app(model))


def test_path_of_the_packaged_tree(app: WebClient) -> None:
    """A single tree tells the comparisons, and how many training rows went the same way."""
    [prediction] = ask(app, explain=True).json["predictions"]
    assert prediction["label"] == "setosa"
    assert prediction["explanation"] == {
        "kind": "path",
        "steps": [
            {"feature": "petal_width", "value": 0.2, "relation": "<=", "threshold": 0.8},
        ],
        "training_rows": 50,
        "training_rows_of_class": 50,
        "text": "petal_width 0.2 cm <= 0.8 cm: setosa, 50 of 50 training rows",
    }


def test_it_goes_with_the_other_parameters(app: WebClient) -> None:
    """Explanations come with or without probabilities and warnings; unasked they do not."""
    [prediction] = ask(app, explain=True, probabilities=False, warnings=False).json["predictions"]
    assert set(prediction) == {"label", "index", "explanation"}
    given: list[dict[str, Any]] = [{}, {"explain": False}]
    for parameters in given:
        [prediction] = ask(app, **parameters).json["predictions"]
        assert set(prediction) == {"label", "index", "probabilities", "warnings"}


def test_many_rows_have_each_their_own(app: WebClient) -> None:
    """Rows that are answered alike, and are many, are explained one by one."""
    rows = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.7, 5.1, 1.6]] * 150
    document = {"instances": rows, "parameters": {"explain": True}}
    found = app.post_json("/v1/predict", document).json["predictions"]
    assert len(found) == 300
    assert {(p["label"], p["explanation"]["training_rows"]) for p in found} == {
        ("setosa", 50),
        ("versicolor", 2),
    }


def test_nearest_rows_of_a_sample(sampled: WebClient) -> None:
    """Another model names training rows, if its card holds any."""
    [prediction] = ask(sampled, explain=True).json["predictions"]
    explanation = prediction["explanation"]
    assert explanation["kind"] == "nearest"
    assert explanation["rows"][0] == {"values": ROW, "label": "0", "distance": 0.0}
    assert explanation["text"].startswith("nearest of 150 training rows, 0 is equal: 0 at 0, ")


def test_training_rows_are_in_no_description(sampled: WebClient) -> None:
    """The card in /v1/model tells how many rows there are, and none of them."""
    described = sampled.get("/v1/model").json
    assert described["sample_rows"] == 150
    assert not {"sample", "golden", "leaves"} & set(described)


def test_model_that_nothing_explains(forest: Model) -> None:
    """What is not available is told as such, and the document does not offer it."""
    app = WebClient(irisws.create_app(forest))
    names = [feature.name for feature in forest.card.features]
    row = dict(zip(names, ROW.values(), strict=True))
    document = {"instances": [row], "parameters": {"explain": True}}
    reply = app.post_json("/v1/predict", document, status=422)
    assert reply.json["errors"] == [
        {
            "pointer": "/parameters/explain",
            "detail": "is not available for this model: it is no single decision tree, and its "
            "card holds no sample of training rows",
        }
    ]
    schemas = app.get("/openapi.json").json["components"]["schemas"]
    parameters = schemas["Instances"]["properties"]["parameters"]["properties"]
    assert parameters["explain"] == {"const": False}


def test_so_many_rows_and_no_more(iris: Model) -> None:
    """An explanation takes room: a request may ask for so many."""
    app = WebClient(irisws.create_app(iris, Settings()))
    assert len(ask(app, MOST_EXPLAINED, explain=True).json["predictions"]) == MOST_EXPLAINED
    reply = ask(app, MOST_EXPLAINED + 1, explain=True)
    assert reply.status_code == 422
    assert reply.json["errors"][0]["detail"] == (
        "is for at most 1,000 rows in one request, got 1,001"
    )


def test_it_must_be_true_or_false(app: WebClient) -> None:
    """A word is not a flag."""
    reply = ask(app, explain="yes")
    assert (reply.status_code, reply.json["errors"][0]["pointer"]) == (422, "/parameters/explain")
