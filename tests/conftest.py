"""What many tests need: the packaged model, packed models of other kinds, and the application."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from webtest import TestApp as WebClient  # pytest would take Test… for a test class

import irisws
from irisws.model.model import Model
from irisws.settings import Settings

# What a shell has started in the background ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Caller = Callable[..., Any]


@pytest.fixture(scope="session")
def iris() -> Model:
    return irisws.load()


@pytest.fixture(scope="session")
def iris_data() -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    return X, y


@pytest.fixture(scope="session")
def forest(iris_data: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A forest on iris with string labels."""
    X, y = iris_data
    names = load_iris().target_names[y]
    estimator = RandomForestClassifier(25, random_state=3).fit(X, names)
    return irisws.pack(
        estimator, X, names, tmp_path_factory.mktemp("m") / "f.onnx", name="forest", report=None
    )


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A binary logistic regression on 30 columns: no trees, two classes."""
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    path: Path = tmp_path_factory.mktemp("m") / "linear.onnx"
    return irisws.pack(
        LogisticRegression(max_iter=1000).fit(X, y), X, y, path, name="tumour", report=None
    )


@pytest.fixture(scope="session")
def penguins() -> tuple[Any, Any]:
    """Penguins and their species: strings, numbers, whole numbers, a boolean; some are missing."""
    X = load_penguins()
    y = X.pop("species")
    X["heavy"] = X["body_mass_g"] > 4200
    return X, y


@pytest.fixture(scope="session")
def mixed_pipeline(penguins: tuple[Any, Any]) -> Any:
    """What `mixed` is packed of."""
    return mixed_columns(OneHotEncoder(handle_unknown="ignore")).fit(*penguins)


@pytest.fixture(scope="session")
def mixed(
    mixed_pipeline: Any, penguins: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> Model:
    """A pipeline on the penguins that takes any string."""
    path = tmp_path_factory.mktemp("m") / "mixed.onnx"
    info: Any = {
        "bill_length_mm": {"alias": "bl", "unit": "mm"},
        "sex": {"alias": "s", "description": "the sex"},
    }
    return irisws.pack(mixed_pipeline, *penguins, path, name="mixed", features=info, report=None)


@pytest.fixture(scope="session")
def closed_pipeline(penguins: tuple[Any, Any]) -> Any:
    """What `closed` is packed of: an encoder that takes the strings of training only."""
    return mixed_columns(OneHotEncoder()).fit(*penguins)


@pytest.fixture(scope="session")
def closed(
    closed_pipeline: Any, penguins: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> Model:
    """The same columns as `mixed`, without strings that training had not."""
    path = tmp_path_factory.mktemp("m") / "closed.onnx"
    return irisws.pack(closed_pipeline, *penguins, path, name="closed", report=None)


def mixed_columns(encoder: Any) -> Any:
    """An unfitted pipeline for the penguins."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    measures = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
    columns = ColumnTransformer(
        [
            ("text", encoder, ["island", "sex"]),
            ("numbers", numbers, measures),
            ("booleans", "passthrough", ["heavy"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1000))


@pytest.fixture
def app(iris: Model) -> WebClient:
    """The application around the packaged model, checked by webtest.lint on every call."""
    return WebClient(irisws.create_app(iris, Settings(max_rows=1000, max_body_bytes=100_000)))


@pytest.fixture
def post(app: WebClient) -> Caller:
    """Post raw bytes as JSON, whatever comes of it."""

    def post_bytes(path: str, body: bytes, **options: Any) -> Any:
        options.setdefault("content_type", "application/json")
        return app.post(path, body, expect_errors=True, **options)

    return post_bytes
