"""Files of rows, and training from one, under Windows CPython."""

import os
from pathlib import Path

import pytest
from palmerpenguins import load_penguins

from irisws.bulk.run import Job, predict_file
from irisws.model.model import Model
from tests.windows.conftest import Run, windows_path

HEADER, ROWS = b"sl;sw;pl;pw\r\n", b"5,1;3,5;1,4;0,2\r\n6,0;2,9;4,5;1,5\r\n"


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """As a German Excel writes it: semicolons, decimal commas, CRLF."""
    path = tmp_path / "Blüten ✿.csv"
    path.write_bytes(HEADER + ROWS * 500)
    return path


def answered_here(source: Path, output: Path, model: Model) -> bytes:
    """What this system writes."""
    job = Job(input=str(source), output=str(output), input_format="csv", output_format="csv")
    predict_file(model, job)
    return output.read_bytes()


def test_file_in_file_out(irisws: Run, flowers: Path, tmp_path: Path) -> None:
    """The same bytes as on this system, line ends and all."""
    output = tmp_path / "answers.csv"
    result = irisws(
        *("predict", "--input", windows_path(flowers), "--output", windows_path(output))
    )
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith(f"irisws: wrote {windows_path(output)}: 1,000 rows in ")
    assert output.read_bytes() == answered_here(flowers, tmp_path / "here.csv", Model.load())


def test_standard_output_is_bytes(irisws: Run, flowers: Path, tmp_path: Path) -> None:
    """Windows would make two line ends of each, were it text."""
    result = irisws("predict", "--input", windows_path(flowers), "--output", "-")
    here = answered_here(flowers, tmp_path / "here.csv", Model.load())
    assert result.stdout.encode() == here.replace(b"\r\n", b"\n")  # as subprocess reads it


IN_USE = """
import sys
from irisws import cli

with open(sys.argv[2], "rb"):
    sys.exit(cli.main(["predict", "--input", sys.argv[1], "--output", sys.argv[2]]))
"""


def test_output_that_a_program_has_open(run: Run, flowers: Path, tmp_path: Path) -> None:
    """Excel, say: the old file stays as it was, and nothing else stays."""
    output = tmp_path / "answers.csv"
    output.write_bytes(b"old")
    result = run("-c", IN_USE, windows_path(flowers), windows_path(output))
    assert result.returncode == 1
    assert result.stderr == f"irisws: cannot write {windows_path(output)}: Access denied\n"
    assert (output.read_bytes(), set(tmp_path.iterdir())) == (b"old", {flowers, output})


def test_model_by_url_needs_an_extra(irisws: Run) -> None:
    """The process that fetches is started on Windows, too, and says what it lacks."""
    result = irisws("verify", "gs://bucket/iris.onnx")
    assert (result.returncode, result.stderr) == (
        4,
        'irisws: gs://bucket/iris.onnx needs the extra gcs: pip install "irisws[gcs]"\n',
    )


def test_trained_from_a_table(irisws: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words, numbers and missing values; the model proves itself here and answers the file."""
    source, path = tmp_path / "penguins.csv", tmp_path / "penguins.onnx"
    source.write_bytes(load_penguins().to_csv(index=False, na_rep="NA").encode())
    training = windows_path(Path(os.environ["WINDOWS_TRAINING"]))
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", training)
        result = irisws(
            *("train", windows_path(source), "--target", "species", "--estimator", "tree"),
            *("--out", windows_path(path)),
        )
    assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr
    model = Model.load(path)
    assert model.card.provenance.platform == "Windows AMD64"
    output = tmp_path / "answers.csv"
    flags = ("--model", windows_path(path), "--input", windows_path(source))
    assert irisws("predict", *flags, "--output", windows_path(output)).returncode == 0
    assert output.read_bytes() == answered_here(source, tmp_path / "here.csv", model)
