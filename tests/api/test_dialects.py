"""One flower, every dialect, one answer: that of scikit-learn."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from webtest import TestApp as WebClient

import irisws

Flower = tuple[float, float, float, float]
Names = list[str]  # in the order in which a dialect is to write the columns

CARD_ORDER = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ALIASES = ["sl", "sw", "pl", "pw"]

CLIENT = WebClient(irisws.create_app())
TREE = DecisionTreeClassifier(random_state=1).fit(*load_iris(return_X_y=True))


def send(path: str, document: Any) -> Any:
    return CLIENT.post(path, json.dumps(document), content_type="application/json").json


def named(flower: Flower, names: Names) -> dict[str, float]:
    values = dict(zip(CARD_ORDER + ALIASES, flower * 2, strict=True))
    return {name: values[name] for name in names}


def article(flower: Flower, names: Names) -> Any:
    return send("/", named(flower, names))["prediction"]


def predict_object(flower: Flower, names: Names) -> Any:
    reply = send("/v1/predict", {"instances": [named(flower, names)]})
    return [prediction["index"] for prediction in reply["predictions"]]


def predict_array(flower: Flower, names: Names) -> Any:
    reply = send("/v1/predict", {"instances": [flower]})
    return [prediction["index"] for prediction in reply["predictions"]]


def tensorflow(flower: Flower, names: Names) -> Any:
    reply = send("/v1/models/iris:predict", {"instances": [flower]})
    return [prediction["index"] for prediction in reply["predictions"]]


def mlflow_split(flower: Flower, names: Names) -> Any:
    frame = {"columns": names, "data": [list(named(flower, names).values())]}
    return send("/invocations", {"dataframe_split": frame})["predictions"]


def mlflow_records(flower: Flower, names: Names) -> Any:
    return send("/invocations", {"dataframe_records": [named(flower, names)]})["predictions"]


def mlflow_instances(flower: Flower, names: Names) -> Any:
    return send("/invocations", {"instances": [flower]})["predictions"]


def mlflow_inputs(flower: Flower, names: Names) -> Any:
    return send("/invocations", {"inputs": [flower]})["predictions"]


def mlflow_columns(flower: Flower, names: Names) -> Any:
    columns = {name: [value] for name, value in named(flower, names).items()}
    return send("/invocations", {"inputs": columns})["predictions"]


def csv_with_header(flower: Flower, names: Names) -> Any:
    values = map(repr, named(flower, names).values())
    body = f"{','.join(names)}\r\n{','.join(values)}\r\n"
    return CLIENT.post("/invocations", body, content_type="text/csv").json["predictions"]


def csv_without_header(flower: Flower, names: Names) -> Any:
    body, headers = ",".join(map(repr, flower)), {"Accept": "text/csv"}
    reply = CLIENT.post("/invocations", body, content_type="text/csv", headers=headers)
    return [int(line) for line in reply.text.splitlines()]


def open_inference_whole(flower: Flower, names: Names) -> Any:
    tensor = {"name": "rows", "shape": [1, 4], "datatype": "FP64", "data": flower}
    return label_indexes(send("/v2/models/iris/infer", {"inputs": [tensor]}))


def open_inference_by_name(flower: Flower, names: Names) -> Any:
    tensors = [
        {"name": name, "shape": [1], "datatype": "FP64", "data": [value]}
        for name, value in named(flower, names).items()
    ]
    return label_indexes(send("/v2/models/iris/infer", {"inputs": tensors}))


def label_indexes(reply: Any) -> list[int]:
    [labels] = [output["data"] for output in reply["outputs"] if output["name"] == "label"]
    return [["setosa", "versicolor", "virginica"].index(label) for label in labels]


# A new dialect is a function above and its name here.
DIALECTS: list[Callable[[Flower, Names], Any]] = [
    article,
    predict_object,
    predict_array,
    tensorflow,
    mlflow_split,
    mlflow_records,
    mlflow_instances,
    mlflow_inputs,
    mlflow_columns,
    csv_with_header,
    csv_without_header,
    open_inference_whole,
    open_inference_by_name,
]


def thresholds() -> Iterator[float]:
    """The tree's own thresholds and their neighbours: where engines would part, if they did."""
    for threshold in TREE.tree_.threshold[TREE.tree_.feature >= 0].tolist():
        yield from (threshold, np.nextafter(threshold, 9).item(), np.nextafter(threshold, 0).item())
        single = np.float32(threshold)
        yield from (float(np.nextafter(single, np.float32(end))) for end in (0, 9))


LARGEST = 3.4028234663852886e38  # of float32
MEASURES = st.one_of(
    st.floats(0, 10),
    st.sampled_from(sorted(thresholds())),
    st.floats(-LARGEST, LARGEST),
    st.integers(-10, 10).map(float),
)
FLOWERS = st.tuples(MEASURES, MEASURES, MEASURES, MEASURES)
NAMES = st.sampled_from([CARD_ORDER, ALIASES]).flatmap(st.permutations)


@given(FLOWERS, NAMES)
@example((2.0, 1.0, 2.0, 3.0), ALIASES)
@example((LARGEST, -LARGEST, LARGEST, -LARGEST), CARD_ORDER)
@example((5e-324, -0.0, 2.449999988079071, 1.75), ["pw", "pl", "sw", "sl"])
def test_every_dialect_answers_what_scikit_learn_answers(flower: Flower, names: Names) -> None:
    """The same flower gets the same class, whoever asks and in whatever form."""
    expected = TREE.predict([flower]).tolist()
    assert {dialect.__name__: dialect(flower, names) for dialect in DIALECTS} == {
        dialect.__name__: expected for dialect in DIALECTS
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_article_example_in_every_dialect(dialect: Callable[[Flower, Names], Any]) -> None:
    """The article's flower is a versicolor everywhere."""
    assert dialect((2.0, 1.0, 2.0, 3.0), ["pw", "sepal_length", "pl", "sw"]) == [1]
