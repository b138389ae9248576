"""Real data that packages ship, as the files that a person would have."""

import sys
from pathlib import Path
from typing import Any

import palmerpenguins
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

# One thread and one wait policy for every training: the tests share the machine.
ENVIRON = {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
PYTHON = [sys.executable, "-m", "irisws"]


@pytest.fixture(scope="session")
def penguins() -> Any:
    """344 penguins of three species: strings and numbers, of both some missing."""
    return palmerpenguins.load_penguins()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, penguins: Any) -> Path:
    """A folder with penguins.csv, wine.csv, cancer.csv and digits.csv."""
    folder = tmp_path_factory.mktemp("data")
    penguins.to_csv(folder / "penguins.csv", index=False)
    for name, load in (
        ("wine", load_wine),
        ("cancer", load_breast_cancer),
        ("digits", load_digits),
    ):
        bunch = load(as_frame=True)
        frame = bunch.frame
        if name != "digits":
            frame["target"] = [str(bunch.target_names[index]) for index in bunch.target]
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder
