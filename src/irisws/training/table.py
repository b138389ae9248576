"""The training data as a file has it: CSV or Parquet, read whole into a pandas data frame."""

import csv
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from irisws.model.cells import BLANKS, MISSING, other_format
from irisws.training.problems import CannotTrain, InvalidData

STDIN = "-"

_DELIMITERS = ",;\t"
_MOST_SHOWN = 5
_NAMELESS = ("", "__index_level_0__")  # row numbers, as pandas and R write them to CSV and Parquet


@dataclass(frozen=True)
class Table:
    """A file's rows.

    Attributes:
        frame: A pandas data frame of shape `[rows, columns]`; its column names are strings.
        source: The file's name, without its folder.
        sha256: Of the file's bytes, 64 hexadecimal digits.
        notes: What was done to it that its owner should know.
    """

    frame: Any
    source: str
    sha256: str
    notes: tuple[str, ...]


def read_table(path: str) -> Table:
    """Read a CSV or a Parquet file, whichever it is by its content.

    CSV is UTF-8, with or without a byte order mark, and has a header; values are separated by
    commas, semicolons or tabs. Between semicolons, a comma may be the decimal sign. Blanks around
    a value mean nothing. A missing value is an empty cell, `NA`, `NaN`, `null`, `None` and the like
    (`irisws.model.cells`).

    Args:
        path: The file; `-` for standard input.

    Raises:
        CannotTrain: The file cannot be read, or is Parquet without pyarrow being installed.
        InvalidData: It is no such table; with the line numbers of what is wrong.
    """
    data = _read(path)
    source = "standard input" if path == STDIN else Path(path).name
    try:
        frame = _read_parquet(data) if data.startswith(b"PAR1") else _read_csv(data)
    except InvalidData as error:
        raise InvalidData(f"{source} {problem}" for problem in error.problems) from None
    nameless = [name for name in frame.columns if name in _NAMELESS]
    if not len(frame):
        raise InvalidData([f"{source} has column names and no rows"])
    return Table(
        frame=frame.drop(columns=nameless),
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        notes=tuple(_note(frame[name]) for name in nameless),
    )


def _note(nameless: Any) -> str:
    """What is told of a column without a name, such as a comma at the end of each line makes."""
    why = "it is empty" if nameless.isna().all() else "row numbers, by the look of it"
    return f"the column without a name is left out: {why}"


def _read(path: str) -> bytes:
    if path == STDIN and sys.stdin is None:  # its parent has closed it
        raise CannotTrain(["standard input is closed"])
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise CannotTrain([f"no such file: {path}"]) from None
    except OSError as error:  # Windows says "permission denied" of a directory
        is_folder = Path(path).is_dir()
        reason = "it is a directory" if is_folder else (error.strerror or str(error)).lower()
        raise CannotTrain([f"cannot read {path}: {reason}"]) from None


def _read_parquet(data: bytes) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CannotTrain(['Parquet needs pyarrow: pip install "irisws[parquet]"']) from None
    try:
        frame = pyarrow.parquet.read_table(io.BytesIO(data)).to_pandas(ignore_metadata=True)
    except (pyarrow.ArrowException, OSError) as error:
        first_line = str(error).split("\n", 1)[0]
        raise InvalidData([f"is not a whole Parquet file: {first_line}"]) from None
    _refuse_header([str(name) for name in frame.columns])
    return frame


def _read_csv(data: bytes) -> Any:
    import pandas

    text = _decoded(data)
    delimiter = max(_DELIMITERS, key=lambda each: len(_header(text, each)))
    _refuse_ragged(text, delimiter)
    header = _header(text, delimiter)
    _refuse_header(header)

    def read(decimal: str, gaps: Collection[str] = MISSING) -> Any:
        frame = pandas.read_csv(
            io.StringIO(text),
            sep=delimiter,
            decimal=decimal,
            index_col=False,  # a short header makes no index
            low_memory=False,  # one type a column, not one a chunk
            skipinitialspace=True,
            keep_default_na=False,
            na_values=sorted(gaps),
        )
        frame.columns = header
        if padded := _padded_gaps(frame):  # again: without them it may be a column of numbers
            return read(decimal, {*gaps, *padded})
        return pandas.DataFrame({name: _without_blanks(frame[name]) for name in header})

    frame = read(".")
    if delimiter != ";" or _numeric_columns(frame) == frame.shape[1]:
        return frame
    with_comma = read(",")
    return max(frame, with_comma, key=_numeric_columns)


def _without_blanks(column: Any) -> Any:
    """The column with its texts as they are without blanks around them."""
    if column.dtype.kind in "iufb":
        return column
    return column.map(lambda value: value.strip(BLANKS) if isinstance(value, str) else value)


def _padded_gaps(frame: Any) -> set[str]:
    """The texts that are missing values but for blanks around them."""
    columns = (frame[name] for name in frame.columns if frame[name].dtype.kind not in "iufb")
    texts = {text for column in columns for text in column.unique() if isinstance(text, str)}
    return {text for text in texts if text.strip(BLANKS) in MISSING}


def _decoded(data: bytes) -> str:
    if what := other_format(data):
        raise InvalidData([f"is {what}: save it as CSV in UTF-8"])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidData(
            [f"is not UTF-8, in line {line} for the first time: save it as CSV in UTF-8"]
        ) from None
    if not text.strip():
        raise InvalidData(["is empty"])
    return text


def _rows(text: str, delimiter: str) -> Any:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def _header(text: str, delimiter: str) -> list[str]:
    try:
        first: list[str] = next((row for row in _rows(text, delimiter) if row), [])
        return [name.strip(BLANKS) for name in first]
    except csv.Error:  # with another delimiter a quotation mark may stand in the wrong place
        return []


def _refuse_ragged(text: str, delimiter: str) -> None:
    """pandas fills up a short row without a word."""
    rows = _rows(text, delimiter)
    problems = []
    width = len(_header(text, delimiter))
    try:
        for row in rows:
            if row and len(row) != width:
                problems.append(
                    f"has {len(row)} values in line {rows.line_num}, and {width} column names"
                )
    except csv.Error as error:
        problems.append(f"breaks the rules of CSV in line {rows.line_num}: {error}")
    more = len(problems) - _MOST_SHOWN
    if problems:
        rest = [f"has {more:,} more such lines"] if more > 0 else []
        raise InvalidData(problems[:_MOST_SHOWN] + rest)


def _refuse_header(names: list[str]) -> None:
    problems = [
        f"has {times} columns named {name!r}" if name else f"has {times} columns without a name"
        for name, times in Counter(names).items()
        if times > 1
    ]
    if problems:
        raise InvalidData(problems)


def _numeric_columns(frame: Any) -> int:
    return sum(frame[name].dtype.kind in "iuf" for name in frame.columns)
