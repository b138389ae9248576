"""The commands under Windows CPython: answers, messages and exit statuses."""

import json
import platform
from pathlib import Path

import pytest

from irisws.model.model import DEFAULT_MODEL, Model
from tests.windows.conftest import Run, windows_path

FLOWER = ["--sl", "3.0", "--sw", "2.0", "--pl", "1.0", "--pw", "1.0"]


def test_it_is_windows(run: Run) -> None:
    """What is tested is CPython for Windows, with the platform's own names and separators."""
    result = run("-c", "import os, sys; print(sys.platform, os.name, os.sep, sys.version)")
    assert result.stdout.startswith("win32 nt \\ 3.11.")
    assert "MSC v." in result.stdout


def test_predict(irisws: Run) -> None:
    """The class is the data, the warning a message."""
    result = irisws("predict", *FLOWER)
    assert (result.returncode, result.stdout, result.stderr) == (
        0,
        "versicolor\n",
        "warning: sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training\n",
    )


def test_predict_json(irisws: Run) -> None:
    """The form for machines is the same, to the last digit, as on this system."""
    result = irisws("predict", "--json", *FLOWER)
    assert json.loads(result.stdout)["probabilities"] == {
        "setosa": 0.0,
        "versicolor": 1.0,
        "virginica": 0.0,
    }


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["predict", "--sl", "five", *FLOWER[2:]], 3, "sepal_length: expected a finite number"),
        (["predict", "--sl", "1"], 2, "usage: irisws predict"),
        (["verify", r"C:\none.onnx"], 4, r"no such file: C:\none.onnx"),
        (["verify", r"C:\windows"], 4, r"cannot read C:\windows: it is a directory"),
        (["verify", "NUL"], 4, "NUL is empty"),
        (["verify", r"C:\what?.onnx"], 4, r"cannot read C:\what?.onnx: invalid argument"),
        (["train", "--out", r"C:\none\m.onnx"], 1, "training needs "),
        (["serve", "--host", "no address"], 1, "cannot listen on no address:8080: "),
    ],
)
def test_what_fails_has_a_status_and_no_traceback(
    irisws: Run, arguments: list[str], status: int, message: str
) -> None:
    """Bad values, wrong usage, files that are none: the exit status and a line that says why."""
    result = irisws(*arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.removeprefix("irisws: ").startswith(message)
    assert "Traceback" not in result.stderr


def test_proof_crosses_operating_systems(irisws: Run, forest: Model) -> None:
    """A forest that was packed on this system a moment ago proves itself on Windows."""
    result = irisws("verify", windows_path(forest.path))
    lines = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert (result.returncode, result.stderr) == (0, "")
    assert lines["verdict"] == "proved: it answers here as scikit-learn answered there"
    assert f"trained on     {platform.system()} " in result.stdout
    assert "running on     Windows AMD64" in result.stdout


def test_packaged_model_is_the_same_file(irisws: Run) -> None:
    """The wheel's model arrived on Windows byte for byte, and proves itself."""
    result = irisws("verify", windows_path(DEFAULT_MODEL))
    assert "180 replayed, 180 labels agree" in result.stdout
    served = json.loads(irisws("inspect", windows_path(DEFAULT_MODEL)).stdout)
    assert served["sha256"] == Model.load().digest


@pytest.mark.parametrize(
    ("kept", "said"), [(slice(None, -900), "is cut off"), (slice(500, None), "is not an ONNX file")]
)
def test_damaged_file_is_refused(irisws: Run, tmp_path: Path, kept: slice, said: str) -> None:
    """A file that lost its end or its beginning has status 4."""
    path = tmp_path / "damaged.onnx"
    path.write_bytes(DEFAULT_MODEL.read_bytes()[kept])
    result = irisws("verify", windows_path(path))
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.startswith(f"irisws: {windows_path(path)} {said}")


def test_altered_file_is_refused(irisws: Run, tmp_path: Path) -> None:
    """One threshold changed after packing has status 4."""
    path = tmp_path / "altered.onnx"
    path.write_bytes(DEFAULT_MODEL.read_bytes().replace(b"\xcd\xcc\x4c\x3f", bytes(4), 1))
    result = irisws("verify", windows_path(path))
    assert (result.returncode, "was altered after it was packed" in result.stderr) == (4, True)


def test_reading_takes_the_memory_of_the_file_only(run: Run) -> None:
    """Windows counts what is asked for as used: a small model must not ask for a gigabyte."""
    code = (
        "import tracemalloc; from irisws.model import model; tracemalloc.start(); "
        "model.read_model_file(); print(tracemalloc.get_traced_memory()[1])"
    )
    assert int(run("-c", code).stdout) < 1_000_000
