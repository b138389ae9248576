"""JSON Lines and Parquet, and every way from one format to another."""

import gzip
import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pyarrow
import pyarrow.parquet
import pytest

from irisws.bulk import parquet_file, source
from irisws.model.model import Model
from tests.bulk.conftest import ANSWERS, FLOWERS, Run

FORMATS = ["csv", "jsonl", "parquet"]
START = '{"sl":5,"sw":3,"pl":1,'
NO_NUMBER = "petal_width: expected a finite number in cm, got "


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, by pandas or json: not by the code under test."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    import pandas

    frame = pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


def write(frame: Any, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("after", FORMATS)
@pytest.mark.parametrize("before", FORMATS)
def test_every_way(
    before: str,
    after: str,
    penguins: Any,
    penguin_model: Model,
    predict: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Columns keep their values from format to format, and answers are those of the model."""
    monkeypatch.setattr(source, "CHUNK_BYTES", 4_000)
    frame = penguins.assign(note=[f'say "{at}", é' for at in range(len(penguins))])
    path, out = write(frame, tmp_path / f"in.{before}"), tmp_path / f"out.{after}"
    assert predict(path, out, "--model", str(penguin_model.path))[0] == 0
    given = frame.astype(object).where(frame.notna(), None).to_dict("records")
    answers = penguin_model.predict(penguins)
    assert read(out) == [
        {
            **row,
            "label": one.label,
            "index": one.index,
            **{f"probability_{name}": chance for name, chance in one.probabilities.items()},
        }
        for row, one in zip(given, answers, strict=True)
    ]


@pytest.mark.parametrize("after", FORMATS)
@pytest.mark.parametrize("before", FORMATS)
@pytest.mark.parametrize("way", ["skip", "report"])
def test_bad_rows_every_way(
    before: str,
    after: str,
    way: str,
    penguins: Any,
    penguin_model: Model,
    predict: Run,
    tmp_path: Path,
) -> None:
    """Bad rows are left out, or stay without an answer and with what is wrong with them."""
    frame = penguins.iloc[[0, 1, 2, 5]].assign(body_mass_g=[3750.0, 1e39, 3250.0, -1e39])
    path, out = write(frame, tmp_path / f"in.{before}"), tmp_path / f"out.{after}"
    status, message = predict(
        path, out, "--model", str(penguin_model.path), "--on-error", way, "--prefix", "p_"
    )
    line = {"csv": " (line 3)", "jsonl": " (line 2)", "parquet": ""}[before]
    shown = {"csv": "'1e+39'", "jsonl": "1e+39", "parquet": "1e+39"}[before]
    wanted = "a finite number or " + ("an empty cell" if before == "csv" else "null")
    problem = f"body_mass_g: expected {wanted}, got {shown}"
    done = "left out" if way == "skip" else "reported"
    assert (status, f"4 rows in 0.0 s; 2 bad ones {done}, the first: row 2{line}: {problem}\n") == (
        0,
        message[message.index("4 rows") :].replace("0.1 s", "0.0 s"),
    )
    rows = read(out)
    labels = [row["p_label"] for row in rows]
    if way == "skip":
        assert labels == ["Adelie", "Adelie"]
        assert all("p_error" not in row for row in rows)
    else:
        assert labels == ["Adelie", None, "Adelie", None]
        errors = [row["p_error"] for row in rows]
        assert errors == [None, problem, None, problem.replace("1e", "-1e")]
        assert [rows[1][f"p_{name}"] for name in ("index", "probability_Adelie")] == [None, None]
        assert [row["island"] for row in rows] == ["Torgersen"] * 4


@pytest.mark.parametrize("after", FORMATS)
@pytest.mark.parametrize("before", FORMATS)
def test_no_rows(
    before: str, after: str, predict: Run, penguins: Any, tmp_path: Path, penguin_model: Model
) -> None:
    """A table of no rows becomes a table of no rows."""
    path, out = write(penguins[:0], tmp_path / f"in.{before}"), tmp_path / f"out.{after}"
    path.write_bytes(path.read_bytes().strip() if before == "jsonl" else path.read_bytes())
    assert predict(path, out, "--model", str(penguin_model.path))[0] == 0
    assert read(out) == []


@pytest.fixture
def jsonl(tmp_path: Path, predict: Run) -> Any:
    """Answer lines of JSON: the status, and the output's text or the message."""

    def answer(text: str | bytes, *flags: str, suffix: str = "jsonl") -> tuple[int, str]:
        path, out = tmp_path / "in.jsonl", tmp_path / f"out.{suffix}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        status, message = predict(path, out, *flags)
        if status:
            return status, message.removeprefix(f"irisws: {path}: ").removesuffix("\n")
        return 0, out.read_text(encoding="utf-8")

    return answer


def test_members_stay_as_they_stood(jsonl: Any) -> None:
    """Members are carried through to the byte; names and aliases in any order."""
    head = ' {"x": {"sl":[1.50]}, "pw":0.2,"petal_length": 1.4, "sw":3.5, "sl":5.1'
    added = ',"label":"setosa","index":0,"probability_setosa":1.0,"probability_versicolor":0.0,'
    assert jsonl(head + " } \r\n\n") == (
        0,
        head.strip() + " " + added + '"probability_virginica":0.0}\n',
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{,", "is not JSON (Expecting property name enclosed in double quotes: "
         "line 1 column 2 (char 1)): {,"),
        ("[1,2,3,4]", "is not an object: [1,2,3,4]"),
        ('{"sl":NaN}', 'is not JSON (NaN is no number of JSON): {"sl":NaN}'),
        (b'{"sl":"\xff"}', 'is not in UTF-8: {"sl":"�"}'),
        ("[" * 100_000, "is nested too deeply: " + "[" * 59 + "…"),
        (START + '"pw":1,"pw":1}', "pw is given 2 times"),
        (START + '"pw":1,"\\u0070w":1}', "pw is given 2 times"),
        (START + '"pw":1,"petal_width":1}', "petal_width is given twice: as petal_width and as pw"),
        (START + '"petal_widht":1}', "petal_width is missing, is it 'petal_widht'?"),
        (START + '"pw":true}', NO_NUMBER + "true"),
        (START + '"pw":"1"}', NO_NUMBER + '"1"'),
        (START + '"pw":null}', NO_NUMBER + "null"),
        (START + '"pw":{"a":1}}', NO_NUMBER + "an object"),
        (START + '"pw":1e400}', NO_NUMBER + "Infinity"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", ["fail", "report"])
def test_what_is_wrong_with_a_line(jsonl: Any, line: str | bytes, problem: str, way: str) -> None:
    """Each line is judged by itself, and stays out of the way of the others."""
    good = b'{"sl":5.1,"sw":3.5,"pl":1.4,"pw":0.2}\n'
    bad = line if isinstance(line, bytes) else line.encode()
    status, text = jsonl(good + bad + b"\n" + good, "--on-error", way)
    if way == "fail":
        assert (status, text) == (3, f"row 2 (line 2): {problem}")
    else:
        rows = [json.loads(line) for line in text.splitlines()]
        assert [row["label"] for row in rows] == ["setosa", None, "setosa"]
        assert [row["error"] for row in rows] == [None, problem, None]


@pytest.mark.parametrize("note", ['"\\ud800"', "\x1b]0;x\x07"])
def test_text_that_no_terminal_should_see(jsonl: Any, note: str) -> None:
    """Half of a surrogate pair, and what would steer a terminal, are told harmlessly."""
    status, text = jsonl(START + f'"pw":1,"note":{note}}}\n')
    assert (status, "is not JSON" in text, "\x1b" in text) == (3, True, False)


def test_compressed_lines(jsonl: Any) -> None:
    """A compressed file is told as one."""
    assert jsonl(gzip.compress(b'{"sl":1}\n')) == (
        3,
        "it is compressed with gzip: save it as JSON Lines in UTF-8",
    )


def test_members_that_would_be_added(jsonl: Any) -> None:
    """A member of such a name is refused wherever it comes, or the others are called otherwise."""
    text = '{"sl":5.1,"sw":3.5,"pl":1.4,"pw":0.2}\n{"sl":5,"sw":3,"pl":1,"pw":0,"label":7}\n'
    assert jsonl(text, "--on-error", "skip") == (
        3,
        "line 2: has members of the names that are added: label; "
        "give the added ones another name with --prefix",
    )
    assert json.loads(jsonl(text, "--prefix", "p_")[1].splitlines()[1])["label"] == 7


def test_objects_of_other_members_fit_no_table(jsonl: Any) -> None:
    """A table has the columns of the first object: what has others is a bad row."""
    text = '{"sl":5.1,"sw":3.5,"pl":1.4,"pw":0.2}\n{"sl":5,"sw":3,"pl":1,"pw":0,"x":7}\n'
    assert jsonl(text)[0] == 0
    assert jsonl(text, suffix="csv") == (
        3,
        "row 2 (line 2): has a member x, which the first row lacks: "
        "the columns of the output are its members",
    )


def test_values_that_are_no_cells_become_json(jsonl: Any) -> None:
    """In CSV, what is no plain value is written as JSON."""
    text = '{"sl":5.1,"sw":3.5,"pl":1.4,"pw":0.2,"x":{"a":[1,null]},"y":true,"z":null}\n'
    assert jsonl(text, suffix="csv")[1].splitlines()[1] == (
        '5.1,3.5,1.4,0.2,"{""a"":[1,null]}",true,,' + ANSWERS[0]
    )


def parquet(path: Path, **columns: Any) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_parquet_keeps_types_and_metadata(predict: Run, tmp_path: Path) -> None:
    """Columns stay as they are; other types of numbers and dictionaries of strings are taken."""
    table = pyarrow.table(
        {
            "when": pyarrow.array([0, 1], pyarrow.timestamp("us")),
            "pw": pyarrow.array([0, 2], pyarrow.int8()),
            **{name: pyarrow.array([5, 6], pyarrow.float32()) for name in ("sl", "sw", "pl")},
        }
    ).replace_schema_metadata({"origin": "garden"})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    assert predict(tmp_path / "in.parquet", tmp_path / "out.parquet")[0] == 0
    found = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert found.select(table.column_names).equals(table)
    assert found.schema.metadata == {b"origin": b"garden"}
    assert [str(kind) for kind in found.schema.types[5:]] == ["string", "int64", *["double"] * 3]


def test_parquet_of_other_types(predict: Run, tmp_path: Path) -> None:
    """Columns of wrong types are all named at once."""
    path = parquet(tmp_path / "in.parquet", sl=["5.1"], sw=[True], pl=[1.0], pw=[1])
    assert predict(path) == (
        3,
        f"irisws: {path}: 2 problems:\n"
        "  sepal_length: expected a column of numbers, got string\n"
        "  sepal_width: expected a column of numbers, got bool\n",
    )


@pytest.mark.parametrize(
    "blank",
    [
        pyarrow.nulls(344),
        pyarrow.nulls(344, pyarrow.float64()),
        pyarrow.array([float("nan")] * 344),
        pyarrow.nulls(344, pyarrow.string()),
        pyarrow.nulls(344, pyarrow.timestamp("us")),
    ],
    ids=lambda column: f"{column.type} {column.null_count}",
)
@pytest.mark.parametrize("name", ["sex", "bill_length_mm"])
def test_parquet_columns_that_are_all_missing(
    name: str, blank: Any, penguins: Any, penguin_model: Model, predict: Run, tmp_path: Path
) -> None:
    """Of whatever type, they are gaps, as an empty column of CSV is."""
    table = pyarrow.Table.from_pandas(penguins)
    table = table.set_column(table.column_names.index(name), name, blank)
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pyarrow.parquet.write_table(table, path)
    assert predict(path, out, "--model", str(penguin_model.path)) == (0, ANY)
    answers = penguin_model.predict(penguins.assign(**{name: None}))
    found = pyarrow.parquet.read_table(out)
    assert found["label"].to_pylist() == [each.label for each in answers]
    assert found.schema.field(name).type == blank.type


def test_parquet_gaps_where_nothing_may_be_missing(predict: Run, tmp_path: Path) -> None:
    """A column that is all missing is a bad value in each row."""
    path = parquet(tmp_path / "in.parquet", sl=pyarrow.nulls(1), sw=[1], pl=[1], pw=[1])
    problem = "row 1: sepal_length: expected a finite number in cm, got null"
    assert predict(path) == (3, f"irisws: {path}: {problem}\n")


@pytest.mark.parametrize("kind", ["int64", "int8", "double"])
def test_parquet_bits_for_a_boolean(
    kind: str, penguins: Any, penguin_model: Model, predict: Run, tmp_path: Path
) -> None:
    """Numbers are booleans if all of them are 0 or 1, as in CSV."""
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    penguins.assign(ringed=penguins["ringed"].astype(kind.replace("double", "float"))).to_parquet(
        path
    )
    assert predict(path, out, "--model", str(penguin_model.path)) == (0, ANY)
    labels = pyarrow.parquet.read_table(out)["label"].to_pylist()
    assert labels == [each.label for each in penguin_model.predict(penguins)]
    penguins.assign(ringed=pyarrow.array([2, *[0] * 343]).cast(kind).to_pandas()).to_parquet(path)
    assert predict(path, out, "--model", str(penguin_model.path)) == (
        3,
        f"irisws: {path}: ringed: expected a column of booleans, got {kind}\n",
    )


def test_parquet_of_a_value_among_gaps(
    penguins: Any, penguin_model: Model, predict: Run, tmp_path: Path, monkeypatch: Any
) -> None:
    """One value is enough for a column of a wrong type, in whichever piece of the file it is."""
    monkeypatch.setattr(parquet_file, "_BATCH_ROWS", 100)
    values = [None] * 343 + [7.0]
    path = tmp_path / "in.parquet"
    penguins.assign(sex=values, bill_length_mm=[None] * 343 + [True]).to_parquet(path)
    assert predict(path, None, "--model", str(penguin_model.path)) == (
        3,
        f"irisws: {path}: 2 problems:\n"
        "  bill_length_mm: expected a column of numbers, got bool\n"
        "  sex: expected a column of strings, got double\n",
    )


@pytest.mark.parametrize("data", [b"", b"PAR1", b"sl,sw,pl,pw\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_no_parquet(predict: Run, tmp_path: Path, data: bytes) -> None:
    """What is no Parquet file is invalid data, in one line."""
    (tmp_path / "in.parquet").write_bytes(data)
    status, message = predict(tmp_path / "in.parquet")
    assert (status, "in.parquet: it is not Parquet: " in message, message.count("\n")) == (
        3,
        True,
        1,
    )


def test_damaged_parquet(predict: Run, tmp_path: Path) -> None:
    """Damage within the file ends the command with one line and leaves nothing."""
    path = parquet(tmp_path / "in.parquet", sl=[5.0] * 9, sw=[3.0] * 9, pl=[1.0] * 9, pw=[1.0] * 9)
    data = bytearray(path.read_bytes())
    data[4:40] = b"\xff" * 36
    path.write_bytes(data)
    status, message = predict(path)
    assert (status, "after row 0: " in message, message.count("\n")) == (3, True, 1)
    assert [found.name for found in tmp_path.iterdir()] == ["in.parquet"]


def test_extra_columns_get_their_type_from_the_first_rows(
    predict: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later value of another type is told, with its column."""
    monkeypatch.setattr(source, "CHUNK_BYTES", 150)
    lines = [json.dumps({"sl": 5, "sw": 3, "pl": 1, "pw": 1, "x": x}) for x in (1, 2, 3, 4, "a")]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    status, message = predict(tmp_path / "in.jsonl", tmp_path / "out.parquet")
    assert (status, "x does not fit the type int64 of the rows before" in message) == (3, True)


def test_suffixes_and_formats(predict: Run, flowers: Path, tmp_path: Path) -> None:
    """The suffix says the format, or a flag does."""
    assert predict(flowers, tmp_path / "out.dat") == (
        2,
        f"irisws: --output {tmp_path / 'out.dat'}: its suffix tells no format: "
        "give --output-format\n",
    )
    assert predict(flowers, tmp_path / "out.dat", "--output-format", "jsonl")[0] == 0
    assert len(read((tmp_path / "out.dat").rename(tmp_path / "o.jsonl"))) == FLOWERS.count("\n") - 1
