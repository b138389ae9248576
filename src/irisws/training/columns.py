"""The columns of the training data: what kind each is, and what would make a bad model of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from irisws.model.names import nearest, unfit_names
from irisws.training.problems import InvalidData, WrongOptions

Kind = Literal["number", "integer", "boolean", "string"]

_KINDS: dict[str, Kind] = {
    "floating": "number",
    "mixed-integer-float": "number",
    "integer": "integer",
    "boolean": "boolean",
    "string": "string",
}
_TIMES = ("datetime64", "datetime", "date", "time", "timedelta64", "timedelta", "period")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}/\d\d?/\d\d?")

# Numbers as people group them: 1,234 or 1.234,50 or 1'234.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([.,'’ \u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")

_LARGEST = 1e37  # what packing compares must fit float32
_FEWEST_ROWS = 20  # below, that all values differ says nothing
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class TrainingData:
    """What a classifier is trained with.

    Attributes:
        X: A pandas data frame of shape `[rows, features]`.
        y: The labels, a pandas series of shape `[rows]`: strings, integers or booleans.
        kinds: Of each feature, by name.
        warnings: What its owner should look at; a sentence each.
    """

    X: Any
    y: Any
    kinds: dict[str, Kind]
    warnings: tuple[str, ...]


def training_data(
    frame: Any,
    target: str,
    exclude: Sequence[str],
    unfit_labels: Callable[[Any], list[str]],
) -> TrainingData:
    """Tell the target from the features, and each feature's kind.

    Args:
        frame: A pandas data frame.
        target: The name of the column of the labels.
        exclude: Names of columns that are no features.
        unfit_labels: What makes labels unfit for the plan, a sentence each.

    Raises:
        WrongOptions: There is no such column, or the target is to be excluded.
        InvalidData: A column can be no feature, or the target no label.
    """
    names = [str(name) for name in frame.columns]
    frame = frame.set_axis(names, axis=1)
    _refuse_unknown(names, target, exclude)
    problems: list[str] = []
    y = _labels(frame[target], target, problems)
    problems = problems or unfit_labels(y)
    X, kinds = {}, {}
    for name in names:
        if name == target or name in exclude:
            continue
        try:
            kinds[name], X[name] = _feature(frame[name], name)
        except InvalidData as error:
            problems += error.problems
    if not X and not problems:
        problems.append(f"there is no column beside {target!r} to learn from")
    if problems:
        raise InvalidData(problems)
    warnings = [text for name in X for text in _warnings(X[name], name, kinds[name], y)]
    return TrainingData(type(frame)(X), y, kinds, tuple(warnings))


def _refuse_unknown(names: list[str], target: str, exclude: Sequence[str]) -> None:
    problems = []
    for option, name in (("--target", target), *(("--exclude", each) for each in exclude)):
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near!r}?" if near is not None else _listed(names)
            problems.append(f"{option}: there is no column {name!r}, {hint}")
    if target in exclude:
        problems.append(f"--exclude: {target!r} is the target")
    if problems:
        raise WrongOptions(problems)


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:10]))
    return f"there are {shown}{f' and {len(names) - 10:,} more' if len(names) > 10 else ''}"


def _inferred(column: Any) -> str:
    """What the present values are, in pandas' words."""
    from pandas.api.types import infer_dtype

    if column.isna().all():
        return "empty"
    name = column.dtype.name
    return str(infer_dtype(column.astype(object) if name == "category" else column, skipna=True))


def _labels(column: Any, name: str, problems: list[str]) -> Any:
    missing = int(column.isna().sum())
    if missing:
        problems.append(
            f"target {name!r} is missing in {missing:,} of {len(column):,} rows: fill it in, or "
            "leave these rows out"
        )
    present = column.dropna()
    kind = _inferred(present)
    if kind in ("floating", "mixed-integer-float"):
        if (present % 1 != 0).any():
            problems.append(
                f"target {name!r} holds {present.nunique():,} different numbers with fractions: "
                "that is a quantity, and irisws trains classifiers only; cut it into classes first"
            )
            return present
        return present.astype("int64")
    if kind not in ("integer", "boolean", "string", "empty"):
        problems.append(f"target {name!r} holds {_in_words(kind)}: labels are strings or integers")
        return present
    if present.nunique() < 2:
        found = f"one class only, {str(present.iloc[0])[:40]}" if len(present) else "no class"
        problems.append(f"target {name!r} has {found}: a classifier needs two")
    if kind == "string":
        problems += unfit_names(f"class of {name!r}", present.unique().tolist())
    return present.astype("bool" if kind == "boolean" else object if kind == "string" else "int64")


def _feature(column: Any, name: str) -> tuple[Kind, Any]:
    """The kind of a feature, and its column with the type that goes with it."""
    inferred = _inferred(column)
    if inferred == "empty":
        raise InvalidData([f"column {name!r} is all missing: --exclude it"])
    kind = _KINDS.get(inferred)
    if inferred in _TIMES or (kind == "string" and _are_times(column)):
        raise InvalidData(
            [f"column {name!r} holds dates or times: turn them into numbers, or --exclude it"]
        )
    if kind is None:
        raise InvalidData(
            [f"column {name!r} holds {_in_words(inferred)}: --exclude it, or make it numbers"]
        )
    problems = unfit_names("column", [name])
    if kind in ("number", "integer"):
        column = _as_numbers(column)
        unfit = int((column.abs() > _LARGEST).sum())
        if unfit:
            problems.append(
                f"column {name!r} holds {unfit:,} numbers that are infinite or beyond {_LARGEST:g}"
            )
        kind = "integer" if column.dtype.kind in "iu" else "number"
    elif kind == "boolean":  # in a column of objects some are missing
        column = column.astype("boolean" if column.isna().any() else "bool")
    else:
        column = column.astype(object).where(column.notna(), None)
    if problems:
        raise InvalidData(problems)
    return kind, column


def _as_numbers(column: Any) -> Any:
    """A plain NumPy type, whatever pandas made of the column."""
    if getattr(column.dtype, "kind", "O") in "iu" and not column.isna().any():
        return column.astype(column.dtype.name.lower())
    return column.astype("float64")


def _are_times(column: Any) -> bool:
    return all(_TIME.fullmatch(value.strip()) for value in column.dropna().unique())


def _in_words(inferred: str) -> str:
    if inferred in _TIMES:
        return "dates or times"
    if inferred.startswith("mixed"):
        return "values of different types"
    return f"{inferred} values"


def _warnings(column: Any, name: str, kind: Kind, y: Any) -> list[str]:
    present = column.dropna()
    different = present.nunique()
    if different == 1:
        return [f"column {name!r} holds one value only: the model learns nothing from it"]
    if kind == "string" and (grouped := _grouped(present)):
        return [
            f"column {name!r} is taken for categories, because thousands separators are not read: "
            f"write {grouped!r} without them"
        ]
    if kind != "number" and _is_nearly_unique(different, len(present), kind):
        return [
            f"column {name!r} has a value of its own in nearly every row: if it is an identifier "
            "or a text, --exclude it"
        ]
    if kind == "string" and (strange := _no_numbers(present)):
        shown = ", ".join(map(repr, strange[:3]))
        return [
            f"column {name!r} is taken for categories, although nearly all of it is numbers; "
            f"these are none: {shown}"
        ]
    if _tells_all(present, y):
        return [
            f"column {name!r} alone tells the target in every row: will you know it before you "
            "know the target?"
        ]
    return []


def _is_nearly_unique(different: int, rows: int, kind: Kind) -> bool:
    least = _NEARLY_ALL * rows if kind == "string" else rows
    return rows >= _FEWEST_ROWS and different >= least


def _grouped(present: Any) -> str | None:
    """A number with thousands separators, if nearly all values are such or plain numbers."""
    are_numbers = _are_numbers(present)
    others = present[~are_numbers]
    grouped = others[[_GROUPED.fullmatch(value.strip()) is not None for value in others]]
    if not len(grouped) or len(grouped) + are_numbers.sum() < _NEARLY_ALL * len(present):
        return None
    return str(grouped.iloc[0])


def _are_numbers(present: Any) -> Any:
    from pandas import to_numeric

    return to_numeric(present, errors="coerce").notna()


def _no_numbers(present: Any) -> list[str]:
    """The values that are no numbers, if nearly all values are."""
    is_number = _are_numbers(present)
    if is_number.all() or is_number.mean() < _NEARLY_ALL:
        return []
    return [str(value) for value in present[~is_number].unique()]


def _tells_all(present: Any, y: Any) -> bool:
    """Whether each value goes with one class only, and numbers so with one cut between classes."""
    labels = y.reindex(present.index)
    if len(present) * 2 < len(y) or labels.nunique() < y.nunique():
        return False
    classes = labels.groupby(present.to_numpy()).agg(["nunique", "first"])
    if (classes["nunique"] > 1).any():
        return False
    if present.dtype.kind not in "iuf":
        return True
    changes = int((classes["first"] != classes["first"].shift()).sum())
    return bool(changes == y.nunique())
