"""Bodies of more than a megabyte: what a request may hold is read, and what it may not is not."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from webtest import TestApp as WebClient

from irisws import create_app
from irisws.api.document import InvalidRows, NotJson
from irisws.api.large_bodies import LargeBodies
from irisws.model.card import Feature
from irisws.model.model import Model

ROWS = 100_000  # as many as a request may hold
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ROW = [5.123456789, 3.5, 1.4, 0.2]
SHORT = dict(zip(("sl", "sw", "pl", "pw"), ROW, strict=True))
SPLIT = {"columns": NAMES, "data": [ROW] * ROWS}
INDEX = {"index": [[at, 1] for at in range(ROWS)]}


def number(name: str, alias: str | None = None) -> Feature:
    quantiles = (0.0, 0.0, 0.5, 1.0, 1.0)
    return Feature(
        name=name, alias=alias, kind="number", minimum=0, maximum=1, quantiles=quantiles, example=0
    )


IRIS = [number(name) for name in NAMES]


def tensors(data: Any, shape: list[int]) -> Any:
    return {"inputs": [{"name": "x", "shape": shape, "datatype": "FP64", "data": data}]}


def columns(values: Any) -> Any:
    each = {"shape": [ROWS], "datatype": "FP64"}
    return {"inputs": [{"name": n, "data": [v] * ROWS, **each} for n, v in values.items()]}


@pytest.fixture(scope="module")
def client(iris: Model) -> Any:
    return WebClient(create_app(iris))


DOCUMENTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "arrays": ("/v1/predict", lambda: {"instances": [ROW] * ROWS}),
    "objects": ("/v1/predict", lambda: {"instances": [SHORT] * ROWS}),
    "index of two levels": ("/invocations", lambda: {"dataframe_split": SPLIT | INDEX}),
    "columns": ("/invocations", lambda: {"inputs": {n: [v] * ROWS for n, v in SHORT.items()}}),
    "flat": ("/v2/models/iris/infer", lambda: tensors(ROW * ROWS, [ROWS, 4])),
    "nested": ("/v2/models/iris/infer", lambda: tensors([ROW] * ROWS, [ROWS, 4])),
    "tensors by column": ("/v2/models/iris/infer", lambda: columns(SHORT)),
}


@pytest.mark.parametrize(("path", "document"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_as_many_rows_as_a_request_may_hold(client: Any, path: str, document: Any) -> None:
    """In every form, with blanks after commas or without."""
    compact = msgspec.json.encode(document())
    assert len(compact) > 1 << 20
    answers = [
        client.post(path, body, content_type="application/json").body
        for body in (compact, json.dumps(document()).encode())
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]) > ROWS


def test_as_many_lines_as_a_request_may_hold(client: Any) -> None:
    """CSV, with blanks and a line of names."""
    line = ", ".join(map(str, ROW))
    body = "\n".join([", ".join(NAMES), *[line] * ROWS])
    reply = client.post("/invocations", body, content_type="text/csv")
    assert len(reply.json["predictions"]) == ROWS


@pytest.mark.parametrize(
    "feature",
    [
        Feature(name="place", kind="string", example="a"),
        number("Income, USD"),
        number("income", alias="Income, USD"),
    ],
)
def test_commas_in_texts_and_names_are_no_values(feature: Feature) -> None:
    """Where there may be any, a body is read however many it has."""
    body = b"," * (2 << 20)
    assert LargeBodies([*IRIS, feature], 10).read(len, body) == len(body)


def test_more_values_than_any_rows_have_are_not_read() -> None:
    """Where the rows are numbers, commas count."""
    with pytest.raises(InvalidRows) as error:
        LargeBodies(IRIS, 10).read(lambda body: pytest.fail("was read"), b"," * (2 << 20))
    [fault] = error.value.faults
    assert fault.detail == "holds more values than 10 rows of 4 have: send fewer"


def test_nothing_is_kept_of_what_was_parsed() -> None:
    """Until the reply is written, the error would hold it."""

    def read(body: bytes) -> None:
        parsed = [body]
        try:
            raise KeyError(parsed)
        except KeyError:
            raise NotJson("here") from None

    with pytest.raises(NotJson) as error:
        LargeBodies(IRIS, 10).read(read, bytes(2 << 20))
    assert error.value.__context__ is None
    assert "read" not in [entry.name for entry in error.traceback if "parsed" in entry.locals]


def test_defects_keep_their_traceback() -> None:
    """The log has to say where."""

    def read(body: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error:
        LargeBodies(IRIS, 10).read(read, bytes(2 << 20))
    assert "read" in [entry.name for entry in error.traceback]
