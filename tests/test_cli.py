"""The command line: answers on standard output, messages on standard error, and the status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from irisws import cli, pack
from irisws.model.model import DEFAULT_MODEL, Model

FLOWER = ["--sl", "3.0", "--sw", "2.0", "--pl", "1.0", "--pw", "1.0"]
Capture = pytest.CaptureFixture[str]


def irisws(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run the installed command."""
    command = [sys.executable, "-m", "irisws", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, **options)  # type: ignore[call-overload, no-any-return]


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: status, standard output, standard error."""
    try:
        status = cli.main(arguments)
    except SystemExit as error:
        status = int(error.code or 0)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_predict_prints_the_class(capsys: Capture) -> None:
    """The class alone is the data; the warning is a message."""
    assert run(capsys, "predict", *FLOWER) == (
        0,
        "versicolor\n",
        "warning: sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training\n",
    )


@pytest.mark.parametrize(
    "flags",
    [
        ["--sepal-length", "5.1", "--sepal-width", "3.5", "--petal-length", "1.4", "--pw", "0.2"],
        ["--sepal_length=5.1", "--sepal_width=3.5", "--petal_length=1.4", "--petal_width=.2"],
    ],
)
def test_predict_takes_full_names(capsys: Capture, flags: list[str]) -> None:
    """Full names work as flags too, with hyphens or underscores."""
    assert run(capsys, "predict", *flags) == (0, "setosa\n", "")


def test_predict_json(capsys: Capture) -> None:
    """The form for machines holds all that is known, on one line."""
    status, out, err = run(capsys, "predict", "--json", *FLOWER)
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert json.loads(out) == {
        "label": "versicolor",
        "index": 1,
        "probabilities": {"setosa": 0.0, "versicolor": 1.0, "virginica": 0.0},
        "warnings": [
            {
                "feature": "sepal_length",
                "value": 3.0,
                "minimum": 4.3,
                "maximum": 7.9,
                "detail": "sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training",
            }
        ],
    }


def test_predict_takes_its_flags_from_the_model(capsys: Capture, forest: Model) -> None:
    """Another model has other features, and so other flags."""
    values = ["--x0", "5.1", "--x1", "3.5", "--x2", "1.4", "--x3", "0.2"]
    assert run(capsys, "predict", "--model", str(forest.path), *values) == (0, "setosa\n", "")


def test_predict_takes_negative_values(capsys: Capture) -> None:
    """A negative number is a value, not a flag."""
    assert run(capsys, "predict", "--sl", "-1", "--sw=-2e0", "--pl", "1", "--pw", "1")[0] == 0
    flags = ["--sl", "-1e-5", "--sw=-2e0", "--pl", "-.5E+3", "--pw", "-0x1"]
    assert run(capsys, "predict", *flags) == (
        3,
        "",
        "irisws: petal_width: expected a finite number, got '-0x1'\n",
    )
    flags[-1] = "-1.e2"
    status, out, err = run(capsys, "predict", "--json", *flags)
    values = [warning["value"] for warning in json.loads(out)["warnings"]]
    assert (status, err, values) == (0, "", [-1e-5, -2.0, -500.0, -100.0])


def test_predict_names_every_bad_value(capsys: Capture) -> None:
    """Values that are no finite numbers are invalid data, and all of them are told."""
    status, out, err = run(
        capsys, "predict", "--sl", "five", "--sw", "nan", "--pl", "1_0", "--pw", "1"
    )
    assert (status, out) == (3, "")
    assert err == (
        "irisws: sepal_length: expected a finite number, got 'five'; "
        "sepal_width: expected a finite number, got 'nan'; "
        "petal_length: expected a finite number, got '1_0'\n"
    )


def test_predict_refuses_what_the_engine_cannot_hold(capsys: Capture) -> None:
    """A number beyond float32 would become infinite."""
    status, _, err = run(capsys, "predict", "--sl", "1e39", "--sw", "1", "--pl", "1", "--pw", "1")
    assert (status, "sepal_length: 1e+39 is not a finite number of at most 3.4e+38" in err) == (
        3,
        True,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["fly"], ["verify"], ["predict", "--sl", "1"], ["predict", *FLOWER, "--sx", "1"]),
        *(["predict", "-1e5", *FLOWER], ["predict", "--json", "-1", *FLOWER]),
        ["predict", "--sl=1", "-1e5", *FLOWER[2:]],
    ],
)
def test_wrong_usage(capsys: Capture, arguments: list[str]) -> None:
    """Wrong usage prints how it goes and has status 2."""
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.startswith("usage: irisws")) == (2, "", True)


@pytest.mark.parametrize("command", ["predict", "serve", "train", "verify", "inspect"])
def test_every_command_has_help(capsys: Capture, command: str) -> None:
    """--help of each command is data, with status 0."""
    status, out, err = run(capsys, command, "--help")
    assert (status, out.startswith(f"usage: irisws {command}"), err) == (0, True, "")


def test_predict_help_names_features_with_units_and_ranges(capsys: Capture) -> None:
    """The help is made from the model's card."""
    out = run(capsys, "predict", "--help")[1]
    assert "--pl CM, --petal-length CM, --petal_length CM" in out
    assert "petal_length; in training 1 to 6.9" in out


def test_version(capsys: Capture) -> None:
    """--version prints name and version."""
    assert run(capsys, "--version") == (0, "irisws 0.1.0\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "--model", "none.onnx", *FLOWER],
        ["verify", "none.onnx"],
        ["inspect", "none.onnx"],
    ],
)
def test_model_that_cannot_be_used(capsys: Capture, arguments: list[str]) -> None:
    """A model that cannot be used is one line and status 4, whatever the command."""
    assert run(capsys, *arguments) == (4, "", "irisws: no such file: none.onnx\n")


def test_verify_shows_the_proof(capsys: Capture) -> None:
    """What was replayed, what agreed, trained where and running where."""
    status, out, err = run(capsys, "verify", str(DEFAULT_MODEL))
    lines = dict(line.split(None, 1) for line in out.splitlines())
    assert (status, err) == (0, "")
    assert lines["probabilities"] == "differ by 0 at most, 1e-05 allowed"
    assert lines["verdict"] == "proved: it answers here as scikit-learn answered there"
    assert "golden rows    180 replayed, 180 labels agree\n" in out
    assert "scikit-learn" in out.split("trained on", 1)[1].splitlines()[0]


def test_verify_of_a_model_that_fails_its_proof(capsys: Capture, tmp_path: Path) -> None:
    """A file that changed since it was packed has status 4 and says so."""
    spoilt = tmp_path / "spoilt.onnx"
    whole = DEFAULT_MODEL.read_bytes()
    spoilt.write_bytes(whole.replace(b"\xcd\xcc\x4c\x3f", b"\x00\x00\x00\x00", 1))  # 0.8 to 0.0
    status, out, err = run(capsys, "verify", str(spoilt))
    assert (status, out) == (4, "")
    assert err == (
        f"irisws: {spoilt} was altered after it was packed: its graph has another SHA-256 than "
        "its card says\n"
    )


def test_inspect_prints_the_card(capsys: Capture) -> None:
    """The card is JSON for the next program, without the golden rows."""
    status, out, _ = run(capsys, "inspect", str(DEFAULT_MODEL))
    card = json.loads(out)
    assert (status, card["name"], card["golden_rows"], "golden" in card) == (0, "iris", 180, False)


def test_train_writes_a_proved_model(capsys: Capture, tmp_path: Path) -> None:
    """Training writes the file and tells how good it is and how it compared."""
    path = tmp_path / "iris.onnx"
    status, out, err = run(capsys, "train", "--out", str(path))
    assert (status, err) == (0, "")
    assert out.splitlines()[0].startswith(f"wrote {path}: iris 1.0 (")
    assert out.splitlines()[1:] == [
        "accuracy 0.940 ± 0.070 over 10 folds",
        "8,330 rows compared with scikit-learn: 0 labels differ",
    ]
    assert Model.load(path).proof.holds


def test_train_into_nowhere(capsys: Capture, tmp_path: Path) -> None:
    """A target that cannot be written is a failure in one line."""
    path = tmp_path / "no" / "iris.onnx"
    assert run(capsys, "train", "--out", str(path)) == (
        1,
        "",
        f"irisws: cannot write {path}: No such file or directory\n",
    )


def test_train_without_the_extra(tmp_path: Path) -> None:
    """Without scikit-learn the message says what to install."""
    (tmp_path / "sklearn.py").write_text("raise ModuleNotFoundError(name='sklearn')")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = irisws("train", "--out", str(tmp_path / "m.onnx"), env=environ)
    assert (result.returncode, result.stderr) == (
        1,
        'irisws: training needs sklearn: pip install "irisws[train]"\n',
    )


def pack_with(path: Path, names: list[str]) -> str:
    X, y = load_iris(return_X_y=True)
    estimator = DecisionTreeClassifier(random_state=1).fit(X, y)
    features: dict[str, Any] = {name: {} for name in names}
    pack(estimator, X, y, path, name="odd", features=features, report=None)
    return str(path)


def test_predict_with_names_that_are_flags_already(capsys: Capture, tmp_path: Path) -> None:
    """Features that are called like a flag, like each other, or oddly, have a flag of their own."""
    path = pack_with(tmp_path / "m.onnx", ["json", "a_b", "a-b", "100 % cm"])
    flags = ["--feature-0", "5.1", "--a_b", "3.5", "--feature-2", "1.4", "--feature-3", "0.2"]
    assert run(capsys, "predict", "--model", path, *flags) == (0, "0\n", "")
    status, out, _ = run(capsys, "predict", "--model", path, "--help")
    assert (status, "100 % cm; in training 0.1 to 2.5" in out) == (0, True)


@pytest.mark.parametrize("arguments", [["verify", ""], ["predict", "--model", "", *FLOWER]])
def test_empty_file_name_is_not_the_packaged_model(capsys: Capture, arguments: list[str]) -> None:
    """`verify "$UNSET"` must not prove another file than the one that was meant."""
    status, out, err = run(capsys, *arguments)
    assert (status, out, err) == (4, "", "irisws: no model file is named: the path is empty\n")


@pytest.mark.parametrize(
    ("redirections", "status", "errors"),
    [
        (">&-", 0, "warning: sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training\n"),
        ("2>&-", 0, ""),
        (">/dev/full", 1, "irisws: cannot write the output: No space left on device\n"),
    ],
)
def test_streams_that_are_closed_or_full(redirections: str, status: int, errors: str) -> None:
    """Nothing to write to is no traceback, and a full disk is a failure in one line."""
    command = f"{sys.executable} -m irisws predict {' '.join(FLOWER)} {redirections}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr[-len(errors) :]) == (status, errors)
    assert "Traceback" not in result.stderr


def test_reader_that_goes_away_is_no_error() -> None:
    """`irisws inspect FILE | head -1` ends quietly."""
    command = f"{sys.executable} -m irisws inspect {DEFAULT_MODEL} | head -1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr) == ("{\n", "")


def test_interrupt_has_status_130() -> None:
    """Ctrl-C during a command ends it without a traceback."""
    code = (
        "import os, signal, irisws.cli as cli\n"
        "cli._parse = lambda arguments: os.kill(os.getpid(), signal.SIGINT)\n"
        "cli.run()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stderr) == (130, "")


def test_letters_that_the_terminal_lacks_are_no_error(tmp_path: Path) -> None:
    """A terminal that only knows ASCII gets an escape, not a crash."""
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = irisws("train", "--out", str(tmp_path / "m.onnx"), env=environ)
    assert (result.returncode, "0.940 \\xb1 0.070" in result.stdout) == (0, True)
