"""What is wrong is told, all of it, with a status that says whose fault it is."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from irisws import cli

Capture = pytest.CaptureFixture[str]
USAGE, INVALID, FAILURE = 2, 3, 1

SAVE = "save it as CSV in UTF-8"
KNOWN = "there are tree, forest, logistic, hist-gradient-boosting, and module:factory"
PLAIN = "a name has 1 to 256 characters, none of them a quotation mark, a backslash or a control"
NEEDED = "rows, at least 7 are needed for 5 folds beside the 0.2 held out"
CLASSIFIERS = "irisws trains classifiers only; cut it into classes first"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(capsys: Capture, *arguments: str) -> tuple[int, list[str]]:
    """The status, and the problems that were told; nothing goes to the output."""
    status = cli.main(["train", *arguments])
    captured = capsys.readouterr()
    assert captured.out == ""
    first, *others = captured.err.rstrip("\n").split("\n")
    assert first.startswith("irisws: ")
    problems = [line.strip() for line in others] or [first.removeprefix("irisws: ")]
    if others:
        assert first == f"irisws: {len(others)} problems:"
    return status, problems


def table(rows: int = 40, **columns: Any) -> pandas.DataFrame:
    """A table that trains, with other columns in place of its own."""
    good = {"x": np.linspace(0.5, 9.25, rows), "y": ["a", "b"] * (rows // 2)}
    return pandas.DataFrame({**good, **columns})


def save(frame: pandas.DataFrame) -> str:
    frame.to_csv("t.csv", index=False)
    return "t.csv"


def test_columns_that_are_not_there(capsys: Capture) -> None:
    """Every unknown column is told, with the one that may be meant."""
    assert train(
        *(capsys, save(table()), "--target", "Y", "--exclude", "ex", "--exclude", "name")
    ) == (
        USAGE,
        [
            "--target: there is no column 'Y', did you mean 'y'?",
            "--exclude: there is no column 'ex', did you mean 'x'?",
            "--exclude: there is no column 'name', there are 'x', 'y'",
        ],
    )


def test_excluded_target(capsys: Capture) -> None:
    """The target cannot be left out."""
    assert train(capsys, save(table()), "--target", "y", "--exclude", "y") == (
        USAGE,
        ["--exclude: 'y' is the target"],
    )


def test_options_out_of_range(capsys: Capture) -> None:
    """Numbers and names are looked at before the data, all of them."""
    status, problems = train(
        *(capsys, "none.csv", "--target", "y", "--test-size", "1", "--folds", "1"),
        *("--seed", "-1", "--name", "a b", "--model-version", ""),
    )
    assert (status, [problem.split(":")[0] for problem in problems]) == (
        USAGE,
        ["--test-size 1.0", "--folds 1", "--seed -1", "--name a b", "--model-version "],
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["t.csv"], "--target is required: the column of the labels"),
        (
            ["--target", "y", "--seed", "1"],
            "--seed, --target: name the DATA to train with, data.csv say",
        ),
    ],
)
def test_options_that_go_together(capsys: Capture, arguments: list[str], problem: str) -> None:
    """Data need a target, and a target needs data."""
    assert train(capsys, *arguments) == (USAGE, [problem])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["none.csv"], "no such file: none.csv"),
        (["."], "cannot read .: it is a directory"),
        (["t.csv", "--out", "."], "cannot write .: it is a directory"),
        (["t.csv", "--out", "no/m.onnx"], "cannot write {no}: there is no directory no"),
    ],
)
def test_files_that_are_none(capsys: Capture, arguments: list[str], problem: str) -> None:
    """What cannot be read or written is a failure, told before anything is trained."""
    expected = problem.format(no=Path("no", "m.onnx"))
    assert train(capsys, *arguments, "--target", "y") == (FAILURE, [expected])


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", ["is empty"]),
        (b"\xef\xbb\xbf\n\n", ["is empty"]),
        (b"x,y\n", ["has column names and no rows"]),
        (b"x,y\n1,caf\xe9\n", [f"is not UTF-8, in line 2 for the first time: {SAVE}"]),
        ("x,y\n1,a\n".encode("utf-16"), [f"is UTF-16 text: {SAVE}"]),
        (b"PK\x03\x04..", [f"is a zip archive, as Excel workbooks are: {SAVE}"]),
        (
            b"x,y\n1\n2,b\n3,c,d\n",
            [f"has {n} values in line {at}, and 2 column names" for n, at in ((1, 2), (3, 4))],
        ),
        (b'x,y\n1,"a\nb"\n2\n', ["has 1 values in line 4, and 2 column names"]),
        (b'x,y\n1,"a\n', ["breaks the rules of CSV in line 2: unexpected end of data"]),
        (
            b"x,y\n" + b"1\n" * 8,
            [
                *(f"has 1 values in line {at}, and 2 column names" for at in range(2, 7)),
                "has 3 more such lines",
            ],
        ),
        (b"x,x,y,,\n1,2,3,4,5\n", ["has 2 columns named 'x'", "has 2 columns without a name"]),
        (b"PAR1....PAR1", None),
    ],
)
def test_files_that_are_no_table(
    capsys: Capture, here: Path, content: bytes, problems: list[str] | None
) -> None:
    """What is no CSV is told, with the lines; a header's doubled names as well."""
    (here / "t.csv").write_bytes(content)
    status, told = train(capsys, "t.csv", "--target", "y")
    assert status == INVALID
    if problems is None:
        assert told[0].startswith("t.csv is not a whole Parquet file: ")
    else:
        assert told == [f"t.csv {problem}" for problem in problems]


def test_every_bad_column_at_once(capsys: Capture) -> None:
    """Columns that cannot be features are all told, and the target with them."""
    frame = table(
        gone=[None] * 40,
        day=["2026-11-22"] * 40,
        moment=["2026-11-22 10:00:00"] * 40,
        french=["22/11/2026"] * 40,
        endless=[float("inf"), *range(39)],
        y=["a", None] * 20,
    )
    frame['say "so"'] = 1
    assert train(capsys, save(frame), "--target", "y") == (
        INVALID,
        [
            "target 'y' is missing in 20 of 40 rows: fill it in, or leave these rows out",
            "target 'y' has one class only, a: a classifier needs two",
            "column 'gone' is all missing: --exclude it",
            "column 'day' holds dates or times: turn them into numbers, or --exclude it",
            "column 'moment' holds dates or times: turn them into numbers, or --exclude it",
            "column 'french' holds dates or times: turn them into numbers, or --exclude it",
            "column 'endless' holds 1 numbers that are infinite or beyond 1e+37",
            f"column 'say \"so\"': {PLAIN} character",
        ],
    )


@pytest.mark.parametrize(
    ("labels", "problems"),
    [
        (
            np.linspace(0, 1, 40),
            [
                "target 'y' holds 40 different numbers with fractions: that is a quantity, and "
                f"{CLASSIFIERS}"
            ],
        ),
        (["a"] * 40, ["target 'y' has one class only, a: a classifier needs two"]),
        (
            [None] * 40,
            [
                "target 'y' is missing in 40 of 40 rows: fill it in, or leave these rows out",
                "target 'y' has no class: a classifier needs two",
            ],
        ),
        (["a"] * 37 + ["b"] * 3, [f"class 'b' has 3 {NEEDED}"]),
        (
            list(range(8)) * 5,
            [
                *(f"class '{label}' has 5 {NEEDED}" for label in range(5)),
                "3 more classes have too few rows",
                f"if 'y' is a quantity and no class: {CLASSIFIERS}",
            ],
        ),
        (list(range(40)), ["40 rows with 40 classes are too few to hold out 0.2 of them"]),
        (["a", "b\\n"] * 20, [f"class of 'y' 'b\\\\n': {PLAIN} character"]),
    ],
)
def test_targets_that_are_none(capsys: Capture, labels: Any, problems: list[str]) -> None:
    """A quantity, one class, too few rows of a class, a name that no card takes."""
    assert train(capsys, save(table(y=labels)), "--target", "y") == (INVALID, problems)


def test_nothing_to_learn_from(capsys: Capture) -> None:
    """A target by itself is no data."""
    assert train(capsys, save(table()), "--target", "y", "--exclude", "x") == (
        INVALID,
        ["there is no column beside 'y' to learn from"],
    )


MINE = """
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.naive_bayes import MultinomialNB
number = 3
def nothing(): pass
def fails(): return 1 / 0
def a_class(): return DecisionTreeClassifier
def picky(): return MultinomialNB()
def tree(): return DecisionTreeClassifier()
"""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("forrest", f"no such estimator; did you mean forest? {KNOWN}"),
        ("mine:", f"no such estimator; {KNOWN}"),
        ("mine:tre", "module mine has no tre, did you mean tree?"),
        ("mine:number", "number is a int, and nothing to call"),
        ("mine:fails", "calling it fails: ZeroDivisionError: division by zero"),
        ("mine:nothing", "it returns a NoneType, and no scikit-learn classifier"),
        ("mine:a_class", "it returns the class DecisionTreeClassifier, and no classifier made"),
        ("mine:DecisionTreeRegressor", "it returns DecisionTreeRegressor, a regressor: "),
        ("sklearn.decomposition:PCA", "it returns a PCA, and no scikit-learn classifier"),
        ("sklearn.cluster:KMeans", "it returns KMeans, and no classifier"),
        ("nowhere:tree", "there is no module 'nowhere' in this folder, nor is one installed"),
        ("broken:tree", "importing broken fails: No module named 'nowhere'"),
        ("torn:tree", "importing torn fails: SyntaxError: "),
    ],
)
def test_estimators_that_are_none(
    capsys: Capture, here: Path, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    """No module, no such name in it, nothing to call, no classifier: each in a sentence."""
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (here / "mine.py").write_text(MINE, encoding="utf-8")
    (here / "broken.py").write_text("import nowhere", encoding="utf-8")
    (here / "torn.py").write_text("def (", encoding="utf-8")
    status, [told] = train(capsys, save(table()), "--target", "y", "--estimator", name)
    assert status == USAGE
    assert told.startswith(f"--estimator {name}: {problem}")


def test_estimator_that_refuses_the_data(capsys: Capture, here: Path) -> None:
    """What an estimator raises of its input is a failure in one line, and leaves no file."""
    table_with_negatives = save(table(x=np.linspace(-1, 1, 40)))
    name = "sklearn.naive_bayes:MultinomialNB"
    status, [told] = train(capsys, table_with_negatives, "--target", "y", "--estimator", name)
    assert status == FAILURE
    assert told.startswith(f"{name} cannot be fitted with these data: ValueError: Negative values")
    assert [path.name for path in here.iterdir()] == ["t.csv"]
