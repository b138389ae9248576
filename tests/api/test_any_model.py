"""Models of every kind, through every dialect: the answers are scikit-learn's own, row by row."""

import csv
import json
import struct
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PowerTransformer
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from webtest import TestApp as WebClient

import irisws
from irisws.model.card import Card
from irisws.model.model import Model
from irisws.settings import Settings
from tests.conftest import mixed_columns

NUMBER_CODES = {"FP64": "d", "INT64": "q"}


class Served(NamedTuple):
    """A model behind HTTP, rows for it, and what scikit-learn's predict() says to them."""

    client: WebClient
    card: Card
    rows: list[list[Any]]  # as JSON has them
    expected: list[Any]


def serve(model: Model, estimator: Any, X: Any) -> Served:
    """Serve a model, and let its estimator answer the rows."""
    client = WebClient(irisws.create_app(model, Settings(max_body_bytes=8 << 20)))
    frame = pd.DataFrame(X)
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return Served(client, model.card, rows, estimator.predict(X).tolist())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def pack(folder: Path, name: str, estimator: Any, X: Any, y: Any, **options: Any) -> Served:
    """Fit, pack and serve."""
    estimator.fit(X, y)
    path = folder / f"{name}.onnx"
    model = irisws.pack(estimator, X, y, path, name=name, report=None, **options)
    return serve(model, estimator, X)


@pytest.fixture(scope="module")
def mixed_kinds(mixed: Model, mixed_pipeline: Any, penguins: Any) -> Served:
    return serve(mixed, mixed_pipeline, penguins[0])


@pytest.fixture(scope="module")
def closed_kinds(closed: Model, closed_pipeline: Any, penguins: Any) -> Served:
    return serve(closed, closed_pipeline, penguins[0])


@pytest.fixture(scope="module")
def no_probabilities(folder: Path, iris_data: Any) -> Served:
    return pack(folder, "svc", LinearSVC(), *iris_data, engine="skops")


@pytest.fixture(scope="module")
def by_scikit_learn(folder: Path, penguins: Any) -> Served:
    """The mixed columns, with the engine that is scikit-learn itself, and no probabilities."""
    estimator = mixed_columns(OneHotEncoder(handle_unknown="ignore"))
    estimator.steps[-1] = ("svc", LinearSVC())
    X, y = penguins
    return pack(folder, "skops", estimator, X[::8], y[::8], engine="skops")


HARD_NAMES: dict[str, Any] = {
    "instances": 1.0,
    "data": 2.0,
    "columns": "eins",
    "label": 3.0,
    "class": 4.0,
    "self": "zwei",
    "v0": 5.0,
    "a:b": 6.0,
    "c/d~e": "drei, vier",
    "with space . and dot": 7.0,
    "größe": 8.0,
    "花の色": "白",
    "inputs": 9.0,
    "dataframe_split": 10.0,
    "parameters": True,
}


@pytest.fixture(scope="module")
def hard_names(folder: Path) -> Served:
    """Names that mean something elsewhere, or need care; values and classes of any script."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for name, value in HARD_NAMES.items():
        if isinstance(value, str):
            columns[name] = rng.choice([value, "ü:ñ", 'say "hi"', "null", "1", "true"], 60)
        elif isinstance(value, bool):
            columns[name] = rng.random(60) > 0.5
        else:
            columns[name] = rng.normal(value, 1, 60)
    X = pd.DataFrame(columns)
    y = np.where(X["self"] == "zwei", "ja, größer", np.where(X["label"] > 3, "花", "a:b/c~d"))
    texts = [name for name, value in HARD_NAMES.items() if isinstance(value, str)]
    encoder = ColumnTransformer(
        [("t", OneHotEncoder(handle_unknown="ignore"), texts)], remainder="passthrough"
    )
    return pack(folder, "hard", make_pipeline(encoder, DecisionTreeClassifier()), X, y)


@pytest.fixture(scope="module")
def one_string(folder: Path) -> Served:
    X = pd.DataFrame({"wort": ["ja", "nein", "doch", "jein"] * 10})
    estimator = make_pipeline(OneHotEncoder(handle_unknown="ignore"), DecisionTreeClassifier())
    return pack(folder, "word", estimator, X, X["wort"] == "ja")


@pytest.fixture(scope="module")
def one_number(folder: Path) -> Served:
    X = np.arange(40.0).reshape(-1, 1)
    return pack(folder, "one", DecisionTreeClassifier(), X, np.arange(40) // 10 - 5)


@pytest.fixture(scope="module")
def whole_numbers(folder: Path) -> Served:
    """Integers and missing numbers, no strings; labels that are floats."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"n": rng.integers(-5, 9, 60), "x": rng.normal(0, 1, 60)})
    X.loc[::7, "x"] = np.nan
    y = np.where(X["n"] > 2, 2.0, -1.0)
    return pack(folder, "whole", make_pipeline(SimpleImputer(), GaussianNB()), X, y)


@pytest.fixture(scope="module")
def closed_integers(folder: Path) -> Served:
    """An encoder that takes the whole numbers of training only."""
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"zone": rng.choice([2, 3, 5, 7], 60), "x": rng.normal(0, 1, 60)})
    encoder = ColumnTransformer([("z", OrdinalEncoder(), ["zone"])], remainder="passthrough")
    y = X["zone"] > 3
    return pack(folder, "zones", make_pipeline(encoder, LogisticRegression()), X, y)


@pytest.fixture(scope="module")
def many_features(folder: Path) -> Served:
    rng = np.random.default_rng(3)
    X = rng.normal(0, 1, (20, 2000)).round(3)
    return pack(folder, "wide", LogisticRegression(), X, X[:, 7] > 0)


@pytest.fixture(scope="module")
def many_classes(folder: Path) -> Served:
    X = np.arange(2000.0).reshape(-1, 1)
    y = np.array([f"Klasse {at // 2} ü" for at in range(2000)])
    served = pack(folder, "classes", KNeighborsClassifier(1), X, y, engine="skops")
    return served._replace(rows=served.rows[::13], expected=served.expected[::13])


MODELS = [
    "mixed_kinds",
    "closed_kinds",
    "no_probabilities",
    "by_scikit_learn",
    "hard_names",
    "one_string",
    "one_number",
    "whole_numbers",
    "closed_integers",
    "many_features",
    "many_classes",
]


@pytest.fixture(scope="module", params=MODELS)
def served(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def post(served: Served, path: str, document: Any) -> Any:
    return served.client.post_json(path, document).json


def names(served: Served) -> list[str]:
    return [feature.name for feature in served.card.features]


def named(served: Served) -> list[dict[str, Any]]:
    """The rows as objects, the first half by names, the second by aliases; in reverse order."""
    aliases = [feature.alias or feature.name for feature in served.card.features]
    half = len(served.rows) // 2
    return [
        dict(list(zip(names(served) if at < half else aliases, row, strict=True))[::-1])
        for at, row in enumerate(served.rows)
    ]


def by_label(served: Served, labels: Any) -> list[Any]:
    values = {target.name: target.value for target in served.card.classes}
    return [values[label] for label in labels]


def article(served: Served) -> Any:
    rows = named(served)
    step = max(len(rows) // 30, 1)
    answers: list[Any] = list(served.expected)
    for at in range(0, len(rows), step):
        [answers[at]] = post(served, "/", rows[at])["prediction"]
    return answers


def predict_objects(served: Served) -> Any:
    reply = post(served, "/v1/predict", {"instances": named(served)})
    return by_label(served, [prediction["label"] for prediction in reply["predictions"]])


def predict_arrays(served: Served) -> Any:
    reply = post(served, "/v1/predict", {"instances": served.rows})
    return [served.card.classes[prediction["index"]].value for prediction in reply["predictions"]]


def tensorflow(served: Served) -> Any:
    path = f"/v1/models/{served.card.name}:predict"
    asked = {"instances": served.rows[:20], "parameters": {"probabilities": False}}
    reply = post(served, path, asked)
    found = by_label(served, [prediction["label"] for prediction in reply["predictions"]])
    return found + served.expected[20:]


def mlflow_split(served: Served) -> Any:
    frame = {"columns": names(served)[::-1], "data": [row[::-1] for row in served.rows]}
    return post(served, "/invocations", {"dataframe_split": frame})["predictions"]


def mlflow_records(served: Served) -> Any:
    return post(served, "/invocations", {"dataframe_records": named(served)})["predictions"]


def mlflow_instances(served: Served) -> Any:
    return post(served, "/invocations", {"instances": served.rows})["predictions"]


def mlflow_columns(served: Served) -> Any:
    columns = dict(zip(names(served), map(list, zip(*served.rows, strict=True)), strict=True))
    return post(served, "/invocations", {"inputs": columns})["predictions"]


def csv_text(rows: list[list[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def csv_with_header(served: Served) -> Any:
    body = csv_text([names(served)[::-1], *(row[::-1] for row in served.rows)])
    reply = served.client.post("/invocations", body.encode(), content_type="text/csv")
    return reply.json["predictions"]


def csv_without_header(served: Served) -> Any:
    asked = {"content_type": "text/csv", "headers": {"Accept": "text/csv"}}
    reply = served.client.post("/invocations", csv_text(served.rows).encode(), **asked)
    by_text = {str(target.value): target.value for target in served.card.classes}
    return [by_text[line] for [line] in csv.reader(StringIO(reply.text))]


def tensors(served: Served) -> list[dict[str, Any]]:
    """One tensor a feature, as the metadata ask for where not every feature is a number."""
    datatypes = {
        tensor["name"]: tensor["datatype"]
        for tensor in served.client.get(f"/v2/models/{served.card.name}").json["inputs"]
    }
    return [
        {
            "name": name,
            "datatype": datatypes.get(name, "FP64"),
            "shape": [len(column)],
            "data": list(column),
        }
        for name, column in zip(names(served), zip(*served.rows, strict=True), strict=True)
    ][::-1]


def open_inference(served: Served) -> Any:
    path = f"/v2/models/{served.card.name}/infer"
    [label, *others] = post(served, path, {"inputs": tensors(served)})["outputs"]
    assert [output["name"] for output in others] == (
        ["probabilities"] if served.card.has_probabilities else []
    )
    return by_label(served, label["data"])


def binary(tensor: dict[str, Any]) -> bytes:
    """The elements of a tensor as they stand in binary; none has a form for a missing string."""
    data = tensor["data"]
    if tensor["datatype"] == "BOOL":
        return bytes(data)
    if tensor["datatype"] == "BYTES":
        texts = [text.encode() for text in data]
        return b"".join(struct.pack("<i", len(text)) + text for text in texts)
    numbers = [float("nan") if value is None else value for value in data]
    code = NUMBER_CODES[tensor["datatype"]]
    return struct.pack(f"<{len(data)}{code}", *(map(int, numbers) if code == "q" else numbers))


def open_inference_binary(served: Served) -> Any:
    inputs, tail = [], b""
    for tensor in tensors(served):
        if not (tensor["datatype"] == "BYTES" and None in tensor["data"]):
            elements = binary(tensor)
            del tensor["data"]
            tensor["parameters"] = {"binary_data_size": len(elements)}
            tail += elements
        inputs.append(tensor)
    document = json.dumps({"inputs": inputs}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(document)),
    }
    path = f"/v2/models/{served.card.name}/infer"
    reply = served.client.post(path, document + tail, headers=headers).json
    return by_label(served, reply["outputs"][0]["data"])


# A new dialect is a function above and its name here.
DIALECTS: list[Callable[[Served], Any]] = [
    article,
    predict_objects,
    predict_arrays,
    tensorflow,
    mlflow_split,
    mlflow_records,
    mlflow_instances,
    mlflow_columns,
    csv_with_header,
    csv_without_header,
    open_inference,
    open_inference_binary,
]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_answers_are_those_of_scikit_learn(
    served: Served, dialect: Callable[[Served], Any]
) -> None:
    """Whatever its columns and classes are, a model answers every row as its estimator did."""
    assert dialect(served) == served.expected


def faults(served: Served, path: str, document: Any) -> list[tuple[str, str]]:
    reply = served.client.post_json(path, document, status=422)
    return [(fault["pointer"], fault["detail"]) for fault in reply.json["errors"]]


def test_reply_without_probabilities(no_probabilities: Served) -> None:
    """A model that has none sends none, to few rows and to many, and names no output for them."""
    row = [9.9, 3.0, 1.0, 0.2]
    [prediction] = post(no_probabilities, "/v1/predict", {"instances": [row]})["predictions"]
    assert list(prediction) == ["label", "index", "warnings"]
    [warning] = prediction["warnings"]
    assert (warning["feature"], warning["value"]) == ("x0", 9.9)
    many = post(no_probabilities, "/v1/predict", {"instances": [row] * 200})["predictions"]
    assert many == [prediction] * 200
    bare = {"instances": [row] * 200, "parameters": {"warnings": False}}
    del prediction["warnings"]
    assert post(no_probabilities, "/v1/predict", bare)["predictions"] == [prediction] * 200


def test_metadata_without_probabilities(no_probabilities: Served) -> None:
    """The one output is the label; to ask for the other is a fault."""
    reply = no_probabilities.client.get("/v2/models/svc").json
    assert reply["outputs"] == [{"name": "label", "datatype": "BYTES", "shape": [-1]}]
    assert reply["platform"] == "sklearn_skops"
    tensor = {"name": "input", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}
    asked = {"inputs": [tensor], "outputs": [{"name": "probabilities"}]}
    assert faults(no_probabilities, "/v2/models/svc/infer", asked) == [
        ("/outputs/0/name", "is not an output of this model, there is label")
    ]


def test_metadata_of_mixed_columns(mixed_kinds: Served) -> None:
    """One input a feature, with a datatype that holds all its values."""
    reply = mixed_kinds.client.get("/v2/models/mixed").json
    assert {tensor["name"]: tensor["datatype"] for tensor in reply["inputs"]} == {
        "island": "BYTES",
        "bill_length_mm": "FP64",
        "bill_depth_mm": "FP64",
        "flipper_length_mm": "FP64",
        "body_mass_g": "FP64",
        "sex": "BYTES",
        "year": "INT64",
        "heavy": "BOOL",
    }
    assert {tuple(tensor["shape"]) for tensor in reply["inputs"]} == {(-1,)}


def test_unknown_string_is_answered_with_a_warning(mixed_kinds: Served) -> None:
    """What an encoder ignores is unlike training, as a number outside the range is."""
    row = ["Föhr", 39.1, 18.7, 181, 3750, None, 2007, False]
    [prediction] = post(mixed_kinds, "/v1/predict", {"instances": [row]})["predictions"]
    assert prediction["warnings"] == [
        {
            "feature": "island",
            "value": "Föhr",
            "detail": "island 'Föhr' is none of the 3 values seen in training",
        }
    ]


@pytest.fixture(scope="module")
def choosy(folder: Path, iris_data: Any) -> Served:
    """A transformation that takes positive numbers only, which no card can say."""
    estimator = make_pipeline(PowerTransformer(method="box-cox"), GaussianNB())
    return pack(folder, "choosy", estimator, *iris_data, engine="skops")


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/", {"x0": 5.1, "x1": 3.5, "x2": -1, "x3": 0.2}),
        ("/v1/predict", {"instances": [[5.1, 3.5, 1.4, 0.2], [5.1, 3.5, -1, 0.2]]}),
        ("/invocations", {"inputs": [[5.1, 3.5, -1, 0.2]]}),
        (
            "/v2/models/choosy/infer",
            {
                "inputs": [
                    {"name": "i", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, -1, 0.2]}
                ]
            },
        ),
    ],
)
def test_row_that_the_estimator_refuses(choosy: Served, path: str, document: Any) -> None:
    """It fits the card, and still the fault is the caller's: told in the estimator's own words."""
    reply = choosy.client.post_json(path, document, status=422)
    [fault] = reply.json["errors"]
    assert reply.json["type"].endswith("#invalid-rows")
    assert fault["pointer"] == ""
    assert "strictly positive" in fault["detail"]
    assert ("error" in reply.json) == path.startswith("/v2")


ROW = ["Biscoe", 39.1, 18.7, 181, 3750, "male", 2007, False]


@pytest.mark.parametrize(
    ("position", "value", "detail"),
    [
        (0, None, "expected a string, got null"),
        (0, 7, "expected a string, got a number"),
        (0, "\ud800", "holds half of a surrogate pair, which is no character"),
        (1, "39.1", "expected a number in mm or null, got a string"),
        (1, 1e39, "expected a number of at most 3.4e+38 in size"),
        (5, True, "expected a string or null, got a boolean"),
        (6, 2007.5, "expected a whole number, got a number with a fraction"),
        (6, None, "expected a whole number, got null"),
        (6, 2**53, "expected a whole number of at most 9e+15 in size"),
        (7, 0, "expected true or false, got a number"),
        (7, "true", "expected true or false, got a string"),
        (7, None, "expected true or false, got null"),
    ],
)
def test_value_of_another_kind(mixed_kinds: Served, position: int, value: Any, detail: str) -> None:
    """Each fault says what the feature takes, in rows, columns and tensors alike."""
    row: list[Any] = [*ROW]
    row[position] = value
    name = names(mixed_kinds)[position]
    asked = dict(zip(names(mixed_kinds), row, strict=True))
    assert faults(mixed_kinds, "/", asked) == [(f"/{name}", detail)]
    found = faults(mixed_kinds, "/v1/predict", {"instances": [ROW, row]})
    assert found == [(f"/instances/1/{position}", detail)]
    columns = {name: [value] for name, value in asked.items()}
    found = faults(mixed_kinds, "/invocations", {"inputs": columns})
    assert found == [(f"/inputs/{name}/0", detail)]
    datatypes = ["BYTES", *["FP64"] * 4, "BYTES", "FP64", "BOOL"]
    inputs = [
        {"name": name, "shape": [1], "datatype": datatype, "data": [value]}
        for (name, value), datatype in zip(asked.items(), datatypes, strict=True)
    ]
    found = faults(mixed_kinds, "/v2/models/mixed/infer", {"inputs": inputs})
    assert found == [(f"/inputs/{position}/data/0", detail)]


def test_category_that_is_not_known(closed_kinds: Served) -> None:
    """Where the estimator takes known values only, the nearest is proposed."""
    row = ["Bisco", 39.1, 18.7, 181, 3750, "?", 2007, False]
    reply = closed_kinds.client.post_json("/v1/predict", {"instances": [row]}, status=422)
    assert reply.json["errors"] == [
        {
            "pointer": "/instances/0/0",
            "detail": "expected one of 'Biscoe', 'Dream', 'Torgersen', got another string, "
            "did you mean Biscoe?",
            "suggestion": "Biscoe",
        },
        {
            "pointer": "/instances/0/5",
            "detail": "expected one of 'female', 'male' or null, got another string",
        },
    ]


def test_whole_number_that_is_not_known(closed_integers: Served) -> None:
    """Numbers may be categories, too; there a whole one may be written as 3.0."""
    assert faults(
        closed_integers, "/v1/predict", {"instances": [[4, 0.5], [3, 0.5], [3.0, 1]]}
    ) == [("/instances/0/0", "expected one of 2, 3, 5, 7, got another number")]


def test_what_may_be_missing_is_still_named(mixed_kinds: Served) -> None:
    """A value that is not known is null; an absent member is as wrong as any other."""
    assert faults(mixed_kinds, "/", dict(zip(names(mixed_kinds)[:5], ROW, strict=False))) == [
        ("/sex", "is missing: sex (or s); null is allowed"),
        ("/year", "is missing: year"),
        ("/heavy", "is missing: heavy"),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\n", ("", "expected 1 to 100,000 rows, got 0")),
        (
            "Biscoe,1,2,3,4,male,2007,yes",
            ("/0/heavy", "line 1: expected true or false, got a stri"),
        ),
        (",1,2,3,4,male,2007,0", ("/0/island", "line 1: is an empty cell")),
        ("Biscoe,1,2,3,4,male,,0", ("/0/year", "line 1: is an empty cell")),
        ("Biscoe,1,2,3,4,male,7.5,0", ("/0/year", "line 1: expected a whole number, got a number")),
        (
            "Biscoe,x,2,3,4,male,7,0",
            ("/0/bill_length_mm", "line 1: expected a number in mm or nul"),
        ),
        (
            "island,bl,bill_depth_mm,flipper_length_mm,body_mass_g,sexx,year,heavy\n",
            ("/header/5", "line 1, the header: is not a known name, did you mean sex?"),
        ),
    ],
)
def test_csv_that_does_not_fit(mixed_kinds: Served, body: str, expected: tuple[str, str]) -> None:
    """Cells are read by the kind of their feature, and a header is known by its names."""
    reply = mixed_kinds.client.post(
        "/invocations", body.encode(), content_type="text/csv", status=422
    )
    found = [(fault["pointer"], fault["detail"]) for fault in reply.json["errors"]]
    assert any(
        pointer == expected[0] and detail.startswith(expected[1]) for pointer, detail in found
    )


@pytest.mark.parametrize(
    "cells",
    [
        "Biscoe,39.1,18.7,181,3750,male,2007,False",
        ' "Biscoe",39.1 ,18.7,181,3750, male,2007.0,0',
        '"Biscoe","39.1","18.7",181,3750,"male","2007","FALSE"',
    ],
)
def test_csv_of_mixed_columns(mixed_kinds: Served, cells: str) -> None:
    """Quotes and blanks mean nothing; a boolean is a word or a digit."""
    asked = {"content_type": "text/csv"}
    reply = mixed_kinds.client.post("/invocations", cells.encode(), **asked)
    assert reply.json == post(mixed_kinds, "/invocations", {"inputs": [ROW]})
    empty = mixed_kinds.client.post("/invocations", b"Dream,,,,,,2008,1", **asked)
    row = ["Dream", None, None, None, None, None, 2008, True]
    assert empty.json == post(mixed_kinds, "/invocations", {"inputs": [row]})


def test_csv_header_of_one_string_column(one_string: Served) -> None:
    """A value that is the column's own name is taken for one, unless Content-Type says."""
    for content_type, count in (("text/csv", 1), ("text/csv; header=absent", 2)):
        body = b"wort\nja\n"
        reply = one_string.client.post("/invocations", body, content_type=content_type)
        assert len(reply.json["predictions"]) == count


TEXT = {"name": "island", "shape": [1], "datatype": "BYTES"}
FLAG = {"name": "heavy", "shape": [1], "datatype": "BOOL"}
OTHERS = [
    {"name": name, "shape": [1], "datatype": "FP32", "data": [1]}
    for name in ("bl", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year")
] + [{"name": "sex", "shape": [1, 1], "datatype": "BYTES", "data": [["male"]]}]


@pytest.mark.parametrize(
    ("inputs", "tail", "expected"),
    [
        (
            [{"name": "input", "shape": [1, 8], "datatype": "FP64", "data": [1] * 8}],
            b"",
            ("/inputs", "expected one tensor for each feature, not all are numbers"),
        ),
        (
            [{**TEXT, "datatype": "FP64", "data": [1]}],
            b"",
            (
                "/inputs/0/datatype",
                "expected BYTES: FP64 holds numbers, and island is a string",
            ),
        ),
        (
            [{**FLAG, "datatype": "UINT8", "data": [1]}],
            b"",
            (
                "/inputs/0/datatype",
                "expected BOOL: UINT8 holds numbers, and heavy is a boolean",
            ),
        ),
        (
            [{**OTHERS[0], "datatype": "BOOL", "data": [True]}],
            b"",
            (
                "/inputs/0/datatype",
                "expected FP64: BOOL holds booleans, and bill_length_mm is a num",
            ),
        ),
        ([TEXT], b"", ("/inputs/0/data", "is missing: an array of strings")),
        (
            [{**TEXT, "data": ["a", "b"]}],
            b"",
            ("/inputs/0/data", "expected 1 strings for the shape [1], got 2"),
        ),
        ([{**TEXT, "data": "a"}], b"", ("/inputs/0/data", "expected an array of strings, got a ")),
        ([TEXT], b"\x09\0\0\0abc", ("/inputs/0", "element 0: ends behind the 7 bytes given")),
        ([TEXT], b"\x01\0\0\0\xff", ("/inputs/0", "element 0: is not UTF-8")),
        ([TEXT], b"\x01\0\0\0a" * 2, ("/inputs/0", "expected 1 elements, got more")),
        ([TEXT], b"\x01", ("/inputs/0", "element 0: ends behind the 1 bytes given")),
        ([FLAG], b"\x02", ("/inputs/0", "element 0: expected a byte of 0 or 1")),
        (
            [FLAG],
            b"\x00\x00",
            (
                "/inputs/0/parameters/binary_data_size",
                "expected 1 bytes for BOOL of shape [1], got 2",
            ),
        ),
        (
            [{**OTHERS[4], "data": None}],
            struct.pack("<f", 7.5),
            ("/inputs/0", "element 0: expected a whole number"),
        ),
        (
            [{**OTHERS[0], "data": None}],
            struct.pack("<f", float("inf")),
            ("/inputs/0", "element 0: expected a finite number of at most 3.4e+38 in size, or NaN"),
        ),
    ],
)
def test_tensors_that_do_not_fit(
    mixed_kinds: Served, inputs: Any, tail: bytes, expected: tuple[str, str]
) -> None:
    """Each tensor is read by the kind of its feature."""
    if tail:
        inputs = [{**inputs[0], "parameters": {"binary_data_size": len(tail)}}]
    if len(inputs[0]["shape"]) == 1:
        complete = [{**TEXT, "data": ["Dream"]}, {**FLAG, "data": [True]}, *OTHERS]
        inputs = inputs + [t for t in complete if t["name"] != inputs[0]["name"]]
    document = json.dumps({"inputs": inputs}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(document)),
    }
    path = "/v2/models/mixed/infer"
    reply = mixed_kinds.client.post(path, document + tail, headers=headers, status=422)
    [fault] = reply.json["errors"]
    assert fault["pointer"] == expected[0]
    assert fault["detail"].startswith(expected[1])


def test_unknown_category_in_binary(closed_kinds: Served) -> None:
    """The same words as in JSON, and the element's number."""
    inputs = [
        {**TEXT, "parameters": {"binary_data_size": 9}},
        {**FLAG, "data": [True]},
        {**OTHERS[0], "name": "bill_length_mm"},
        *OTHERS[1:],
    ]
    document = json.dumps({"inputs": inputs}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(document)),
    }
    body = document + b"\x05\0\0\0Drean"
    reply = closed_kinds.client.post("/v2/models/closed/infer", body, headers=headers, status=422)
    [fault] = reply.json["errors"]
    assert (fault["pointer"], fault["suggestion"]) == ("/inputs/0", "Dream")
    assert fault["detail"].startswith("element 0: expected one of 'Biscoe'")


def test_explorer_and_card_of_a_mixed_model(mixed_kinds: Served) -> None:
    """The page is the same for all models; what it shows is in the document and the card."""
    assert "swagger-ui" in mixed_kinds.client.get("/docs").text
    features = mixed_kinds.client.get("/v1/model").json["features"]
    assert {feature["name"]: feature["kind"] for feature in features if "kind" in feature} == {
        "island": "string",
        "sex": "string",
        "year": "integer",
        "heavy": "boolean",
    }
