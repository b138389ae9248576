"""The command `irisws train`: its flags, its progress, and what it prints."""

import argparse
import contextlib
import importlib
import os
import sys
from typing import Any, TextIO

from irisws.training.estimators import DEFAULT, ESTIMATORS
from irisws.training.problems import CannotTrain, WrongOptions


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags, whose defaults are None: without DATA none but `--out` may be given."""
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        help="a CSV or Parquet file, - for standard input; without it the packaged iris model is "
        "trained again",
    )
    parser.add_argument("--target", metavar="COLUMN", help="the column of the labels; required")
    parser.add_argument(
        "--estimator",
        metavar="NAME",
        help=f"one of {', '.join(ESTIMATORS)}, or module:factory, a function of your own that "
        "returns a scikit-learn classifier or pipeline: the module is imported, from the current "
        f"folder too, and its code runs with your rights (default: {DEFAULT})",
    )
    parser.add_argument(
        "--exclude",
        metavar="COLUMN",
        action="append",
        help="a column that is no feature, such as an identifier; may be repeated",
    )
    parser.add_argument(
        "--test-size",
        metavar="SHARE",
        type=float,
        help="the share of the rows that is held out to measure (default: 0.2)",
    )
    parser.add_argument(
        "--folds", metavar="N", type=int, help="folds of the cross-validation (default: 5)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help="of everything that is random (default: 0)"
    )
    parser.add_argument("--name", metavar="NAME", help="the model's name (default: DATA's name)")
    parser.add_argument(
        "--model-version", metavar="VERSION", help="the model's version (default: 1.0)"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="the file to write (default: the model's name and .onnx, iris.onnx without DATA)",
    )


def run(options: argparse.Namespace) -> str:
    """Train as the options say.

    Returns:
        The text to print.

    Raises:
        WrongOptions: The options ask for what there is not, or for what makes no sense.
        InvalidData: The data cannot train a classifier.
        CannotTrain: A file cannot be read or written, something is not installed, or the estimator
            cannot be fitted or packed.
    """
    given = {k: v for k, v in vars(options).items() if v is not None and k != "command"}
    if "data" not in given and (strange := given.keys() - {"out"}):
        flags = ", ".join(sorted(f"--{name.replace('_', '-')}" for name in strange))
        raise WrongOptions([f"{flags}: name the DATA to train with, data.csv say"])
    if "data" in given and "target" not in given:
        raise WrongOptions(["--target is required: the column of the labels"])
    _require("skl2onnx", "sklearn", *(["pandas"] if "data" in given else []))
    from irisws.model.packing import CannotPack

    try:
        return _train_with_data(given) if "data" in given else _train_iris(**given)
    except CannotPack as error:
        raise CannotTrain([str(error)]) from None


def _require(*modules: str) -> None:
    # Threads that wait for work on a busy core keep others from it; read when the library loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise CannotTrain(
                [f'training needs {error.name}: pip install "irisws[train]"']
            ) from None


def _train_with_data(given: dict[str, Any]) -> str:
    from irisws.training.model_card import model_card
    from irisws.training.training import Plan, train

    progress = Progress(sys.stderr)
    try:
        return model_card(train(Plan(**given), warn=progress.warn, progress=progress.show))
    finally:
        progress.clear()


def _train_iris(out: str = "iris.onnx") -> str:
    from irisws.training.iris import train_iris

    model = train_iris(out)
    score, parity = model.card.scores[0], model.card.parity
    return (
        f"wrote {model.path}: {model.card.name} {model.card.version} ({model.short_digest})\n"
        f"{score.metric} {score.mean:.3f} ± {score.standard_deviation:.3f} "
        f"over {score.folds} folds\n"
        f"{parity.rows:,} rows compared with scikit-learn: {parity.label_mismatches} labels differ"
    )


class Progress:
    """One line on a terminal that says what is being done; nothing anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._width = 0

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._is_terminal:
            self._write(f"\r{text.ljust(self._width)}")
            self._width = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._write(f"\r{' ' * self._width}\r")
            self._width = 0

    def warn(self, text: str) -> None:
        """Print a warning, on a line of its own."""
        self.clear()
        self._write(f"warning: {text}\n")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # that nobody reads it is no reason to stop
            self._stream.write(text)
            self._stream.flush()
