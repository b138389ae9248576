"""The same model file under Dask: partitioned Parquet in, partitioned Parquet out."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest

from irisws.model.model import Model

SCRIPT = Path(__file__).parents[2] / "examples" / "batch" / "predict_parquet.py"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture
def parts(iris_data: tuple[Any, Any], tmp_path: Path) -> Path:
    """The iris flowers with a column of their own, in three files."""
    frame = pandas.DataFrame(iris_data[0], columns=NAMES).assign(
        bed=[f"bed {n % 7}" for n in range(150)]
    )
    folder = tmp_path / "rows"
    folder.mkdir()
    for number, start in enumerate(range(0, 150, 50)):
        frame[start : start + 50].to_parquet(folder / f"part.{number}.parquet")
    return folder


def run(*words: Any) -> "subprocess.CompletedProcess[str]":
    """Run the script, with a worker for each core."""
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_every_part_is_answered_as_the_model_answers(
    parts: Path, iris: Model, tmp_path: Path
) -> None:
    """Two workers, three parts: rows and columns stay, and answers are the model's."""
    done = run(iris.path, parts, tmp_path / "answers")
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stdout
    assert len(list((tmp_path / "answers").glob("*.parquet"))) == 3
    found = pandas.read_parquet(tmp_path / "answers")
    given = pandas.read_parquet(parts)
    assert found[list(given)].to_dict("records") == given.to_dict("records")
    expected = iris.predict(given[NAMES])
    assert found["label"].tolist() == [one.label for one in expected]
    assert found["index"].tolist() == [one.index for one in expected]
    names = [target.name for target in iris.card.classes]
    assert found[[f"probability_{name}" for name in names]].to_numpy().tolist() == [
        list(one.probabilities.values()) for one in expected
    ]


def test_columns_that_are_missing_are_told_before_any_work(
    parts: Path, iris: Model, tmp_path: Path
) -> None:
    """Rows without the model's columns end the job at once."""
    pandas.DataFrame({"sl": [1.0]}).to_parquet(tmp_path / "other.parquet")
    done = run(iris.path, tmp_path / "other.parquet", tmp_path / "answers")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"other.parquet has no columns {', '.join(NAMES)}" in done.stderr
    assert not (tmp_path / "answers").exists()
