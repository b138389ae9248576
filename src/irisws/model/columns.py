"""What the columns of the training data hold: their names, kinds, ranges and categories."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np

from irisws.model.card import Column, Feature
from irisws.model.frames import frame_of
from irisws.model.rows import LARGEST_EXACT, Rows, is_missing

Kind = Literal["number", "integer", "boolean", "string"]

MOST_CATEGORIES = 1_000  # different strings; a column of more of them, or of longer ones, is text
_LONGEST_CATEGORY = 256
_LARGEST = 1e37  # rows beyond the training box are compared too, and must fit float32
_MOST_SHOWN = 5
_TEXTS = (
    ": for a column of texts, fit with a data frame, and with "
    'ColumnTransformer([("t", TfidfVectorizer(), "text")]) before the classifier'
)
_QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


class UnfitData(ValueError):
    """The data cannot describe a model; the message says what is wrong, and where."""


class FeatureInfo(TypedDict, total=False):
    """What the data cannot tell of a feature."""

    alias: str
    unit: str
    description: str
    kind: Kind
    missing: bool


class Table(NamedTuple):
    """The training data."""

    rows: Rows  # [n, features]
    features: tuple[Feature, ...]
    frame: tuple[Column, ...] | None  # see `irisws.model.card.Card`
    given: Any  # as the estimator was fitted with it


def read_table(
    X: Any, fitted_names: Sequence[str] | None, infos: Mapping[str, FeatureInfo] | None
) -> Table:
    """Read the training data.

    Args:
        X: An array of shape `[n, features]`, or a data frame of pandas or polars.
        fitted_names: The column names that the estimator was fitted with, if it was with any.
        infos: What the data cannot tell, by feature, in column order; its names are the features'.

    Raises:
        UnfitData: With every problem of the columns.
    """
    given = _in_order(_as_known(X), fitted_names)
    columns = _columns(given)
    names = _names(given, len(columns), infos)
    if fitted_names is None and hasattr(given, "to_numpy"):
        given = given.to_numpy()  # the estimator knows no names
    frame = frame_of(given)
    if _is_polars(X):  # pandas' frame is what a model file can make again: is it the same to it?
        given = X[list(fitted_names)] if fitted_names is not None else X.to_numpy()
    wanted = infos or {}
    problems: list[str] = []
    features, cells = [], []
    for name, column in zip(names, columns, strict=True):
        try:
            feature, values = _read_column(name, column, wanted.get(name, {}))
        except UnfitData as error:
            problems.append(str(error))
            continue
        features.append(feature)
        cells.append(values)
    if problems:
        more = len(problems) - _MOST_SHOWN
        rest = f"; and {more} columns more" if more > 0 else ""
        raise UnfitData("; ".join(problems[:_MOST_SHOWN]) + rest)
    return Table(_joined(cells), tuple(features), frame, given)


def _as_known(X: Any) -> Any:
    """X as a pandas data frame or an array; a data frame of polars is turned into one."""
    if hasattr(X, "toarray") and hasattr(X, "nnz"):
        raise UnfitData("X is sparse: pack with a dense one, X.toarray(), or with a sample of it")
    if _is_polars(X):
        X = _as_pandas(X)
    if hasattr(X, "dtypes") and hasattr(X, "columns"):
        doubled = [str(name) for name, times in Counter(X.columns).items() if times > 1]
        if doubled:
            raise UnfitData(f"X has doubled column names: {', '.join(doubled)}")
        if not all(isinstance(name, str) for name in X.columns):
            return X.to_numpy()
        if X.empty:
            raise UnfitData(f"X must have the shape [n, features], not {X.shape}")
        return X
    array = np.asarray(X)
    if array.ndim != 2 or not array.size:
        hint = _TEXTS if array.ndim == 1 and array.dtype.kind in "OUT" else ""
        raise UnfitData(f"X must have the shape [n, features], not {array.shape}{hint}")
    return array


def _is_polars(X: Any) -> bool:
    return hasattr(X, "to_dict") and hasattr(X, "get_columns")


def _as_pandas(X: Any) -> Any:
    """A data frame of polars as scikit-learn sees it: a missing string is None."""
    import pandas

    columns = {}
    for name in X.columns:
        values = X[name].to_list()
        has_strings = any(isinstance(value, str) for value in values)
        columns[name] = pandas.Series(values, dtype=object if has_strings else None)
    return pandas.DataFrame(columns)


def _in_order(given: Any, fitted_names: Sequence[str] | None) -> Any:
    """The data frame with its columns in the order of the fit."""
    if fitted_names is None:
        return given
    if not hasattr(given, "columns"):
        import pandas

        if given.shape[1] != len(fitted_names):
            return given
        return pandas.DataFrame(given, columns=list(fitted_names))
    if set(given.columns) != set(fitted_names):
        raise UnfitData(
            f"X has the columns {list(given.columns)[:20]}, the estimator was fitted with "
            f"{list(fitted_names)[:20]}"
        )
    return given[list(fitted_names)]


def _columns(given: Any) -> list[Any]:
    if hasattr(given, "columns"):
        return [given[name] for name in given.columns]
    return list(given.T)


def _names(given: Any, width: int, infos: Mapping[str, FeatureInfo] | None) -> list[str]:
    own = list(given.columns) if hasattr(given, "columns") else []
    if infos is None:
        return own or [f"x{column}" for column in range(width)]
    known = FeatureInfo.__annotations__.keys()
    unknown = sorted({key for info in infos.values() for key in info} - known)
    if unknown:
        raise UnfitData(f"features may say {', '.join(known)}, not {', '.join(unknown)}")
    names = list(infos)
    if own and set(names) <= set(own):
        return own  # some of the columns, in any order
    if len(names) != width:
        raise UnfitData(f"features must name {width} columns, not {len(names)}")
    return names


def _read_column(name: str, column: Any, info: FeatureInfo) -> tuple[Feature, Any]:
    kind, cells = _cells(name, column)
    wanted = info.get("kind", kind)
    if wanted != kind and not (kind == "integer" and wanted == "number"):
        raise UnfitData(f"column {name!r} holds {kind}s, features say {wanted}")
    missing = is_missing(cells)
    if missing.all():
        raise UnfitData(f"column {name!r} is all missing")
    about: dict[str, Any] = {
        "name": name,
        "kind": wanted,
        "missing": info.get("missing", bool(missing.any())),
        **{key: info[key] for key in ("alias", "unit", "description") if key in info},
    }
    return _described(about, wanted, cells[~missing]), cells


def _described(about: dict[str, Any], kind: Kind, present: Any) -> Feature:
    if kind in ("number", "integer"):
        if not (np.abs(present) <= _LARGEST).all():
            raise UnfitData(
                f"column {about['name']!r} must hold finite numbers of at most {_LARGEST:g} only"
            )
        if kind == "integer" and np.abs(present).max() > LARGEST_EXACT:
            raise UnfitData(
                f"column {about['name']!r} holds whole numbers of more than 15 digits, which JSON "
                "does not carry exactly: make strings of identifiers, or leave them out"
            )
        quantiles = np.quantile(present, _QUANTILES).round(6).tolist()
        example = _example(present) if kind == "integer" else quantiles[2]
        about |= {
            "minimum": float(present.min()),
            "maximum": float(present.max()),
            "quantiles": tuple(quantiles),
            "example": int(example) if kind == "integer" else example,
        }
    elif kind == "boolean":
        about["example"] = bool(_example(present))
    else:
        different = sorted(set(present.tolist()))
        if len(different) <= MOST_CATEGORIES and max(map(len, different)) <= _LONGEST_CATEGORY:
            about["categories"] = tuple(different)
        about["example"] = _example(present)[:_LONGEST_CATEGORY]
    return Feature(**about)


def _cells(name: str, column: Any) -> tuple[Kind, Any]:
    """The kind of a column, and its cells as `irisws.model.rows` has them."""
    kind = getattr(column.dtype, "kind", "O")
    if str(column.dtype) == "boolean":  # pandas' own, which may lack values
        return "boolean", column.to_numpy(dtype=np.float64, na_value=np.nan)
    if kind == "b":
        return "boolean", np.asarray(column, dtype=np.float64)
    if kind in "iu":
        return "integer", _numbers(column)
    if kind == "f":
        return "number", _numbers(column)
    if kind in "mM":
        raise UnfitData(f"column {name!r} holds times: turn them into numbers first")
    return _object_cells(name, column)


def _numbers(column: Any) -> Any:
    if hasattr(column, "to_numpy"):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.astype(np.float64)


def _object_cells(name: str, column: Any) -> tuple[Kind, Any]:
    """The cells of a column of Python objects: of one kind, or the column is refused."""
    objects = np.array([_plain(value) for value in column.tolist()] + [None], dtype=object)[:-1]
    missing = is_missing(objects)
    kinds = {_kind_of(value) for value in objects[~missing]}
    if kinds <= {"integer", "number"} and kinds:
        kinds = {max(kinds)}  # numbers, of which some are whole
    if len(kinds) > 1 or "other" in kinds:
        found = sorted({type(value).__name__ for value in objects[~missing]})
        raise UnfitData(
            f"column {name!r} holds values of the types {', '.join(found)}: a column is all "
            "numbers, all booleans or all strings"
        )
    kind: Any = next(iter(kinds), "string")
    objects[missing] = None if kind == "string" else np.nan
    return kind, objects if kind == "string" else objects.astype(np.float64)


def _plain(value: Any) -> Any:
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return value.item() if hasattr(value, "item") else value


def _kind_of(value: Any) -> str:
    for kind, types in (("boolean", bool), ("integer", int), ("number", float), ("string", str)):
        if isinstance(value, types):
            return kind
    return "other"


def _example(present: Any) -> Any:
    """The most frequent value."""
    return Counter(present.tolist()).most_common(1)[0][0]


def _joined(cells: list[Any]) -> Rows:
    if any(column.dtype == object for column in cells):
        rows = np.empty((len(cells[0]), len(cells)), dtype=object)
        for at, column in enumerate(cells):
            rows[:, at] = column
        return rows
    return np.column_stack(cells)
