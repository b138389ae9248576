"""Tables as they come: delimiters, decimal commas, Parquet; and what to warn of."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from irisws.training.columns import TrainingData, training_data
from irisws.training.problems import CannotTrain, InvalidData
from irisws.training.table import Table, read_table


def read(tmp_path: Path, content: bytes) -> Table:
    path = tmp_path / "t.data"
    path.write_bytes(content)
    return read_table(str(path))


def kinds_of(frame: pandas.DataFrame, target: str = "y") -> dict[str, Any]:
    return dict(learn(frame, target).kinds)


def learn(frame: pandas.DataFrame, target: str = "y") -> TrainingData:
    return training_data(frame, target, [], lambda labels: [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_and_byte_order_mark(tmp_path: Path, delimiter: str, mark: bytes) -> None:
    """The same table between commas, semicolons and tabs, with and without a mark."""
    text = '"größe, cm";x;y\n1.5;"a;b";u\n2;c;v\n'
    table = read(tmp_path, mark + text.replace(";", delimiter).replace("a,b", "a;b").encode())
    assert list(table.frame.columns) == ["größe, cm", "x", "y"]
    assert table.frame["größe, cm"].tolist() == [1.5, 2.0]
    assert table.frame["x"].tolist()[1] == "c"


def test_line_ends_and_empty_lines(tmp_path: Path) -> None:
    """Windows' line ends, and lines with nothing on them, before the header as well."""
    frame = read(tmp_path, b"\r\nx,y\r\n1,a\r\n\r\n2,b\r\n").frame
    assert frame.to_dict("list") == {"x": [1, 2], "y": ["a", "b"]}


def test_decimal_comma(tmp_path: Path) -> None:
    """Between semicolons the comma may be the decimal sign; a point stays one."""
    frame = read(tmp_path, b"x;y\n1,5;a\n-2,25;b\n").frame
    assert frame["x"].tolist() == [1.5, -2.25]
    frame = read(tmp_path, b"x;y\n1.5;a\n-2.25;b,c\n").frame
    assert frame["x"].tolist() == [1.5, -2.25]


def test_row_numbers_without_a_name(tmp_path: Path, penguins: Any) -> None:
    """The index that pandas writes is no feature, and its owner is told."""
    table = read(tmp_path, penguins.to_csv().encode())
    assert list(table.frame.columns) == list(penguins.columns)
    assert table.notes == ("the column without a name is left out: row numbers, by the look of it",)


def test_a_comma_at_the_end_of_each_line(tmp_path: Path) -> None:
    """A column without a name that is empty holds no row numbers."""
    table = read(tmp_path, b"x,y,\n1,a,\n2,b, \n")
    assert list(table.frame.columns) == ["x", "y"]
    assert table.notes == ("the column without a name is left out: it is empty",)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x,y\n1,a\nNA ,b\n 2.5,c\n", [1.0, None, 2.5]),
        ("x,y\n1,a\n ,b\n\t,c\n", [1.0, None, None]),
        ("x;y\n1,5;a\nNA \t;b\n2,5;c\n", [1.5, None, 2.5]),
        ('x,y\n1,a\n" null",b\n3,c\n', [1.0, None, 3.0]),
        ("x,y\nTrue,a\nNA ,b\nFalse,c\n", [True, None, False]),
        ("x,y\nu ,a\nNA ,b\nNA.,c\n", ["u", None, "NA."]),
    ],
)
def test_gaps_with_blanks(tmp_path: Path, text: str, values: list[Any]) -> None:
    """A blank beside a missing value makes no text of the numbers around it."""
    column = read(tmp_path, text.encode()).frame["x"]
    assert [None if pandas.isna(value) else value for value in column] == values
    assert column.dtype.kind == ("f" if isinstance(values[0], float) else "O")


def test_parquet(tmp_path: Path, penguins: Any) -> None:
    """Parquet is known by its content; it gives the table that CSV gives."""
    pytest.importorskip("pyarrow")
    written = io.BytesIO()
    penguins.assign(island=penguins["island"].astype("category")).to_parquet(written)
    as_parquet = learn(read(tmp_path, written.getvalue()).frame, "species")
    as_csv = learn(read(tmp_path, penguins.to_csv(index=False).encode()).frame, "species")
    pandas.testing.assert_frame_equal(as_parquet.X, as_csv.X)
    assert as_parquet.kinds == as_csv.kinds


def test_parquet_types(tmp_path: Path) -> None:
    """Dates, lists and decimals of a Parquet file are refused by name; nullable ones are read."""
    pytest.importorskip("pyarrow")
    written = io.BytesIO()
    day = pandas.Timestamp("2026-11-22")
    pandas.DataFrame(
        {
            "when": [day, day],
            "day": [day.date(), day.date()],
            "list": [[1], [2]],
            "raw": [b"a", b"b"],
            "flag": [True, None],
            "count": pandas.array([1, None], dtype="Int64"),
            "y": ["a", "b"],
        }
    ).to_parquet(written)
    frame = read(tmp_path, written.getvalue()).frame
    with pytest.raises(InvalidData) as raised:
        learn(frame)
    assert raised.value.problems == (
        "column 'when' holds dates or times: turn them into numbers, or --exclude it",
        "column 'day' holds dates or times: turn them into numbers, or --exclude it",
        "column 'list' holds values of different types: --exclude it, or make it numbers",
        "column 'raw' holds bytes values: --exclude it, or make it numbers",
    )
    rest = frame.drop(columns=["when", "day", "list", "raw"])
    assert kinds_of(rest) == {"flag": "boolean", "count": "number"}


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        CannotTrain, match=r'Parquet needs pyarrow: pip install "irisws\[parquet\]"'
    ):
        read(tmp_path, b"PAR1....PAR1")


def test_labels_that_are_whole_numbers_with_gaps_are_integers() -> None:
    """0.0 and 1.0 are the integers that they look like; booleans stay."""
    assert learn(pandas.DataFrame({"x": [1, 2], "y": [0.0, 1.0]})).y.tolist() == [0, 1]
    assert learn(pandas.DataFrame({"x": [1, 2], "y": [True, False]})).y.tolist() == [True, False]


def test_labels_of_other_types() -> None:
    """A Parquet file may hold times for labels."""
    times = pandas.to_datetime(["2026-11-22", "2026-11-23"])
    with pytest.raises(InvalidData) as raised:
        learn(pandas.DataFrame({"x": [1, 2], "y": times}))
    assert raised.value.problems == (
        "target 'y' holds dates or times: labels are strings or integers",
    )


def test_numbers_beyond_64_bits() -> None:
    """Whole numbers of any size are numbers."""
    assert kinds_of(pandas.DataFrame({"x": [10**30, 1], "y": ["a", "b"]})) == {"x": "number"}


RNG = np.random.default_rng(0)
LABELS = ["a", "b"] * 50

OWN_VALUES = (
    "column 'x' has a value of its own in nearly every row: if it is an identifier or a text, "
    "--exclude it"
)
TELLS_ALL = (
    "column 'x' alone tells the target in every row: will you know it before you know the target?"
)
ONE_VALUE = "column 'x' holds one value only: the model learns nothing from it"
NEARLY_NUMBERS = (
    "column 'x' is taken for categories, although nearly all of it is numbers; these are none: '?'"
)


def grouped(shown: str) -> str:
    return (
        "column 'x' is taken for categories, because thousands separators are not read: write "
        f"{shown!r} without them"
    )


@pytest.mark.parametrize(
    ("column", "warning"),
    [
        ([f"{n * 37:,}" for n in range(100)], grouped("1,036")),
        ([f"{n}.234,50" for n in range(100)], grouped("0.234,50")),
        ([f"{n} 234 567" for n in range(95)] + ["?"] * 5, grouped("0 234 567")),
        ([f"{n},{n}" for n in range(100)], OWN_VALUES),
        (["1,234", "u"] * 50, TELLS_ALL),
        (range(100), OWN_VALUES),
        ([f"k{n}" for n in range(95)] + ["k"] * 5, OWN_VALUES),
        ([7] * 100, ONE_VALUE),
        (["1", "2.5", "3", "4"] * 24 + ["?"] * 4, NEARLY_NUMBERS),
        (["yes", "no"] * 50, TELLS_ALL),
        ([0.25, 0.75] * 50, TELLS_ALL),
        ([1, 0, 3, 2] * 25, None),
        (RNG.normal(size=100), None),
        (RNG.choice(["u", "v", "w"], 100), None),
    ],
)
def test_warnings(column: Any, warning: str | None) -> None:
    """Identifiers, constants, nearly-numbers and leaks are told, and only these."""
    data = learn(pandas.DataFrame({"x": list(column), "y": LABELS}))
    assert data.warnings == ((warning,) if warning else ())


def test_a_leak_may_have_gaps() -> None:
    """What is missing in a few rows tells the target all the same; in most rows it does not."""
    most = [0.25, 0.75] * 40 + [None] * 20
    few = [0.25, 0.75] * 20 + [None] * 60
    assert len(learn(pandas.DataFrame({"x": most, "y": LABELS})).warnings) == 1
    assert learn(pandas.DataFrame({"x": few, "y": LABELS})).warnings == ()
