"""A file is read for prediction as it was read for training, by irisws and by pandas."""

import csv
import io
from pathlib import Path
from typing import Any

import pandas
import pytest
from palmerpenguins import load_penguins
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from webtest import TestApp as WebClient

import irisws
from irisws import cli
from irisws.training.table import read_table
from tests.bulk.conftest import Run

HEADER = "age, workclass, hours, income\n"
ADULTS = """\
39, State-gov, 40, <=50K
50, Self-emp, 13, >50K
38, Private, NA, <=50K
53, Private, 60, >50K
28, Private or so, 45, <=50K
37, NA, 50, >50K
"""


def labels_of(output: Path) -> list[str]:
    with output.open(encoding="utf-8", newline="") as file:
        delimiter = ";" if ";" in file.readline() else ","
        file.seek(0)
        return [row["label"] for row in csv.DictReader(file, delimiter=delimiter)]


def penguins(**options: Any) -> str:
    return str(load_penguins().to_csv(index=False, **options))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param(penguins(na_rep="NA"), "species", id="NA"),
        pytest.param(penguins(sep=";", decimal=","), "species", id="decimal comma"),
        pytest.param(penguins().replace(",", " , "), "species", id="blanks"),
        pytest.param(HEADER + ADULTS * 8, "income", id="adults"),
        pytest.param(
            "num, name, bought\n"
            + "".join(
                f"{at % 7}, n{at % 1300}, {'yes' if at % 2 else 'no'}\n" for at in range(2600)
            ),
            "bought",
            id="texts",
        ),
    ],
)
def test_trained_from_a_file(text: str, target: str, predict: Run, tmp_path: Path) -> None:
    """What `irisws train` has read, `irisws predict` reads so, too."""
    source, model = tmp_path / "data.csv", tmp_path / "model.onnx"
    source.write_text(text, encoding="utf-8")
    flags = ("--target", target, "--estimator", "tree", "--out", str(model))
    assert cli.main(("train", str(source), *flags)) == 0
    status, message = predict(source, None, "--model", str(model))
    assert status == 0, message
    expected = irisws.load(model).predict(read_table(str(source)).frame.drop(columns=target))
    assert labels_of(tmp_path / "out.csv") == [one.label for one in expected]


def test_packed_from_what_pandas_read(predict: Run, tmp_path: Path) -> None:
    """pandas keeps the blank after a comma, in names and categories; ` NA` is no missing value."""
    source, path = tmp_path / "adults.csv", tmp_path / "adults.onnx"
    text = HEADER + ADULTS.replace("Private, NA", "Private, 38")
    source.write_text(text, encoding="utf-8")
    frame = pandas.read_csv(io.StringIO(text))
    X, y = frame.drop(columns=" income"), frame[" income"]
    estimator = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), [" workclass"]), remainder=SimpleImputer()
        ),
        DecisionTreeClassifier(random_state=0),
    ).fit(X, y)
    model = irisws.pack(estimator, X, y, path, name="adults", report=None)
    expected = list(estimator.predict(X))
    assert len(set(expected)) == 2
    assert predict(source, None, "--model", str(path))[0] == 0
    assert labels_of(tmp_path / "out.csv") == expected
    body = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
    reply = WebClient(irisws.create_app(model)).post("/invocations", body, content_type="text/csv")
    assert reply.json["predictions"] == expected
