"""The Open Inference Protocol: every route, what is read, what is refused, in JSON and binary."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp as WebClient

import irisws
from irisws.api import infer_request
from irisws.api.document import InvalidRows, NotJson
from irisws.model.model import Model
from irisws.settings import Settings
from irisws.web.problem import Fault, Problem

INFER = "/v2/models/iris/infer"
LENGTH = "Inference-Header-Content-Length"

# Two rows whose answers are known: the article's flower, and the first of the data set.
ROWS = [2.0, 1.0, 2.0, 3.0, 5.1, 3.5, 1.4, 0.2]
TABLE = {"name": "input", "shape": [2, 4], "datatype": "FP64", "data": ROWS}
COLUMNS = [
    {"name": "petal_width", "shape": [2], "datatype": "FP64", "data": [3.0, 0.2]},
    {"name": "sl", "shape": [2, 1], "datatype": "FP32", "data": [2.0, 5.1]},
    {"name": "pl", "shape": [2, 1], "datatype": "FP64", "data": [[2.0], [1.4]]},
    {"name": "sepal_width", "shape": [2], "datatype": "FP64", "data": [1.0, 3.5]},
]
LABELS = ["versicolor", "setosa"]
PROBABILITIES = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]

Infer = Callable[..., Any]


@pytest.fixture
def infer(app: WebClient) -> Infer:
    """Post an inference request: a document, and bytes that follow it."""

    def post(document: Any, tail: bytes | None = None, **headers: str) -> Any:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers.setdefault("Content-Type", "application/json" if tail is None else BINARY)
        if tail is not None:
            headers.setdefault(LENGTH, str(len(body)))
        return app.post(INFER, body + (tail or b""), headers=headers, expect_errors=True)

    return post


BINARY = "application/octet-stream"


def binary(datatype: str, shape: list[int], size: int, **others: Any) -> dict[str, Any]:
    """A tensor whose elements follow the document."""
    parameters = {"binary_data_size": size}
    return {
        "name": "input",
        "shape": shape,
        "datatype": datatype,
        "parameters": parameters,
        **others,
    }


def faults(reply: Any) -> list[tuple[str, str]]:
    assert reply.status_code == 422, reply.text
    return [(fault["pointer"], fault["detail"]) for fault in reply.json["errors"]]


def test_server_metadata(app: WebClient) -> None:
    """Name, version, and the one extension that is served."""
    assert app.get("/v2").json == {
        "name": "irisws",
        "version": "0.1.0",
        "extensions": ["binary_tensor_data"],
    }


@pytest.mark.parametrize("path", ["/v2/models/iris", "/v2/models/iris/versions/1.0"])
def test_model_metadata(app: WebClient, path: str) -> None:
    """Inputs and outputs, with -1 for the number of rows."""
    assert app.get(path).json == {
        "name": "iris",
        "versions": ["1.0"],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 4]}],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
        ],
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"live": True, "ready": True}),
        ("/v2/models/iris/ready", {"name": "iris", "ready": True}),
        ("/v2/models/iris/versions/1.0/ready", {"name": "iris", "ready": True}),
    ],
)
def test_health(app: WebClient, path: str, expected: Any) -> None:
    """Live and ready while serving."""
    assert app.get(path).json == expected


def test_health_while_draining(iris: Model) -> None:
    """A drain turns readiness off, of the server and of the model; the process stays live."""
    application = irisws.create_app(iris)
    application.draining = True
    client = WebClient(application)
    for path in ("/v2/health/ready", "/v2/models/iris/ready"):
        reply = client.get(path, status=503)
        assert reply.json["error"] == "this process is shutting down and takes no new work"
        assert reply.headers["Retry-After"] == "1"
    assert client.get("/v2/health/live").json == {"live": True}


@pytest.mark.parametrize(
    "inputs",
    [
        [TABLE],
        [{**TABLE, "name": "any name", "data": [ROWS[:4], ROWS[4:]]}],
        [{**TABLE, "name": "sl"}],
        [{**TABLE, "datatype": "FP32", "shape": [2.0, 4.0], "parameters": {"a": [1, {}]}}],
        [{**TABLE, "parameters": {"content_type": "np"}}],
        [{**TABLE, "parameters": None}],
        COLUMNS,
        COLUMNS[::-1],
    ],
)
def test_rows_in_either_layout(infer: Infer, inputs: Any) -> None:
    """One tensor of all features, or one a feature in any order; flat or nested."""
    assert infer({"inputs": inputs}).json == {
        "model_name": "iris",
        "model_version": "1.0",
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [2], "data": LABELS},
            {"name": "probabilities", "datatype": "FP64", "shape": [2, 3], "data": PROBABILITIES},
        ],
    }


def test_versioned_path(app: WebClient) -> None:
    """The path with the version answers as the one without."""
    reply = app.post_json("/v2/models/iris/versions/1.0/infer", {"inputs": [TABLE]})
    assert reply.json["outputs"][0]["data"] == LABELS


@pytest.mark.parametrize("id", ["42", "a:b", "\u00fc\u2028\U0001f33c", ""])
def test_id_comes_back(infer: Infer, id: str) -> None:
    """Whatever string it is."""
    assert infer({"id": id, "inputs": [TABLE]}).json["id"] == id


def test_null_is_as_good_as_left_out(infer: Infer) -> None:
    """What MLServer's types write, and the model's name that KServe's client sends."""
    asked = {"id": None, "parameters": None, "outputs": None, "model_name": "flowers"}
    reply = infer({**asked, "inputs": [TABLE]})
    assert [output["data"] for output in reply.json["outputs"]] == [LABELS, PROBABILITIES]
    assert "id" not in reply.json


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (["probabilities", "label"], ["probabilities", "label"]),
        (["label"], ["label"]),
        ([], ["label", "probabilities"]),
    ],
)
def test_requested_outputs(infer: Infer, outputs: list[str], names: list[str]) -> None:
    """The outputs asked for, in the order asked; all if none is named."""
    reply = infer({"inputs": [TABLE], "outputs": [{"name": name} for name in outputs]})
    assert [output["name"] for output in reply.json["outputs"]] == names


@pytest.mark.parametrize(
    ("datatype", "code"),
    [
        ("FP16", "e"),
        ("FP32", "f"),
        ("FP64", "d"),
        ("INT8", "b"),
        ("INT16", "h"),
        ("INT32", "i"),
        ("INT64", "q"),
        ("UINT8", "B"),
        ("UINT16", "H"),
        ("UINT32", "I"),
        ("UINT64", "Q"),
    ],
)
def test_every_datatype_of_numbers(infer: Infer, datatype: str, code: str) -> None:
    """The article's flower is versicolor in all of them, in binary and in JSON."""
    packed = struct.pack(f"<4{code}", 2, 1, 2, 3)
    reply = infer({"inputs": [binary(datatype, [1, 4], len(packed))]}, packed)
    assert reply.json["outputs"][0]["data"] == ["versicolor"]
    if datatype != "FP16":
        table = {"name": "x", "shape": [1, 4], "datatype": datatype, "data": [2, 1, 2, 3]}
        assert infer({"inputs": [table]}).json["outputs"][0]["data"] == ["versicolor"]


def test_binary_tensors_in_listed_order(infer: Infer) -> None:
    """Tensors in binary and in JSON may be mixed; the bytes are cut in the order listed."""
    inputs = [
        {**binary("FP32", [2], 8), "name": "pw"},
        COLUMNS[1],
        {**binary("INT16", [2, 1], 4), "name": "pl"},
        COLUMNS[3],
    ]
    tail = struct.pack("<2f2h", 3.0, 0.2, 2, 1)
    assert infer({"inputs": inputs}, tail).json["outputs"][0]["data"] == LABELS


BINARY_LABELS = b"\x0a\0\0\0versicolor\x06\0\0\0setosa"
BINARY_PROBABILITIES = struct.pack("<6d", *PROBABILITIES)


@pytest.mark.parametrize(
    ("parameters", "outputs", "tail"),
    [
        ({"binary_data_output": True}, None, BINARY_LABELS + BINARY_PROBABILITIES),
        (
            {},
            [("probabilities", {"binary_data": True}), ("label", {"binary_data": True})],
            BINARY_PROBABILITIES + BINARY_LABELS,
        ),
        (
            {"binary_data_output": True},
            [("label", {"binary_data": False}), ("probabilities", {})],
            BINARY_PROBABILITIES,
        ),
    ],
)
def test_outputs_in_binary(infer: Infer, parameters: Any, outputs: Any, tail: bytes) -> None:
    """Asked for all of them or one by one, the bytes follow the document in its order."""
    asked = None if outputs is None else [{"name": n, "parameters": p} for n, p in outputs]
    reply = infer({"inputs": [TABLE], "parameters": parameters, "outputs": asked})
    length = int(reply.headers[LENGTH])
    assert (reply.content_type, reply.body[length:]) == (BINARY, tail)
    sizes = [
        output["parameters"]["binary_data_size"]
        for output in json.loads(reply.body[:length])["outputs"]
        if "data" not in output
    ]
    assert sum(sizes) == len(tail)


def test_output_in_json_beside_one_in_binary(infer: Infer) -> None:
    """The one that is not asked for in binary stays in the document."""
    outputs = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "probabilities"}]
    reply = infer({"inputs": [TABLE], "outputs": outputs})
    document, _, tail = reply.body.partition(BINARY_LABELS)
    assert tail == b""
    assert json.loads(document)["outputs"] == [
        {
            "name": "label",
            "datatype": "BYTES",
            "shape": [2],
            "parameters": {"binary_data_size": 24},
        },
        {"name": "probabilities", "datatype": "FP64", "shape": [2, 3], "data": PROBABILITIES},
    ]


def flat(*data: Any, **others: Any) -> dict[str, Any]:
    """A request of one row."""
    table = {"name": "input", "shape": [1, 4], "datatype": "FP64", "data": list(data)}
    return {"inputs": [{**table, **others}]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], [("", "expected an object, got an array")]),
        ({}, [("/inputs", "is missing")]),
        ({"inputs": {}}, [("/inputs", "expected an array of tensors, got an object")]),
        (
            {"inputs": [TABLE], "output": []},
            [("/output", "is not a known name, did you mean outputs?")],
        ),
        ({"inputs": [TABLE], "id": 7}, [("/id", "expected a string, got a number")]),
        (
            {"inputs": [TABLE], "id": "\ud800"},
            [("/id", "holds half of a surrogate pair, which no reply can repeat")],
        ),
        (
            {"inputs": [TABLE], "parameters": []},
            [("/parameters", "expected an object, got an array")],
        ),
        (
            {"inputs": [TABLE], "parameters": {"binary_data_output": 1}},
            [("/parameters/binary_data_output", "expected true or false, got a number")],
        ),
        ({"inputs": [7]}, [("/inputs/0", "expected an object, got a number")]),
        (
            {"inputs": [{"name": "input"}]},
            [("/inputs/0/shape", "is missing"), ("/inputs/0/datatype", "is missing")],
        ),
        (
            {"inputs": []},
            [
                ("/inputs", "lacks sepal_length (or sl) in cm"),
                ("/inputs", "lacks sepal_width (or sw) in cm"),
                ("/inputs", "lacks petal_length (or pl) in cm"),
                ("/inputs", "lacks petal_width (or pw) in cm"),
            ],
        ),
        (
            {"inputs": [{**COLUMNS[0], "name": "petal_widht"}, *COLUMNS[1:]]},
            [
                ("/inputs/0", "is not a known name, did you mean petal_width?"),
                ("/inputs", "lacks petal_width (or pw) in cm"),
            ],
        ),
        (
            {"inputs": [*COLUMNS, {**COLUMNS[1], "name": "sepal_length"}]},
            [("/inputs/4", "names a feature that another column has already")],
        ),
        (
            {"inputs": [*COLUMNS[:3], {**COLUMNS[3], "shape": [3]}]},
            [("/inputs/3/shape", "expected 2 rows as in the first, got 3")],
        ),
        (
            {"inputs": [*COLUMNS[:3], {**COLUMNS[3], "shape": [1, 2]}]},
            [("/inputs/3/shape", "expected [n] or [n, 1], got [1, 2]")],
        ),
        (flat(1, 2, 3, 4, shape=[4]), [("/inputs/0/shape", "expected [n, 4], got [4]")]),
        (flat(1, 2, 3, 4, shape=[]), [("/inputs/0/shape", "expected [n, 4], got []")]),
        (
            flat(1, 2, 3, 4, shape=[1] * 9),
            [("/inputs/0/shape", "expected [n, 4], got [1, 1, 1, 1, …]")],
        ),
        (
            flat(1, 2, 3, 4, shape=[-1, 4.5]),
            [
                ("/inputs/0/shape/0", "expected a whole number from 0 to 9007199254740992"),
                ("/inputs/0/shape/1", "expected a whole number from 0 to 9007199254740992"),
            ],
        ),
        (
            flat(1, 2, 3, 4, shape="1x4"),
            [("/inputs/0/shape", "expected an array of whole numbers, got a string")],
        ),
        (flat(shape=[0, 4]), [("/inputs/0/shape", "expected 1 to 1,000 rows, got 0")]),
        (
            flat(*range(4004), shape=[1001, 4]),
            [("/inputs/0/shape", "expected 1 to 1,000 rows, got 1001")],
        ),
        (
            flat(1, 2, 3, 4, datatype="fp32"),
            [("/inputs/0/datatype", "is not a datatype of the protocol, did you mean FP32?")],
        ),
        (
            flat(1, 2, 3, 4, datatype="BF16"),
            [("/inputs/0/datatype", "is not a datatype of the protocol, did you mean FP16?")],
        ),
        (
            flat(True, False, True, True, datatype="BOOL"),
            [
                (
                    "/inputs/0/datatype",
                    "expected a datatype such as FP64: BOOL holds booleans, and every feature "
                    "is a number",
                )
            ],
        ),
        (
            flat("1", "2", "3", "4", datatype="BYTES"),
            [
                (
                    "/inputs/0/datatype",
                    "expected a datatype such as FP64: BYTES holds strings, and every feature "
                    "is a number",
                )
            ],
        ),
        (
            flat(1, 2, 3, 4, datatype="FP16"),
            [("/inputs/0/datatype", "FP16 has no form in JSON: send FP32, or send it binary")],
        ),
        (
            {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP64"}]},
            [("/inputs/0/data", "is missing: an array of numbers")],
        ),
        (flat(data="1,2,3,4"), [("/inputs/0/data", "expected an array of numbers, got a string")]),
        (
            flat(1, 2, 3),
            [("/inputs/0/data", "expected 4 numbers for the shape [1, 4], got 3")],
        ),
        (
            flat(1, 2, 3, 4, shape=[2, 4]),
            [("/inputs/0/data", "expected 8 numbers for the shape [2, 4], got 4")],
        ),
        (flat([1, 2, 3, 4], [1, 2, 3, 4]), [("/inputs/0/data", "expected 1 rows, got 2")]),
        (
            flat([1, 2, 3], [1, 2, 3, 4, 5], 7, {}, [1, 2, 3, 4], shape=[5, 4]),
            [
                ("/inputs/0/data/0", "expected 4 numbers, got 3"),
                ("/inputs/0/data/1", "expected 4 numbers, got 5"),
                ("/inputs/0/data/2", "expected 4 numbers, got a number"),
                ("/inputs/0/data/3", "expected 4 numbers, got an object"),
            ],
        ),
        (
            flat(1, "2", None, True),
            [
                ("/inputs/0/data/1", "expected a number in cm, got a string"),
                ("/inputs/0/data/2", "expected a number in cm, got null"),
                ("/inputs/0/data/3", "expected a number in cm, got a boolean"),
            ],
        ),
        (
            flat([1, 2, 3, 4], [1, 2, 3, 1e39], shape=[2, 4]),
            [("/inputs/0/data/1/3", "expected a number of at most 3.4e+38 in size")],
        ),
        (
            flat([1], [[2]], shape=[2, 1]),
            [("/inputs/0/shape", "expected [n, 4], got [2, 1]")],
        ),
        (
            flat(1, 128, 2.5, -129, datatype="INT8"),
            [
                ("/inputs/0/data/1", "expected a whole number from -128 to 127 (INT8)"),
                ("/inputs/0/data/2", "expected a whole number from -128 to 127 (INT8)"),
                ("/inputs/0/data/3", "expected a whole number from -128 to 127 (INT8)"),
            ],
        ),
        (
            flat(1, 2, -1, 65536, datatype="UINT16"),
            [
                ("/inputs/0/data/2", "expected a whole number from 0 to 65535 (UINT16)"),
                ("/inputs/0/data/3", "expected a whole number from 0 to 65535 (UINT16)"),
            ],
        ),
        (
            flat(1, 2, 3, 1e19, datatype="INT64"),
            [
                (
                    "/inputs/0/data/3",
                    "expected a whole number from -9223372036854775808 to 9223372036854775807 "
                    "(INT64)",
                )
            ],
        ),
        (
            {"inputs": [TABLE], "outputs": [{"name": "lable"}, {"name": "x" * 99}]},
            [
                ("/outputs/0/name", "is not an output of this model, did you mean label?"),
                (
                    "/outputs/1/name",
                    "is not an output of this model, there are label and probabilities",
                ),
            ],
        ),
        (
            {"inputs": [TABLE], "outputs": [{"name": "label"}, {"name": "label"}]},
            [("/outputs/1/name", "asks for label again")],
        ),
        (
            {"inputs": [TABLE], "outputs": [{"name": "label", "parameters": {"binary_data": 1}}]},
            [("/outputs/0/parameters/binary_data", "expected true or false, got a number")],
        ),
        (
            {
                "inputs": [TABLE],
                "outputs": [{"name": "label", "parameters": {"classification": 1}}],
            },
            [("/outputs/0/parameters/classification", "is an extension that this server has not")],
        ),
        (
            {"inputs": [TABLE], "outputs": ["label"]},
            [
                ("/outputs/0", "expected an object, got a string"),
            ],
        ),
        (
            {"inputs": [{**TABLE, "parameters": {"binary_data_size": 8}}]},
            [("/inputs/0/data", "is given and binary_data_size is: give one of them")],
        ),
        (
            {"inputs": [{**TABLE, "datatype": "INT9", "shape": [1]}], "outputs": [{"name": "a"}]},
            [
                (
                    "/outputs/0/name",
                    "is not an output of this model, there are label and probabilities",
                ),
                ("/inputs/0/shape", "expected [n, 4], got [1]"),
                ("/inputs/0/datatype", "is not a datatype of the protocol, did you mean INT8?"),
            ],
        ),
    ],
)
def test_documents_that_are_refused(infer: Infer, document: Any, expected: Any) -> None:
    """Each fault has its place and says what was wanted, as many at once as can be."""
    assert faults(infer(document)) == expected


def test_model_name_is_text_or_absent(infer: Infer) -> None:
    """KServe's client names the model in the body too; anything but a name is refused."""
    flower = {"name": "input", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}
    assert infer({"inputs": [flower], "model_name": "iris"}).status_code == 200
    reply = infer({"inputs": [flower], "model_name": {}})
    assert [fault["pointer"] for fault in reply.json["errors"]] == ["/model_name"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"inputs": [%s], "inputs": [%s]}', "/inputs"),
        (b'{"id": "1", "inputs": [%s], "id": "%.0s"}', "/id"),
        (b'{"inputs": [%s], "parameters": {"a": "%.0s", "a": 2}}', "/parameters/a"),
    ],
)
def test_doubled_names_are_refused(infer: Infer, body: bytes, pointer: str) -> None:
    """Of a name given twice no one knows which value is meant."""
    table = json.dumps(TABLE).encode()
    assert faults(infer(body % (table, table))) == [(pointer, "is given 2 times")]


def test_doubled_name_in_a_tensor(infer: Infer) -> None:
    """The same goes for the members of a tensor."""
    table = json.dumps(TABLE).encode().replace(b'"shape"', b'"shape": [1, 4], "shape"')
    assert faults(infer(b'{"inputs": [%s]}' % table)) == [("/inputs/0/shape", "is given 2 times")]


NAN, INFINITY = float("nan"), float("inf")
TOO_LARGE = "expected a finite number of at most 3.4e+38 in size"


@pytest.mark.parametrize(
    ("tensor", "tail", "expected"),
    [
        (
            binary("FP32", [1, 4], 16),
            struct.pack("<4f", NAN, 1, INFINITY, -INFINITY),
            [("/inputs/0", f"element {at}: {TOO_LARGE}") for at in (0, 2, 3)],
        ),
        (
            binary("FP16", [1, 4], 8),
            struct.pack("<4e", 1, INFINITY, NAN, -1),
            [("/inputs/0", f"element {at}: {TOO_LARGE}") for at in (1, 2)],
        ),
        (
            binary("FP64", [1, 4], 32),
            struct.pack("<4d", 1, 2, -1e39, 4),
            [("/inputs/0", f"element 2: {TOO_LARGE}")],
        ),
        (
            binary("FP32", [1, 4], 16),
            struct.pack("<3f", 1, 2, 3) + b"\1\0\x80\x7f",  # a signalling NaN
            [("/inputs/0", f"element 3: {TOO_LARGE}")],
        ),
        (
            binary("FP32", [2, 4], 16),
            bytes(16),
            [
                (
                    "/inputs/0/parameters/binary_data_size",
                    "expected 32 bytes for FP32 of shape [2, 4], got 16",
                )
            ],
        ),
        (
            binary("FP32", [1, 4], 16),
            bytes(15),
            [
                (
                    "/inputs",
                    "binary_data_size adds up to 16 bytes, and 15 bytes follow the JSON document",
                )
            ],
        ),
        (
            binary("FP32", [1, 4], 16),
            bytes(17),
            [
                (
                    "/inputs",
                    "binary_data_size adds up to 16 bytes, and 17 bytes follow the JSON document",
                )
            ],
        ),
        (
            {**binary("FP32", [1, 4], 16), "parameters": {"binary_data_size": "16"}},
            b"",
            [("/inputs/0/parameters/binary_data_size", "expected a number of bytes, got a string")],
        ),
        (
            {**binary("FP32", [1, 4], 16), "parameters": {"binary_data_size": -16}},
            b"",
            [("/inputs/0/parameters/binary_data_size", "expected a number of bytes, got a number")],
        ),
        (
            binary("FP32", [1, 4], 2**50),
            bytes(16),
            [
                (
                    "/inputs/0/parameters/binary_data_size",
                    f"expected 16 bytes for FP32 of shape [1, 4], got {2**50}",
                ),
                (
                    "/inputs",
                    f"binary_data_size adds up to {2**50} bytes, and 16 bytes follow the JSON "
                    "document",
                ),
            ],
        ),
        (
            binary("FP32", [2**50, 4], 16),
            bytes(16),
            [("/inputs/0/shape", f"expected 1 to 1,000 rows, got {2**50}")],
        ),
        (
            binary("BYTES", [1, 4], 5),
            b"\1\0\0\0x",
            [
                (
                    "/inputs/0/datatype",
                    "expected a datatype such as FP64: BYTES holds strings, and every feature "
                    "is a number",
                )
            ],
        ),
        (
            binary("FP32", [1, 4], 16, data=[1, 2, 3, 4]),
            bytes(16),
            [("/inputs/0/data", "is given and binary_data_size is: give one of them")],
        ),
        (
            TABLE,
            b"more",
            [
                (
                    "/inputs",
                    "binary_data_size adds up to 0 bytes, and 4 bytes follow the JSON document",
                )
            ],
        ),
    ],
)
def test_binary_that_is_refused(infer: Infer, tensor: Any, tail: bytes, expected: Any) -> None:
    """What is no finite number, and sizes that do not agree."""
    assert faults(infer({"inputs": [tensor]}, tail)) == expected


def test_search_for_faults_ends_at_a_hundred(infer: Infer) -> None:
    """A tensor of nothing but NaN gets a reply of bounded size."""
    tail = struct.pack("<f", NAN) * 4000
    assert len(faults(infer({"inputs": [binary("FP32", [1000, 4], 16000)]}, tail))) == 100


def test_shape_of_any_length_costs_little(infer: Infer) -> None:
    """Nothing is reckoned from dimensions that are not those of rows."""
    shape = [2**50] * 3000
    reply = infer({"inputs": [binary("FP32", shape, 16)]}, bytes(16))
    assert faults(reply)[0][0] == "/inputs/0/shape"


@pytest.mark.parametrize("length", ["", "x", "-1", "1.0", "+1", "99999", "1" * 5000, "10, 10"])
def test_length_of_the_document_that_is_none(infer: Infer, length: str) -> None:
    """The header must be a number of bytes that the body has."""
    reply = infer({"inputs": [TABLE]}, **{LENGTH: length or " "})
    assert reply.status_code == 400
    assert reply.json["error"].startswith("Inference-Header-Content-Length must be a decimal")


@pytest.mark.parametrize(
    ("body", "length"), [(b"{}x", "3"), (b"{}", "1"), (b"", "0"), (b"{}\0\0", None)]
)
def test_document_that_is_not_json(infer: Infer, body: bytes, length: str | None) -> None:
    """400 as on every route, with the place."""
    reply = infer(body, **({} if length is None else {LENGTH: length}))
    assert reply.status_code == 400
    assert reply.json["error"].startswith("the body is not JSON: ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "application/octet-stream"}, 200),
        ({"Content-Type": ""}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "", "Content-Encoding": "gzip"}, 415),
    ],
)
def test_content_types(infer: Infer, headers: dict[str, str], status: int) -> None:
    """JSON, binary, and none at all, which is what tritonclient sends."""
    reply = infer({"inputs": [TABLE]}, **headers)
    assert reply.status_code == status
    if status == 415:
        assert reply.headers["Accept-Post"] == "application/json, application/octet-stream"
        assert reply.json["error"] == reply.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/", 404),
        ("GET", "/v2/models/rose", 404),
        ("GET", "/v2/models/iris/versions/2", 404),
        ("GET", "/v2/models/iris/infer", 405),
        ("DELETE", "/v2", 405),
    ],
)
def test_every_problem_has_the_error_string(
    app: WebClient, method: str, path: str, status: int
) -> None:
    """Under /v2 the protocol's `error` stands beside the members of the problem."""
    reply = app.request(path, method=method, expect_errors=True)
    assert (reply.status_code, reply.content_type) == (status, "application/problem+json")
    assert reply.json["error"] == reply.json["detail"]


def test_body_too_large(infer: Infer) -> None:
    """The limit on bytes holds for both parts together."""
    reply = infer({"inputs": [binary("FP32", [6250, 4], 100_000)]}, bytes(100_000))
    assert reply.status_code == 413
    assert reply.json["error"] == "the body is larger than the limit of 100,000 bytes"


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v2x", "/nowhere/v2/"])
def test_no_error_string_elsewhere(app: WebClient, path: str) -> None:
    """Other dialects do not know it."""
    assert "error" not in app.get(path, status=404).json


def test_error_string_names_the_first_fault() -> None:
    """Clients of the protocol show nothing but this string."""
    problem = Problem(422, "invalid-rows", "2 problems", faults=[Fault("/a", "is missing")])
    assert json.loads(problem.document("7", with_error=True))["error"] == (
        "2 problems; /a: is missing"
    )


def test_model_of_one_feature(tmp_path: Any) -> None:
    """Where one tensor is both layouts, either shape will do."""
    from sklearn.tree import DecisionTreeClassifier

    X, y = np.arange(20.0).reshape(-1, 1), np.arange(20) // 10
    model = irisws.pack(DecisionTreeClassifier().fit(X, y), X, y, tmp_path / "m.onnx", name="one")
    client = WebClient(irisws.create_app(model))
    for name, shape in (("x0", [2]), ("x0", [2, 1]), ("any", [2, 1])):
        tensor = {"name": name, "shape": shape, "datatype": "INT32", "data": [3, 15]}
        reply = client.post_json("/v2/models/one/infer", {"inputs": [tensor]})
        assert reply.json["outputs"][0]["data"] == ["0", "1"]


def test_answers_are_those_of_predict_and_of_scikit_learn(
    forest: Model, iris_data: tuple[Any, Any]
) -> None:
    """Over the whole data set, in binary and by columns, the labels and every probability agree."""
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    X, y = iris_data
    names = load_iris().target_names
    client = WebClient(irisws.create_app(forest, Settings()))
    columns = [
        {"name": f"x{at}", "shape": [150], "datatype": "FP64", "data": X[:, at].tolist()}
        for at in range(4)
    ]
    reply = client.post_json("/v2/models/forest/infer", {"inputs": columns}).json["outputs"]
    table = np.array(reply[1]["data"]).reshape(reply[1]["shape"])
    v1 = client.post_json("/v1/predict", {"instances": X.tolist()}).json["predictions"]
    assert reply[0]["data"] == [answer["label"] for answer in v1]
    assert table.tolist() == [list(answer["probabilities"].values()) for answer in v1]
    estimator = RandomForestClassifier(25, random_state=3).fit(X, names[y])
    assert reply[0]["data"] == estimator.predict(X).tolist()
    np.testing.assert_allclose(table, estimator.predict_proba(X), atol=1e-5)


def outcome(read: Callable[[bytes], Any], body: bytes) -> Any:
    """What reading comes to: the request without what was left out, or the kind of refusal."""
    try:
        request = read(body)
    except (NotJson, InvalidRows) as error:
        return type(error)
    tensors = [
        (t.name, t.shape, t.datatype, t.parameters or {}, t.elements) for t in request.inputs
    ]
    outputs = [(output.name, output.parameters or {}) for output in request.outputs or ()]
    return (
        tensors,
        outputs,
        request.id if isinstance(request.id, str) else None,
        request.parameters or {},
    )


NAMES = st.sampled_from(["input", "sl", "a:b", "\ud800", "\u00fc", ""])
SCALARS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**40), 10**40),
    st.booleans(),
    st.none(),
    NAMES,
)
PARAMETERS = st.dictionaries(NAMES, SCALARS, max_size=2) | SCALARS
TENSORS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "shape": st.lists(st.integers(-1, 2**64) | SCALARS, max_size=3),
        "datatype": NAMES,
    },
    optional={
        "parameters": PARAMETERS,
        "data": st.lists(SCALARS, max_size=3) | st.lists(st.lists(SCALARS, max_size=2), max_size=2),
        "other": SCALARS,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"inputs": st.lists(TENSORS, max_size=2)},
    optional={
        "id": SCALARS,
        "parameters": PARAMETERS,
        "outputs": st.lists(st.fixed_dictionaries({"name": NAMES}), max_size=2) | SCALARS,
        "model_name": SCALARS,
    },
)


@given(DOCUMENTS, st.booleans())
def test_quick_and_careful_reader_agree(document: Any, is_doubled: bool) -> None:
    """What the quick reader lets through the careful one reads as the same."""
    body = json.dumps(document).encode()
    if is_doubled:
        body = body[:-1] + b', "id": "7"}'
    quick = outcome(infer_request.read_infer_request, body)
    assert quick == outcome(infer_request._read_carefully, body)


@given(st.binary() | st.text().map(str.encode) | st.text('{}[]":,0123456789.eE-').map(str.encode))
def test_any_bytes_give_a_request_or_a_refusal(body: bytes) -> None:
    """No document raises anything but the two errors of the contract."""
    outcome(infer_request.read_infer_request, body)
