"""`irisws train` with real data, by each estimator, held against scikit-learn's own answers."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from irisws import cli
from irisws.model.model import Model
from tests.training.conftest import ENVIRON, PYTHON

Train = Callable[..., tuple[str, str]]

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
STRINGS = ["island", "sex"]


def train(folder: Path, *arguments: str) -> tuple[str, str]:
    """Run `irisws train` in a folder: its output and its messages."""
    result = subprocess.run(
        [*PYTHON, "train", *arguments],
        capture_output=True,
        cwd=folder,
        env={**os.environ, **ENVIRON},
        timeout=300,
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode(), result.stderr.decode()


@pytest.fixture
def train_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Train:
    """Run `irisws train` in this process, in an empty folder: its output and its messages."""
    monkeypatch.chdir(tmp_path)

    def train_here(*arguments: str) -> tuple[str, str]:
        assert cli.main(["train", *arguments]) == 0
        captured = capsys.readouterr()
        return captured.out, captured.err

    return train_here


def encoding(*steps: Any, **options: Any) -> ColumnTransformer:
    """What the guide says that a mixed table goes through."""
    return ColumnTransformer(
        [
            ("n", make_pipeline(*steps) if steps else "passthrough", NUMBERS),
            ("s", OneHotEncoder(handle_unknown="ignore", **options), STRINGS),
        ]
    )


MEDIAN = SimpleImputer(strategy="median")
OWN = {
    "forest": make_pipeline(encoding(MEDIAN), RandomForestClassifier(random_state=0)),
    "logistic": make_pipeline(
        encoding(MEDIAN, StandardScaler()), LogisticRegression(max_iter=1000)
    ),
    "hist-gradient-boosting": make_pipeline(
        encoding(sparse_output=False), HistGradientBoostingClassifier(random_state=0)
    ),
}


@pytest.mark.parametrize("estimator", OWN)
def test_penguins_by_each_estimator(
    data: Path, penguins: Any, tmp_path: Path, estimator: str
) -> None:
    """The file answers as an estimator that scikit-learn fits with the same table."""
    out = tmp_path / "penguins.onnx"
    csv = str(data / "penguins.csv")
    printed, messages = train(
        tmp_path, csv, "--target", "species", "--estimator", estimator, "--out", str(out)
    )
    model = load(printed)
    X = penguins.drop(columns="species").astype(dict.fromkeys(STRINGS, object))
    assert_agrees(model, clone(OWN[estimator]).fit(X, penguins["species"].astype(object)), X)
    assert messages == ""
    kind = type(OWN[estimator].steps[-1][1]).__name__
    assert f"estimator   {estimator}: {kind}(" in printed


def assert_agrees(model: Model, own: Any, X: Any) -> None:
    """Each row, as JSON has it, gets scikit-learn's label and probabilities."""
    predictions = model.predict(X.astype(object).where(X.notna(), None).to_dict("records"))
    assert [each.label for each in predictions] == own.predict(X).tolist()
    given = [list(each.probabilities.values()) for each in predictions]
    assert np.abs(np.array(given) - own.predict_proba(X)).max() < 1e-5


def load(printed: str) -> Model:
    """The model that the output says was packed."""
    [path] = re.findall(r"^packed (.+?): ", printed, re.MULTILINE)
    trust = re.findall(r"^to serve it, trust: (.+)$", printed, re.MULTILINE)
    return Model.load(path, trust=trust[0].split(",") if trust else ())


@pytest.fixture(scope="module")
def tree(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A tree of penguins, and what was printed of it."""
    folder = tmp_path_factory.mktemp("tree")
    csv = str(data / "penguins.csv")
    printed, _ = train(
        folder, csv, "--target", "species", "--estimator", "tree", "--exclude", "year", "--seed=3"
    )
    return folder / "penguins.onnx", printed


def test_card_says_what_it_was_trained_with(tree: tuple[Path, str]) -> None:
    """Kinds, missing values, data, seed and rows are in the card; the file has the data's name."""
    card = Model.load(tree[0]).card
    assert (card.name, card.version, card.provenance.seed, card.provenance.rows) == (
        *("penguins", "1.0"),
        *(3, 344),
    )
    assert re.fullmatch(
        "penguins.csv, target species, SHA-256 [0-9a-f]{64}", card.provenance.data_set or ""
    )
    assert [(f.name, f.kind, f.missing) for f in card.features] == [
        ("island", "string", False),
        ("bill_length_mm", "number", True),
        ("bill_depth_mm", "number", True),
        ("flipper_length_mm", "number", True),
        ("body_mass_g", "number", True),
        ("sex", "string", True),
    ]


def test_scores_are_those_of_the_training_part(tree: tuple[Path, str], penguins: Any) -> None:
    """Cross-validated without the rows held out; then the tree is fitted with them all."""
    X = penguins.drop(columns=["species", "year"]).astype(dict.fromkeys(STRINGS, object))
    y = penguins["species"].astype(object)
    numbers = [name for name in NUMBERS if name != "year"]
    own = make_pipeline(
        ColumnTransformer(
            [("n", MEDIAN, numbers), ("s", OneHotEncoder(handle_unknown="ignore"), STRINGS)]
        ),
        DecisionTreeClassifier(random_state=3),
    )
    train_X, test_X, train_y, test_y = train_test_split(
        X, y, test_size=0.2, random_state=3, stratify=y
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    scores = {score.metric: score for score in Model.load(tree[0]).card.scores}
    assert list(scores) == ["accuracy", "balanced_accuracy", "log_loss"]
    for metric, scoring in (
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced_accuracy"),
    ):
        expected = cross_val_score(own, train_X, train_y, cv=folds, scoring=scoring)
        assert scores[metric].mean == pytest.approx(expected.mean(), abs=1e-4)
        assert scores[metric].standard_deviation == pytest.approx(expected.std(), abs=1e-4)
        assert scores[metric].folds == 5
    assert_agrees(Model.load(tree[0]), clone(own).fit(X, y), X)
    held_out = own.fit(train_X, train_y).score(test_X, test_y)
    assert re.search(rf"^  accuracy +\S+ ± \S+ +{held_out:.3f}$", tree[1], re.MULTILINE)


def test_printed_card(tree: tuple[Path, str]) -> None:
    """A person sees the data, the classes, the scores, what is confused, and what matters."""
    printed = tree[1]
    for line in (
        r"data        penguins\.csv: 344 rows, 6 features",
        r"target      species",
        r"  sex +string +2 categories +11 missing",
        r"  body_mass_g +number +2700 to 6300 +2 missing",
        r"  Gentoo +124 rows +36\.0%",
        r"scores      5 folds of 275 rows, and 69 rows held out",
        r"  always the most frequent class: accuracy 0\.442",
        r"  Gentoo( +\d+){3}",
        r"importance  accuracy lost on the rows held out when the column is shuffled",
        r"  bill_length_mm +0\.\d{3} ± 0\.\d{3}",
        r"fitted with all 344 rows, those held out as well",
        r"packed penguins\.onnx: penguins 1\.0 \(.{8}\)",
        r"[\d,]+ rows compared with scikit-learn: 0 labels differ, probabilities by up to \S+",
    ):
        assert re.search(f"^{line}$", printed, re.MULTILINE), line


def test_confusion_is_of_the_rows_held_out(tree: tuple[Path, str]) -> None:
    """The matrix has a line for each class; each row held out is in it once."""
    matrix = tree[1].split("confusion", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    counts = np.array([line.split()[1:] for line in matrix], dtype=int)
    assert (counts.shape, counts.sum(axis=1).tolist()) == ((3, 3), [30, 14, 25])


def test_same_seed_same_file(tree: tuple[Path, str], data: Path, train_here: Train) -> None:
    """The same data, options and day give the same bytes, whatever the file is called."""
    csv = str(data / "penguins.csv")
    options = ["--target", "species", "--estimator", "tree", "--exclude", "year", "--seed=3"]
    train_here(csv, *options, "--out", "again.onnx")
    assert Path("again.onnx").read_bytes() == tree[0].read_bytes()


def test_numbers_alone_need_no_pipeline(data: Path, train_here: Train) -> None:
    """A tree of numbers is packed as it is, for the fast way of answering; two classes have AUC."""
    csv = str(data / "cancer.csv")
    printed, _ = train_here(
        *(csv, "--target", "target", "--estimator", "tree", "--name", "tumour"),
        *("--model-version", "7", "--test-size", "0.3", "--folds", "3"),
    )
    card = Model.load("tumour.onnx").card
    assert card.provenance.estimator == "DecisionTreeClassifier(random_state=0)"
    assert (card.version, [score.folds for score in card.scores]) == ("7", [3, 3, 3, 3])
    assert [score.metric for score in card.scores][-1] == "roc_auc"
    assert "scores      3 folds of 398 rows, and 171 rows held out" in printed


def test_many_columns_and_constant_ones(data: Path, train_here: Train) -> None:
    """64 pixels: the list is cut, pixels that are always 0 are warned of, labels are integers."""
    csv = str(data / "digits.csv")
    printed, messages = train_here(csv, "--target", "target", "--estimator", "tree")
    assert messages.splitlines() == [
        f"warning: column 'pixel_{name}' holds one value only: the model learns nothing from it"
        for name in ("0_0", "4_0", "4_7")
    ]
    assert printed.count("  and 44 more\n") == 2
    card = Model.load("digits.onnx").card
    assert [target.value for target in card.classes] == list(range(10))


def test_served(tree: tuple[Path, str]) -> None:
    """The trained file is served; a row as JSON, a value of it missing, gets its species."""
    command = [*PYTHON, "serve", "--port", "0", "--model", str(tree[0])]
    with running(command) as server:
        assert server.stderr is not None
        url = server.stderr.readline().split()[-1]
        row = {"island": "Biscoe", "bill_length_mm": 46.1, "bill_depth_mm": 13.2}
        row |= {"flipper_length_mm": 211, "body_mass_g": None, "sex": None}
        body = json.dumps({"instances": [row]}).encode()
        request = urllib.request.Request(f"{url}/v1/predict", body)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as response:
            assert json.load(response)["predictions"][0]["label"] == "Gentoo"


class running:
    """A process for the time of a `with`."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self._process: subprocess.Popen[str] = subprocess.Popen(
            command, stderr=subprocess.PIPE, encoding="utf-8", **options
        )

    def __enter__(self) -> "subprocess.Popen[str]":
        return self._process

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()


FACTORIES = """
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression

def pipeline():
    return make_pipeline(StandardScaler(with_mean=False), LogisticRegression(C=0.5, max_iter=500))
"""


def test_own_pipeline_from_the_current_folder(data: Path, tmp_path: Path) -> None:
    """A pipeline of one's own gets the table as it is, and nothing is put before it."""
    (tmp_path / "mine.py").write_text(FACTORIES, encoding="utf-8")
    csv = str(data / "wine.csv")
    train(tmp_path, csv, "--target", "target", "--estimator", "mine:pipeline", "--out", "m.onnx")
    assert Model.load(tmp_path / "m.onnx").card.provenance.estimator == (
        "Pipeline(steps=[('standardscaler', StandardScaler(with_mean=False)), "
        "('logisticregression', LogisticRegression(C=0.5, max_iter=500, random_state=0))])"
    )


def test_class_of_a_library_behind_the_encoding(data: Path, train_here: Train) -> None:
    """Any classifier that is called without arguments will do, with missing values as well."""
    csv = str(data / "penguins.csv")
    printed, _ = train_here(
        *(csv, "--target", "species"),
        *("--estimator", "sklearn.discriminant_analysis:LinearDiscriminantAnalysis"),
        *("--exclude", "island", "--exclude", "sex"),
    )
    card = load(printed).card
    assert "SimpleImputer" in card.provenance.estimator
    assert card.features[0].name == "bill_length_mm"


def test_standard_input(data: Path, train_here: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is the data of another program; the model is called `model`."""
    content = io.BytesIO((data / "wine.csv").read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content))
    printed, _ = train_here("-", "--target", "target", "--estimator", "tree")
    assert "data        standard input: 178 rows, 13 features" in printed
    assert Model.load("model.onnx").card.name == "model"


def test_many_classes_and_no_probabilities(train_here: Train) -> None:
    """Of many classes the pairs confused most are shown; without probabilities there is no loss."""
    rows = np.arange(450)
    classes = [f"c{each:02}" for each in rows % 15]
    noise = np.random.default_rng(0).normal(size=450)
    pandas.DataFrame({"x": rows % 15 + noise / 2, "z": noise, "y": classes}).to_csv("t.csv")
    printed, _ = train_here("t.csv", "--target", "y", "--estimator", "sklearn.svm:LinearSVC")
    card = load(printed).card
    assert [score.metric for score in card.scores] == ["accuracy", "balanced_accuracy"]
    assert "confusion   of the rows held out, the most frequent\n" in printed
    assert re.search(r"^  c\d\d +as c\d\d +\d rows?$", printed, re.MULTILINE)


def test_booleans_integers_and_unknown_categories(train_here: Train) -> None:
    """Booleans, of which some are missing, are booleans; an unknown category is answered."""
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "visits": rng.integers(0, 9, 200),
            "städte": rng.choice(["Köln", "北京"], 200),
            "paid (yes/no)": rng.random(200) > 0.5,
            "mail": rng.choice(["True", "False", ""], 200),
        }
    )
    frame["stays"] = np.where(frame["paid (yes/no)"] | (frame["visits"] > 6), "yes", "no")
    frame.to_csv("t.csv", index=False)
    train_here("t.csv", "--target", "stays", "--estimator", "tree")
    model = Model.load("t.onnx")
    assert [(f.kind, f.missing) for f in model.card.features] == [
        *(("integer", False), ("string", False)),
        *(("boolean", False), ("boolean", True)),
    ]
    row = {"visits": 8, "städte": "Oslo", "paid (yes/no)": False, "mail": None}
    assert model.predict([row])[0].label == "yes"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminal of this kind")
def test_progress_on_a_terminal(data: Path, tmp_path: Path) -> None:
    """A terminal shows what is being done on one line, which is gone at the end."""
    import pty

    ours, theirs = pty.openpty()
    command = [*PYTHON, "train", str(data / "wine.csv"), "--target", "target", "--estimator=tree"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, timeout=300)
    os.close(theirs)
    shown = b"".join(read_all(ours)).decode()
    assert done.returncode == 0
    assert "\rreading the data" in shown
    assert "\rfold 5 of 5" in shown
    assert "\rimportance of column 13 of 13" in shown
    assert shown.rsplit("\r", 2)[1].strip() == ""
    assert "\n" not in shown


def read_all(descriptor: int) -> Iterator[bytes]:
    """What a closed terminal has shown; Linux ends it with an error."""
    try:
        while chunk := os.read(descriptor, 65536):
            yield chunk
    except OSError:
        pass
    finally:
        os.close(descriptor)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a group there")
def test_interrupt_leaves_no_file(data: Path, tmp_path: Path) -> None:
    """Ctrl-C while it trains: status 130, no traceback, and an older file stays as it was."""
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "m.onnx").write_bytes(b"old")
    options = ["--target", "target", "--estimator", "slow:make", "--out", "m.onnx"]
    with running([*PYTHON, "train", str(data / "wine.csv"), *options], cwd=tmp_path) as process:
        wait_for(tmp_path / "fitting", process)
        process.send_signal(signal.SIGINT)
        messages = process.communicate(timeout=60)[1]
        assert (process.returncode, messages) == (130, "")
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"slow.py", "fitting", "m.onnx"}
    assert (tmp_path / "m.onnx").read_bytes() == b"old"


SLOW = """
import pathlib, time
from sklearn.tree import DecisionTreeClassifier

class Slow(DecisionTreeClassifier):
    def fit(self, X, y):
        pathlib.Path("fitting").touch()
        time.sleep(120)

def make():
    return Slow()
"""


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
