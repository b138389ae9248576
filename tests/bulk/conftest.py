"""Models to answer files with, and the command that does it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from palmerpenguins import load_penguins
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

import irisws
from irisws import cli
from irisws.model.model import Model

Run = Callable[..., tuple[int, str]]

FLOWERS = """\
sepal_length,sepal_width,petal_length,petal_width
5.1,3.5,1.4,0.2
6.0,2.9,4.5,1.5
6.3,3.3,6.0,2.5
"""
ADDED = "label,index,probability_setosa,probability_versicolor,probability_virginica"
ANSWERS = ["setosa,0,1.0,0.0,0.0", "versicolor,1,0.0,1.0,0.0", "virginica,2,0.0,0.0,1.0"]


@pytest.fixture(scope="package")
def penguins() -> Any:
    """Strings, numbers and a boolean, some of them missing."""
    data = load_penguins().drop(columns="species")
    data["ringed"] = data["year"] > 2007
    return data


@pytest.fixture(scope="package")
def penguin_model(penguins: Any, tmp_path_factory: pytest.TempPathFactory) -> Model:
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    estimator = make_pipeline(
        make_column_transformer(
            (categories, ["island", "sex"]), (SimpleImputer(), [*numbers, "year", "ringed"])
        ),
        RandomForestClassifier(5, random_state=0),
    )
    species = load_penguins()["species"]
    path = tmp_path_factory.mktemp("m") / "penguins.onnx"
    fitted = estimator.fit(penguins, species)
    return irisws.pack(fitted, penguins, species, path, name="penguins", report=None)


@pytest.fixture(scope="package")
def without_probabilities(
    iris_data: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> Model:
    X, y = iris_data
    """A support vector machine, served with scikit-learn itself."""
    path = tmp_path_factory.mktemp("m") / "svc.skops"
    estimator = LinearSVC().fit(X, y)
    return irisws.pack(estimator, X, y, path, name="svc", report=None, engine="skops")


@pytest.fixture
def predict(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `irisws predict` on a file in this process: the status and standard error.

    The output is `out.csv` if it is not named.
    """

    def run(source: Path | str, output: Path | str | None = None, *flags: str) -> tuple[int, str]:
        target = tmp_path / "out.csv" if output is None else output
        words: Sequence[str] = ("predict", "--input", str(source), "--output", str(target), *flags)
        try:
            status = cli.main(words)
        except SystemExit as error:
            status = int(error.code or 0)
        return status, capsys.readouterr().err

    return run


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.csv"
    path.write_text(FLOWERS, encoding="utf-8")
    return path
