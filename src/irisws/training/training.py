"""Train a classifier with a table, measure it, fit it with every row, and pack it."""

import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from irisws.model.model import Model
from irisws.model.names import IDENTIFIER, is_identifier
from irisws.model.packing import pack
from irisws.training import estimators
from irisws.training.columns import TrainingData, training_data
from irisws.training.evaluation import Evaluation, evaluate, split
from irisws.training.problems import CannotTrain, WrongOptions
from irisws.training.table import STDIN, Table, read_table

_MOST_CLASSES_SHOWN = 5
_LARGEST_SEED = 2**32 - 1  # that scikit-learn takes


@dataclass(frozen=True)
class Plan:
    """What to train.

    Attributes:
        data: A CSV or Parquet file; `-` for standard input.
        target: The column of the labels.
        estimator: See `irisws.training.estimators.make_estimator`.
        exclude: Columns that are no features.
        test_size: The share of rows to hold out, between 0 and 1.
        folds: Of the cross-validation, at least 2.
        seed: Of everything that is random, 0 to 4,294,967,295.
        name: The model's; by default the file's.
        model_version: The model's.
        out: The model file to write; by default its name and `.onnx`.
    """

    data: str
    target: str
    estimator: str = estimators.DEFAULT
    exclude: Sequence[str] = ()
    test_size: float = 0.2
    folds: int = 5
    seed: int = 0
    name: str | None = None
    model_version: str = "1.0"
    out: str | None = None


@dataclass(frozen=True)
class Trained:
    """What came of it.

    Attributes:
        model: As packed.
        table: As read.
        data: What the model was trained with.
        classifier: The last step of the estimator, as text.
        evaluation: Of the estimator, without the rows held out and on them.
        report: What packing compared and wrote.
    """

    plan: Plan
    model: Model
    table: Table
    data: TrainingData
    classifier: str
    evaluation: Evaluation
    report: str


def train(plan: Plan, warn: Callable[[str], object], progress: Callable[[str], object]) -> Trained:
    """Train by a plan.

    Args:
        plan: What to train.
        warn: Takes what the owner of the data should know, a sentence at a time.
        progress: Takes what is being done.

    Raises:
        WrongOptions: The plan asks for what there is not, or for what makes no sense.
        InvalidData: The data cannot train a classifier.
        CannotTrain: A file cannot be read or written, or the estimator fails.
        CannotPack: The fitted estimator cannot become a model file.
    """
    name, out = _name_and_path(plan)
    progress("reading the data")
    table = read_table(plan.data)
    data = training_data(
        table.frame, plan.target, plan.exclude, lambda labels: _small_classes(labels, plan)
    )
    for note in (*table.notes, *data.warnings):
        warn(note)
    estimator = estimators.make_estimator(plan.estimator, data.X, data.kinds, plan.seed)
    with _told_once(warn), _failing_clearly(plan.estimator):
        parts = split(data.X, data.y, plan.test_size, plan.seed)
        evaluation = evaluate(estimator, parts, plan.folds, plan.seed, progress)
        progress("fitting with every row")
        estimator.fit(data.X, data.y)
    progress("packing: comparing with scikit-learn")
    lines: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for what is beyond the data on purpose
        model = pack(
            estimator,
            data.X,
            data.y,
            out,
            name=name,
            version=plan.model_version,
            data_set=f"{table.source}, target {plan.target}, SHA-256 {table.sha256}",
            seed=plan.seed,
            scores=evaluation.scores,
            report=lines.append,
        )
    classifier = " ".join(str(_last_step(estimator)).split())
    return Trained(plan, model, table, data, classifier, evaluation, "\n".join(lines))


def _last_step(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if steps else estimator


def _name_and_path(plan: Plan) -> tuple[str, Path]:
    """The model's name and file, if the options that need no data are right."""
    stem = "model" if plan.data == STDIN else Path(plan.data).stem
    name = plan.name or re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:64] or "model"
    version = plan.model_version
    problems = [
        f"{option} {value}: {wanted}"
        for option, value, wanted, is_right in (
            ("--test-size", plan.test_size, "between 0 and 1", 0 < plan.test_size < 1),
            ("--folds", plan.folds, "at least 2", plan.folds >= 2),
            ("--seed", plan.seed, f"0 to {_LARGEST_SEED}", 0 <= plan.seed <= _LARGEST_SEED),
            ("--name", name, IDENTIFIER, is_identifier(name)),
            ("--model-version", version, IDENTIFIER, is_identifier(version)),
        )
        if not is_right
    ]
    if problems:
        raise WrongOptions(problems)
    out = Path(plan.out or f"{name}.onnx")
    if out.is_dir():
        raise CannotTrain([f"cannot write {out}: it is a directory"])
    if not out.parent.is_dir():
        raise CannotTrain([f"cannot write {out}: there is no directory {out.parent}"])
    return name, out


def _small_classes(labels: Any, plan: Plan) -> list[str]:
    """The classes of which a fold would have no row, a sentence each."""
    rows = len(labels)
    held_out = math.ceil(rows * plan.test_size)
    counts = labels.value_counts()
    if min(held_out, rows - held_out) < len(counts):
        return [
            f"{rows:,} rows with {len(counts):,} classes are too few to hold out "
            f"{plan.test_size:g} of them"
        ]
    needed = math.ceil(plan.folds * rows / (rows - held_out))
    small = counts[counts < needed]
    problems = [
        f"class {str(label)[:40]!r} has {count:,} rows, at least {needed:,} are needed for "
        f"{plan.folds} folds beside the {plan.test_size:g} held out"
        for label, count in small.iloc[:_MOST_CLASSES_SHOWN].items()
    ]
    if len(small) > _MOST_CLASSES_SHOWN:
        problems.append(f"{len(small) - _MOST_CLASSES_SHOWN:,} more classes have too few rows")
    if labels.dtype.kind in "iu" and len(small) * 2 > len(counts):
        problems.append(
            f"if {plan.target!r} is a quantity and no class: irisws trains classifiers only; cut "
            "it into classes first"
        )
    return problems


@contextmanager
def _failing_clearly(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever an estimator may raise of its input
        text = " ".join(str(error).split())[:300]
        raise CannotTrain(
            [f"{name} cannot be fitted with these data: {type(error).__name__}: {text}"]
        ) from error


@contextmanager
def _told_once(warn: Callable[[str], object]) -> Iterator[None]:
    """Pass libraries' warnings on, each kind once and in one line, when all is done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    told = {each.category: " ".join(str(each.message).split()) for each in reversed(caught)}
    for category, text in told.items():
        if not issubclass(category, DeprecationWarning | PendingDeprecationWarning):
            warn(f"{category.__name__}: {text[:200]}")
