"""CSV in, CSV out: dialects, columns, and what is no CSV."""

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irisws.bulk import source
from irisws.model.model import Model
from tests.bulk.conftest import ADDED, ANSWERS, FLOWERS, Run

HEADER = b"sl,sw,pl,pw\n"
ROW = b"5.1,3.5,1.4,0.2\n"


@pytest.fixture
def answered(tmp_path: Path, predict: Run) -> Any:
    """Answer bytes, expecting success: the output's bytes."""

    def answer(data: bytes, *flags: str) -> bytes:
        (tmp_path / "in.csv").write_bytes(data)
        status, message = predict(tmp_path / "in.csv", None, *flags)
        assert status == 0, message
        return (tmp_path / "out.csv").read_bytes()

    return answer


@pytest.fixture
def refused(tmp_path: Path, predict: Run) -> Any:
    """Answer bytes, expecting exit status 3: the message; no output is left."""

    def answer(data: bytes, *flags: str) -> str:
        (tmp_path / "in.csv").write_bytes(data)
        status, message = predict(tmp_path / "in.csv", None, *flags)
        assert (status, [path.name for path in tmp_path.iterdir()]) == (3, ["in.csv"])
        return message.removeprefix(f"irisws: {tmp_path / 'in.csv'}: ").removesuffix("\n")

    return answer


def test_answers_stand_behind_the_rows(flowers: Path, predict: Run, tmp_path: Path) -> None:
    """Label, index and probabilities are added to each row."""
    status, message = predict(flowers)
    assert (status, message.startswith(f"irisws: wrote {tmp_path / 'out.csv'}: 3 rows in ")) == (
        0,
        True,
    )
    rows = zip(FLOWERS.splitlines(), [ADDED, *ANSWERS], strict=True)
    expected = "".join(f"{row},{answer}\n" for row, answer in rows)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == expected


def test_names_in_quotes(answered: Any) -> None:
    """Some programs quote every name."""
    quoted = b'"sl","sw","pl","pw"'
    assert answered(quoted + b"\n5.1,3.5,1.4,0.2\n").startswith(quoted + b",label,")
    assert b"setosa" in answered(b'"sl";"sw";"pl";"pw"\n5.1;3.5;1.4;0.2\n')


def test_columns_in_any_order_with_others_between(answered: Any) -> None:
    """Columns are found by name or alias; the others are carried through to the byte."""
    data = b'id,pw,petal_length,note,sw,sl\n 7 ,0.2,1.4,"a ""b"",\nc",3.5,5.1\n'
    head, rest = data.split(b"\n", 1)
    assert answered(data) == (
        head + b"," + ADDED.encode() + b"\n" + rest[:-1] + b"," + ANSWERS[0].encode() + b"\n"
    )


@pytest.mark.parametrize("delimiter", [b";", b"\t"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("extra", [b"", "ä".encode()])
def test_dialects_are_kept(
    answered: Any, delimiter: bytes, line_end: bytes, mark: bytes, extra: bytes
) -> None:
    """Delimiter, line ends and byte order mark of the output are those of the input."""
    data = mark + (HEADER + ROW)[:-1].replace(b"pw\n", b"pw,x\n") + b"," + extra
    data = data.replace(b",", delimiter).replace(b"\n", line_end)  # the last line has no end
    lines = answered(data).split(line_end)
    assert lines[0] == mark + (b"sl,sw,pl,pw,x," + ADDED.encode()).replace(b",", delimiter)
    added = b"," + extra + b"," + ANSWERS[0].encode()
    assert lines[1:] == [(ROW[:-1] + added).replace(b",", delimiter), b""]


def test_numbers_as_people_write_them(answered: Any) -> None:
    """Blanks, signs, leading dots and exponents; blank lines are no rows."""
    data = HEADER + b"\n 5.1 ,+3.5,14e-1,.2\n\n\n6,2.9,4.5,1.5\n\n"
    assert answered(data).splitlines()[1:] == [
        b" 5.1 ,+3.5,14e-1,.2," + ANSWERS[0].encode(),
        b"6,2.9,4.5,1.5," + ANSWERS[1].encode(),
    ]


def test_prefix_resolves_a_clash(refused: Any, answered: Any) -> None:
    """Columns of the names that are added are refused, or get out of the way."""
    data = b"label,sl,sw,pl,pw\nx,5.1,3.5,1.4,0.2\n"
    assert refused(data) == (
        "the input has columns of the names that are added: label; "
        "give the added ones another name with --prefix"
    )
    assert answered(data, "--prefix", "p.").startswith(b"label,sl,sw,pl,pw,p.label,p.index,p.prob")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty: a header with the names of the columns must come first"),
        (b" \n\n", "it is empty: a header with the names of the columns must come first"),
        ("sl,sw".encode("utf-16"), "it is UTF-16 text: save it as CSV in UTF-8"),
        (
            gzip.compress(HEADER + ROW, mtime=0),
            "it is compressed with gzip: save it as CSV in UTF-8",
        ),
        (
            b"PK\x03\x04\n\xff",
            "it is a zip archive, as Excel workbooks are: save it as CSV in UTF-8",
        ),
        (
            b"SEPAL_LENGTH,sw,pl,pw\n",
            "there is no column sepal_length (or sl) in cm; is it 'SEPAL_LENGTH'?",
        ),
        (HEADER + ROW + b"1,2,3,\xe9\n", "line 3: is not in UTF-8: save the file as CSV in UTF-8"),
        (HEADER + ROW + b'1,2,3,"4', "line 3: a quote is opened and not closed"),
        (HEADER + ROW + b'1,2,3,"4"5\n', "line 3: ',' expected after '\"'"),
        (HEADER + b"1,2,3,4\r1,2,3,4\n", "line 2: holds a carriage return without a line feed"),
        (b'sl,"sw', "line 1: a quote is opened and not closed"),
        (
            HEADER + b'1,2,3,"' + b"x\n" * 70_000,
            "line 2: a cell is longer than 131,072 characters: is a quote left open?",
        ),
        (HEADER + ROW + b"1,2,3\n", "row 2 (line 3): expected 4 cells, got 3"),
        (HEADER + b"1,2,3,4,5\n", "row 1 (line 2): expected 4 cells, got 5"),
        (
            HEADER + b"1,2,3,4\x00\n",
            "row 1 (line 2): petal_width: expected a finite number in cm, got '4\\x00'",
        ),
        (HEADER + b"1,2,3,\n", "row 1 (line 2): petal_width: is an empty cell"),
        (
            b"sl,sw,pl,petal_widht,pl\n1,2,3,4,5\n",
            "2 problems:\n  petal_length has 2 columns: pl, pl\n"
            "  there is no column petal_width (or pw) in cm; is it 'petal_widht'?",
        ),
        (
            HEADER + b'"a\nb",inf,1e39,1_0\n' + ROW + b"0x1,-,nan,1e400\n",
            "8 problems:\n"
            "  row 1 (line 2): sepal_length: expected a finite number in cm, got 'a\\nb'\n"
            "  row 1 (line 2): sepal_width: expected a finite number in cm, got 'inf'\n"
            "  row 1 (line 2): petal_length: expected a finite number in cm, got '1e39'\n"
            "  row 1 (line 2): petal_width: expected a finite number in cm, got '1_0'\n"
            "  row 3 (line 5): sepal_length: expected a finite number in cm, got '0x1'\n"
            "  row 3 (line 5): sepal_width: expected a finite number in cm, got '-'\n"
            "  row 3 (line 5): petal_length: expected a finite number in cm, got 'nan'\n"
            "  row 3 (line 5): petal_width: expected a finite number in cm, got '1e400'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(refused: Any, data: bytes, message: str) -> None:
    """Every problem of the first bad chunk, with rows and lines."""
    assert refused(data) == message


def test_no_more_problems_than_anyone_reads(refused: Any) -> None:
    """A file of nothing but errors has a message of bounded length."""
    lines = refused(HEADER + b"a,b,c,d\n" * 100).splitlines()
    assert (len(lines), lines[0], lines[-1]) == (102, "101 problems:", "  and 300 problems more")


def test_header_only(answered: Any) -> None:
    """A table of no rows has an answer: one of no rows."""
    assert answered(HEADER) == b"sl,sw,pl,pw," + ADDED.encode() + b"\n"


@pytest.mark.parametrize("note", ["plain", "quoted, with\nline ends and ä"])
def test_chunks_do_not_show(
    answered: Any, iris: Model, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    """Wherever the chunks are cut, every row has the answer that the model gives it."""
    monkeypatch.setattr(source, "CHUNK_BYTES", 61)
    rows = np.random.default_rng(5).uniform(0, 8, (400, 4)).round(3).tolist()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sl", "n", "sw", "pl", "pw"])
    writer.writerows([row[0], note, *row[1:]] for row in rows)
    data = text.getvalue().encode()
    found = list(csv.reader(io.StringIO(answered(data).decode(), newline="")))[1:]
    assert [row[:5] for row in found] == [[str(r[0]), note, *map(str, r[1:])] for r in rows]
    assert [(row[5], list(map(float, row[7:]))) for row in found] == [
        (one.label, list(one.probabilities.values())) for one in iris.predict(rows)
    ]


def test_line_numbers_go_on_over_chunks(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and lines are counted from the file's start, not the chunk's."""
    monkeypatch.setattr(source, "CHUNK_BYTES", 64)
    data = HEADER + 20 * ROW + b'"5.1\n",3,1,1\n' + 20 * ROW + b"\n\n" + b"?,1,1,1\n"
    assert refused(data.replace(b'"5.1\n"', b'"5.1"')).startswith("row 42 (line 45): sepal_length")
    assert refused(data).startswith("row 21 (line 22): sepal_length: expected a finite number")


def test_penguins(
    answered: Any, penguins: Any, penguin_model: Model, predict: Run, tmp_path: Path
) -> None:
    """Strings, booleans and missing values: each row has the answer that the model gives it."""
    penguins.to_csv(tmp_path / "p.csv", index_label="id")
    model = str(penguin_model.path)
    assert predict(tmp_path / "p.csv", None, "--model", model)[0] == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    expected = penguin_model.predict(penguins)
    assert [(row["id"], row["label"]) for row in found] == [
        (str(at), one.label) for at, one in enumerate(expected)
    ]
    assert [
        {name: float(row[f"probability_{name}"]) for name in one.probabilities}
        for row, one in zip(found, expected, strict=True)
    ] == [one.probabilities for one in expected]


def test_cells_of_other_kinds(
    predict: Run, penguins: Any, penguin_model: Model, tmp_path: Path
) -> None:
    """Booleans, integers and values that may be missing say what they expect."""
    row = "Dream,,18,180,3700,male,{year},{ringed}"
    cells = [("2007", "maybe"), ("2007.5", "TRUE"), ("", "0"), ("2008.0", "1"), ("x", "")]
    lines = [row.format(year=year, ringed=ringed) for year, ringed in cells]
    text = "\n".join([",".join(penguins.columns), *lines, "Dream,n.a.,18,180,3700,,2007,true"])
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    status, message = predict(tmp_path / "p.csv", None, "--model", str(penguin_model.path))
    assert status == 3
    assert message.splitlines()[1:] == [
        "  row 1 (line 2): ringed: expected true or false, got 'maybe'",
        "  row 2 (line 3): year: expected a whole number, got '2007.5'",
        "  row 3 (line 4): year: is an empty cell",
        "  row 5 (line 6): year: expected a whole number, got 'x'",
        "  row 5 (line 6): ringed: is an empty cell",
        "  row 6 (line 7): bill_length_mm: expected a finite number or an empty cell, got 'n.a.'",
    ]


def test_no_probabilities(
    flowers: Path, predict: Run, without_probabilities: Model, tmp_path: Path
) -> None:
    """A model that gives none adds label and index alone."""
    text = flowers.read_text(encoding="utf-8").split("\n", 1)[1]
    flowers.write_text("x0,x1,x2,x3\n" + text, encoding="utf-8")
    assert predict(flowers, None, "--model", str(without_probabilities.path))[0] == 0
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[4:] for line in lines] == [
        ["label", "index"],
        ["0", "0"],
        ["1", "1"],
        ["2", "2"],
    ]
