"""Paths, encodings and files in use under Windows CPython."""

import json
import os
import shutil
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from irisws import pack
from irisws.model.model import DEFAULT_MODEL, Model
from tests.windows.conftest import Run, Start, windows_path

VALUES = ["--x0", "5.1", "--x1", "3.5", "--x2", "1.4", "--x3", "0.2"]
VERDICT = "proved: it answers here as scikit-learn answered there"


@pytest.fixture
def odd_file(tmp_path: Path) -> Path:
    """A model in a folder with spaces and letters beyond ASCII, one of them beyond cp1252."""
    path = tmp_path / "Blüten und Gräser ✿" / "modell ü.onnx"
    path.parent.mkdir()
    shutil.copy(DEFAULT_MODEL, path)
    return path


def test_path_with_drive_spaces_and_other_letters(irisws: Run, odd_file: Path) -> None:
    """An absolute path with backslashes, spaces and any letters is just a path."""
    assert VERDICT in irisws("verify", windows_path(odd_file)).stdout


def test_path_relative_to_such_a_folder(irisws: Run, odd_file: Path) -> None:
    """So is a bare name in a working directory of such a name."""
    assert VERDICT in irisws("verify", odd_file.name, cwd=odd_file.parent).stdout


def test_path_in_a_message_that_the_code_page_lacks(irisws: Run, odd_file: Path) -> None:
    """Where the console cannot show a letter of the path, its code is shown."""
    result = irisws("verify", windows_path(odd_file.with_name("none.onnx")))
    assert result.returncode == 4
    assert "Blüten und Gräser \\u273f" in result.stderr


def test_path_in_the_environment(
    start: Start, odd_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """waitress-serve serves the file of such a name that IRISWS_MODEL names."""
    monkeypatch.setenv("IRISWS_MODEL", windows_path(odd_file))
    server = start("-m", "waitress", "--listen=127.0.0.1:0", "irisws.wsgi:app")
    assert server.get("/health/ready")[0] == 200


@pytest.fixture
def flowery(tmp_path: Path) -> Path:
    """A model whose labels have a letter of cp1252 and one that it lacks."""
    X, y = load_iris(return_X_y=True)
    labels = [f"hübsch ✿ {each}" for each in y]
    path = tmp_path / "flowery.onnx"
    pack(DecisionTreeClassifier(random_state=1).fit(X, labels), X, labels, path, name="flowery")
    return path


@pytest.mark.parametrize("code_page", ["cp1252", "cp437"])
def test_label_that_the_code_page_lacks(
    irisws: Run, flowery: Path, monkeypatch: pytest.MonkeyPatch, code_page: str
) -> None:
    """A label beyond the console's code page is shown as far as it can be."""
    monkeypatch.setenv("PYTHONIOENCODING", code_page)
    result = irisws("predict", "--model", windows_path(flowery), *VALUES, encoding=code_page)
    assert (result.returncode, result.stdout) == (0, "hübsch \\u273f 0\n")


def test_json_is_utf_8_whatever_the_code_page(irisws: Run, flowery: Path) -> None:
    """What the next program reads is JSON, and JSON is UTF-8."""
    flags = ["--model", windows_path(flowery), "--json", *VALUES]
    result = irisws("predict", *flags, encoding="utf-8")
    assert json.loads(result.stdout)["label"] == "hübsch ✿ 0"


TRAIN_TWICE = """
import sys
from irisws import cli

with open(sys.argv[1], "rb"):
    print(cli.main(["train", "--out", sys.argv[1]]))
sys.exit(cli.main(["train", "--out", sys.argv[1]]))
"""


def test_model_is_packed_on_windows_once_nobody_has_the_file_open(
    start: Start, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused while a program has the old file open; a server that serves it has not.

    What was packed under Windows proves itself here, with the answers of the packaged model.
    """
    path = tmp_path / "iris.onnx"
    shutil.copy(DEFAULT_MODEL, path)
    server = start("-m", "irisws", "serve", "--port", "0", "--model", windows_path(path))
    monkeypatch.setenv("PYTHONPATH", windows_path(Path(os.environ["WINDOWS_TRAINING"])))
    result = run("-c", TRAIN_TWICE, windows_path(path))
    assert result.stderr == f"irisws: cannot write {windows_path(path)}: Access denied\n"
    assert result.stdout.startswith(f"1\nwrote {windows_path(path)}: iris 1.0 (")
    assert list(tmp_path.iterdir()) == [path]
    assert server.get("/health/ready")[0] == 200
    model = Model.load(path)
    assert model.card.provenance.platform == "Windows AMD64"
    assert model.card.golden == Model.load().card.golden
