"""The Open Inference Protocol as NVIDIA's own client speaks it, against a real server process."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from tritonclient.utils import InferenceServerException

from irisws.model.model import Model
from tests.server.conftest import ServerProcess

MANY = 1_000_000
FLOWERS = np.array([[2.0, 1.0, 2.0, 3.0], [5.1, 3.5, 1.4, 0.2]])
LABELS = [b"versicolor", b"setosa"]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    limits = {"IRISWS_MAX_ROWS": str(MANY), "IRISWS_MAX_BODY_BYTES": str(64 << 20)}
    command = [sys.executable, "-m", "irisws", "serve", "--port", "0"]
    process = ServerProcess(command, env={**os.environ, **limits})
    yield process
    process.end()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Any]:
    with triton.InferenceServerClient(f"{server.host}:{server.port}", network_timeout=60) as client:
        yield client


def tensor(name: str, values: Any, datatype: str = "FP64", binary: bool = True) -> Any:
    """An input of the client."""
    described = triton.InferInput(name, list(values.shape), datatype)
    described.set_data_from_numpy(
        values.astype({"FP32": np.float32, "FP64": np.float64}[datatype]), binary_data=binary
    )
    return described


def outputs(binary: bool) -> list[Any]:
    """What the client asks for; left to itself it asks for all in binary."""
    names = ("label", "probabilities")
    return [triton.InferRequestedOutput(name, binary_data=binary) for name in names]


def columns(binary: bool) -> list[Any]:
    """One tensor a feature, in another order than the model's."""
    named = zip(("sl", "sepal_width", "pl", "petal_width"), FLOWERS.T, strict=True)
    return [tensor(name, values, binary=binary) for name, values in named][::-1]


def test_readiness(client: Any) -> None:
    """Live, ready, and the model ready, with its version and without."""
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("iris")
    assert client.is_model_ready("iris", "1.0")
    assert not client.is_model_ready("rose")


def test_metadata(client: Any) -> None:
    """What the client reads of server and model."""
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    model = client.get_model_metadata("iris", "1.0")
    assert (model["name"], model["platform"]) == ("iris", "onnx_onnxv1")
    assert model["inputs"] == [{"name": "input", "datatype": "FP64", "shape": [-1, 4]}]


@pytest.mark.parametrize("sent_in_binary", [True, False])
@pytest.mark.parametrize("wanted", [None, outputs(True), outputs(False)])
@pytest.mark.parametrize("is_table", [True, False])
def test_infer(client: Any, sent_in_binary: bool, wanted: Any, is_table: bool) -> None:
    """Both layouts, in JSON and in binary, each way."""
    table = [tensor("input", FLOWERS, binary=sent_in_binary)]
    inputs = table if is_table else columns(sent_in_binary)
    result = client.infer("iris", inputs, outputs=wanted, request_id="42")
    assert result.as_numpy("label").astype("S").tolist() == LABELS  # in JSON they are str
    assert result.as_numpy("probabilities").tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert result.get_response()["id"] == "42"


def test_version_and_parameters(client: Any) -> None:
    """The versioned path answers; parameters that mean nothing here are ignored."""
    flowers = [tensor("input", FLOWERS, "FP32")]
    result = client.infer("iris", flowers, model_version="1.0", parameters={"shop": 7}, priority=3)
    assert result.as_numpy("label").tolist() == LABELS


@pytest.mark.parametrize(
    ("model", "values", "options", "status", "message"),
    [
        (
            "rose",
            FLOWERS,
            {},
            "404",
            "there is nothing at this path, did you mean /v2/models/iris/infer?",
        ),
        (
            "iris",
            FLOWERS[:, :3],
            {},
            "422",
            "the body does not fit the model: 1 problem; /inputs/0/shape: expected [n, 4], "
            "got [2, 3]",
        ),
        (
            "iris",
            FLOWERS * np.nan,
            {},
            "422",
            "the body does not fit the model: 8 problems; /inputs/0: element 0: expected a finite "
            "number of at most 3.4e+38 in size",
        ),
        (
            "iris",
            FLOWERS,
            {"outputs": [triton.InferRequestedOutput("labels")]},
            "422",
            "the body does not fit the model: 1 problem; /outputs/0/name: is not an output of "
            "this model, did you mean label?",
        ),
        (
            "iris",
            FLOWERS,
            {"outputs": [triton.InferRequestedOutput("label", class_count=2)]},
            "422",
            "the body does not fit the model: 1 problem; /outputs/0/parameters/classification: "
            "is an extension that this server has not",
        ),
        (
            "iris",
            FLOWERS,
            {"request_compression_algorithm": "gzip"},
            "415",
            "Content-Encoding is not supported: send the body as it is",
        ),
    ],
)
def test_errors(
    client: Any, model: str, values: Any, options: Any, status: str, message: str
) -> None:
    """The client shows the `error` string: it says what was wrong and where."""
    with pytest.raises(InferenceServerException) as error:
        client.infer(model, [tensor("input", values)], **options)
    assert (error.value.status(), error.value.message()) == (status, message)


def test_million_rows_in_binary(client: Any) -> None:
    """16 MB of FP32 in one request: the labels are scikit-learn's, row by row."""
    X, y = load_iris(return_X_y=True)
    rows = np.random.default_rng(0).uniform(0, 9, (MANY, 4)).astype(np.float32)
    result = client.infer("iris", [tensor("input", rows, "FP32")])
    names = load_iris().target_names.astype("S")
    estimator = DecisionTreeClassifier(random_state=1).fit(X, y)
    assert (result.as_numpy("label") == names[estimator.predict(rows)]).all()
    assert (result.as_numpy("probabilities") == estimator.predict_proba(rows)).all()


def test_one_row_too_many(client: Any) -> None:
    """The limit on rows holds in binary, too."""
    with pytest.raises(InferenceServerException, match="expected 1 to 1,000,000 rows, got 1000001"):
        client.infer("iris", [tensor("input", np.zeros((MANY + 1, 4)), "FP32")])


PENGUINS: dict[str, tuple[str, list[Any]]] = {
    "heavy": ("BOOL", [False, True]),
    "island": ("BYTES", ["Torgersen", "Föhr: 花"]),
    "year": ("INT64", [2007, 2009]),
    "bl": ("FP64", [39.1, np.nan]),
    "bill_depth_mm": ("FP32", [18.7, 15.0]),
    "flipper_length_mm": ("INT16", [181, 220]),
    "body_mass_g": ("FP64", [3750.0, 5100.0]),
    "s": ("BYTES", ["male", "female"]),
}
DTYPES = {"BOOL": bool, "BYTES": object, "INT64": np.int64, "INT16": np.int16, "FP32": np.float32}


@pytest.fixture(scope="module")
def penguin_server(mixed: Model) -> Iterator[ServerProcess]:
    command = [sys.executable, "-m", "irisws", "serve", "--port", "0", "--model", str(mixed.path)]
    process = ServerProcess(command)
    yield process
    process.end()


@pytest.mark.parametrize("in_binary", [True, False])
def test_mixed_columns(
    penguin_server: ServerProcess, mixed: Model, mixed_pipeline: Any, in_binary: bool
) -> None:
    """Booleans, strings, integers and numbers, each in its own tensor, in binary and in JSON."""
    inputs = []
    for name, (datatype, values) in PENGUINS.items():
        described = triton.InferInput(name, [2], datatype)
        # JSON has no NaN, and the client no null: there the value is given.
        given = values if in_binary else [40.0 if v != v else v for v in values]
        array = np.array(given, dtype=DTYPES.get(datatype, np.float64))
        described.set_data_from_numpy(array, binary_data=in_binary)
        inputs.append(described)
    address = f"{penguin_server.host}:{penguin_server.port}"
    with triton.InferenceServerClient(address, network_timeout=60) as client:
        metadata = {t["name"]: t["datatype"] for t in client.get_model_metadata("mixed")["inputs"]}
        result = client.infer("mixed", inputs)
    assert (metadata["heavy"], metadata["island"], metadata["year"]) == ("BOOL", "BYTES", "INT64")
    second = np.nan if in_binary else 40.0
    rows = pd.DataFrame(
        {
            "island": ["Torgersen", "Föhr: 花"],
            "bill_length_mm": [39.1, second],
            "bill_depth_mm": [18.7, 15.0],
            "flipper_length_mm": [181.0, 220.0],
            "body_mass_g": [3750.0, 5100.0],
            "sex": ["male", "female"],
            "year": [2007, 2009],
            "heavy": [False, True],
        }
    )
    assert result.as_numpy("label").astype("U").tolist() == mixed_pipeline.predict(rows).tolist()
    expected = mixed_pipeline.predict_proba(rows)
    np.testing.assert_allclose(result.as_numpy("probabilities"), expected, atol=1e-5)
