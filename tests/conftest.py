"""What many tests need: the packaged model, packed models of other kinds, and the application."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
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
    return irisws.pack(estimator, X, names, tmp_path_factory.mktemp("m") / "f.onnx", name="forest")


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A binary logistic regression on 30 columns: no trees, two classes."""
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    path: Path = tmp_path_factory.mktemp("m") / "linear.onnx"
    return irisws.pack(LogisticRegression(max_iter=1000).fit(X, y), X, y, path, name="tumour")


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
