"""Models that are served with scikit-learn itself: whom they trust, and what they refuse."""

import json
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from skops.io import dumps
from webtest import TestApp as WebClient

import irisws
from irisws.cli import _with_threads, main
from irisws.model import skops_file
from irisws.model.model import Model, UnusableModel
from irisws.settings import Settings
from tests.model import hostile_skops as hostile

DATA: tuple[Any, Any] = load_iris(return_X_y=True)
KNN_TYPES = (
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
)
ROOT = Path(__file__).parents[2]


def packed(estimator: Any, folder: Path) -> Path:
    options: Any = {"name": "m", "engine": "skops", "report": None}
    model = irisws.pack(estimator.fit(*DATA), *DATA, folder / "m.onnx", **options)
    assert model.path == folder / "m.skops"
    return model.path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of types that skops trusts by itself."""
    return packed(GaussianNB(), tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of two types that it does not trust."""
    return packed(KNeighborsClassifier(), tmp_path_factory.mktemp("neighbours"))


def refusal(data: bytes, folder: Path, name: str = "m.skops", **options: Any) -> str:
    """What is said of a file with these bytes, without its path."""
    path = folder / name
    path.write_bytes(data)
    with pytest.raises(UnusableModel) as error:
        Model.load(path, **options)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path} ")
    return message.removeprefix(f"{path} ")


def test_answers_are_scikit_learns(neighbours: Path) -> None:
    """Labels and probabilities, alone and from many threads at once, are those of the estimator."""
    model = Model.load(neighbours, trust=KNN_TYPES)
    estimator = KNeighborsClassifier().fit(*DATA)
    rows = np.random.default_rng(0).uniform(0, 8, size=(300, 4))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda row: model.predict([row])[0], rows))
    assert [each.index for each in found] == estimator.predict(rows).tolist()
    probabilities = [[*each.probabilities.values()] for each in found]
    np.testing.assert_allclose(probabilities, estimator.predict_proba(rows), atol=1e-6)


def test_engine_is_told(plain: Path, iris: Model) -> None:
    """The model says what answers, and why; so does the card that the service shows."""
    model = Model.load(plain)
    engine = f"scikit-learn {sklearn.__version__}, because it was asked for"
    assert (model.engine, model.is_batching) == (engine, True)
    assert WebClient(irisws.create_app(model)).get("/v1/model").json["engine"] == engine
    assert iris.engine.startswith("ONNX Runtime ")
    assert not iris.is_batching


def test_same_estimator_gives_the_same_bytes(plain: Path, tmp_path: Path) -> None:
    """The names that skops takes from places in memory are not in the file."""
    assert packed(GaussianNB(), tmp_path).read_bytes() == plain.read_bytes()


def test_no_job_of_its_own(tmp_path: Path) -> None:
    """A request takes the thread that asks, and no other thread or process."""
    forest = BaggingClassifier(KNeighborsClassifier(n_jobs=1), 2, n_jobs=1)
    path = packed(forest, tmp_path)
    engine: Any = Model.load(path, trust=KNN_TYPES)._engine
    loaded = engine.engine.estimator
    assert [loaded.n_jobs, *(part.n_jobs for part in loaded.estimators_)] == [None, None, None]


# Trust.


@pytest.mark.parametrize("trust", [(), KNN_TYPES[:1], KNN_TYPES[1:], ("os.system",)])
def test_types_must_be_trusted(neighbours: Path, tmp_path: Path, trust: tuple[str, ...]) -> None:
    """Every type that is not on the operator's list is named, with the flag to name it in."""
    missing = [name for name in KNN_TYPES if name not in trust]
    assert refusal(neighbours.read_bytes(), tmp_path, trust=trust) == (
        f"cannot be used: it holds types that are not trusted: {', '.join(missing)}. If you trust "
        f'them, say so with --trust "{",".join(missing)}", or in IRISWS_TRUST'
    )


def test_file_cannot_widen_the_trust(neighbours: Path, tmp_path: Path) -> None:
    """A list in the card or in the schema is not looked at."""
    data = hostile.with_card(neighbours.read_bytes(), lambda card: card.update(trust=KNN_TYPES))
    data = hostile.with_schema(data, lambda schema: schema.update(trusted=KNN_TYPES))
    assert "types that are not trusted" in refusal(data, tmp_path)


def test_commands_take_the_trust(
    neighbours: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """verify, predict and openapi make the types that --trust or IRISWS_TRUST names."""
    flag = ["--trust", ",".join(KNN_TYPES)]
    row = [part for at in range(4) for part in (f"--x{at}", "5")]
    assert main(["verify", str(neighbours), *flag]) == 0
    assert "engine         scikit-learn " in capsys.readouterr().out
    assert main(["predict", "--model", str(neighbours), *flag, *row]) == 0
    assert capsys.readouterr().out == f"{KNeighborsClassifier().fit(*DATA).predict([[5] * 4])[0]}\n"
    monkeypatch.setenv("IRISWS_TRUST", f"{KNN_TYPES[0]}, {KNN_TYPES[1]}")
    assert main(["openapi", "--model", str(neighbours)]) == 0


@pytest.mark.parametrize("command", [["verify"], ["openapi", "--model"], ["serve", "--model"]])
def test_commands_refuse_in_one_line(
    neighbours: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Exit status 4; the types and the flag are named."""
    assert main([*command, str(neighbours)]) == 4
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f'--trust "{",".join(KNN_TYPES)}", or in IRISWS_TRUST' in message


@pytest.mark.parametrize("trust", ["", "Tree", "a.b,", "a.b c.d", "a.b;c.d", "a..b", "a.1", "*"])
def test_bad_names_are_wrong_usage(
    plain: Path, capsys: pytest.CaptureFixture[str], trust: str
) -> None:
    """What is no full name of a type is told before any file is opened."""
    assert main(["verify", str(plain), f"--trust={trust}"]) == 2
    assert "expected full names of types such as" in capsys.readouterr().err


def test_inspect_makes_no_objects(neighbours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The card can be read of any file, and needs no trust."""
    assert main(["inspect", str(neighbours)]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "m"


def test_more_threads_for_batches(plain: Path, iris: Model) -> None:
    """A model that answers in batches gets threads that wait for them, unless a number is given."""
    model = Model.load(plain)
    assert _with_threads(Settings(), model).threads == 32
    assert _with_threads(Settings(threads=2), model).threads == 2
    assert _with_threads(Settings(), iris).threads is None


# Files that mean harm.


@pytest.fixture(scope="module")
def outcomes(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of every hostile file, in a process of its own that listens to audit events."""
    folder, data = tmp_path_factory.mktemp("hostile"), plain.read_bytes()
    marker = folder.parent / "marker"
    (folder / "good.skops").write_bytes(data)
    for name, node in hostile.attacks(str(marker)).items():
        as_whole = hostile.with_schema(data, hostile.instead_of_the_estimator(node))
        as_part = hostile.with_schema(data, hostile.attribute_of_the_estimator(node))
        (folder / f"whole-{name}").write_bytes(as_whole)
        (folder / f"part-{name}").write_bytes(as_part)
    for name in ("pickle.skops", "pickle.onnx"):
        (folder / name).write_bytes(pickle.dumps(GaussianNB().fit(*DATA)))
    command = [sys.executable, "-m", "tests.model.hostile_skops", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    assert not marker.exists()
    return json.loads(done.stdout)


def test_nothing_of_a_file_is_run_or_unpickled(outcomes: Any) -> None:
    """No hostile file starts a program, and no file at all is unpickled, a good one included."""
    assert outcomes["events"] == []
    assert outcomes["outcomes"]["good.skops"].startswith("Proof(rows=")


@pytest.mark.parametrize("name", hostile.attacks(""))
@pytest.mark.parametrize("place", ["whole", "part"])
def test_hostile_type_is_named(outcomes: Any, place: str, name: str) -> None:
    """As the whole estimator, and as an attribute that nothing uses."""
    message = outcomes["outcomes"][f"{place}-{name}"]
    assert message.startswith("refused: ")
    listed = re.search(r'--trust "([^"]*)"', message)
    assert listed is not None
    assert name in listed[1].split(",")


@pytest.mark.parametrize(
    ("name", "kind"), [("pickle.skops", "a skops"), ("pickle.onnx", "an ONNX")]
)
def test_pickle_under_another_name(outcomes: Any, name: str, kind: str) -> None:
    """A pickle is just another file that is none of ours."""
    assert outcomes["outcomes"][name].endswith(f"{name} is not {kind} file")


@pytest.mark.parametrize("name", ['a.b" ; reboot; "', "a.b\nirisws: proved", "a.\x1b[2J", "a.b-c"])
def test_names_that_are_not_for_a_terminal(plain: Path, tmp_path: Path, name: str) -> None:
    """A file may not write commands that somebody copies, nor lines that we did not write."""
    change = hostile.attribute_of_the_estimator(hostile.node(name, "FunctionNode"))
    message = refusal(hostile.with_schema(plain.read_bytes(), change), tmp_path)
    assert message == f"cannot be used: it names a type as no type is named: {ascii(name)}"


# Files that are broken.


@pytest.mark.parametrize("part", [0.01, 0.3, 0.9, 0.999])
def test_truncated(plain: Path, tmp_path: Path, part: float) -> None:
    """A file cut anywhere is recognised as cut."""
    data = plain.read_bytes()
    message = "is cut off: it ends in the middle of the model"
    assert refusal(data[: int(len(data) * part)], tmp_path) == message


def test_altered_bytes(plain: Path, tmp_path: Path) -> None:
    """A byte of a member that is not what it was is found by the archive's checksums."""
    data = bytearray(plain.read_bytes())
    data[200] ^= 1
    assert refusal(bytes(data), tmp_path) == "is damaged: the checksums in it do not agree"


def test_altered_member(plain: Path, tmp_path: Path) -> None:
    """A member that was replaced with all its checksums is found by the card's SHA-256."""
    parts = hostile.members(plain.read_bytes())
    parts["schema.json"] += b" "
    message = refusal(hostile.archived(parts), tmp_path)
    assert message.startswith("was altered after it was packed: ")


def test_added_member(plain: Path, tmp_path: Path) -> None:
    """So is one that was not there."""
    parts = hostile.members(plain.read_bytes()) | {"more.npy": b""}
    assert refusal(hostile.archived(parts), tmp_path).startswith("was altered after it was packed")


def test_altered_golden_row(plain: Path, tmp_path: Path) -> None:
    """A card that says something else than the estimator does not prove itself."""

    def change(card: Any) -> None:
        card["golden"][0]["index"] = 2 - card["golden"][0]["index"]

    rows = Model.load(plain).proof.rows
    message = refusal(hostile.with_card(plain.read_bytes(), change), tmp_path)
    assert f"it does not prove itself here: {rows - 1} of {rows} golden rows" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda card: card["provenance"]["libraries"].update({"scikit-learn": "1.2.0"}),
            f"it was packed with scikit-learn 1.2.0, and this is {sklearn.__version__}: pip "
            f'install "scikit-learn==1.2.0", or pack the model again with {sklearn.__version__}',
        ),
        (
            lambda card: card["provenance"]["libraries"].pop("scikit-learn"),
            "it was packed with an unknown version of scikit-learn",
        ),
        (lambda card: card["classes"][0].update(value=7), "has other classes than its card"),
        (
            lambda card: card.update(format=9),
            "its card has format 9, and this irisws reads up to 1",
        ),
        (lambda card: card.pop("golden"), "its card is not valid"),
    ],
)
def test_card_that_does_not_fit(
    plain: Path, tmp_path: Path, change: Callable[[Any], object], message: str
) -> None:
    """Another version of scikit-learn, other classes, a newer format, a member that is missing."""
    assert message in refusal(hostile.with_card(plain.read_bytes(), change), tmp_path)


def test_estimator_without_probabilities(plain: Path, tmp_path: Path) -> None:
    """An object that is no classifier of the card's kind is refused."""

    def no_classifier(schema: hostile.Node) -> None:
        schema.update(__module__="sklearn.preprocessing._data", __class__="StandardScaler")

    data = hostile.with_schema(plain.read_bytes(), no_classifier)
    assert "its estimator has no predict and no predict_proba" in refusal(data, tmp_path)


def test_doubled_member(plain: Path, tmp_path: Path) -> None:
    """Two readers of one archive could see two different models."""
    data = plain.read_bytes()
    name = next(name for name in hostile.members(data) if name.endswith(".npy"))
    doubled = hostile.doubled(data, name)
    assert refusal(doubled, tmp_path) == "has two members of one name"


def test_claimed_size(plain: Path, tmp_path: Path) -> None:
    """What would open to more than a gigabyte is not opened."""
    data = hostile.with_claimed_size(plain.read_bytes(), 2 << 30)
    assert refusal(data, tmp_path) == "opens to more than 1,073,741,824 bytes"


def test_bomb_that_claims_to_be_small(plain: Path, tmp_path: Path) -> None:
    """Of a member no more is read than it claims to have."""
    parts = hostile.members(plain.read_bytes()) | {"schema.json": bytes(50_000_000)}
    data = hostile.with_claimed_size(hostile.archived(parts), 1000)
    assert len(data) < 200_000
    assert refusal(data, tmp_path) == "is damaged: the checksums in it do not agree"


def test_zip_that_is_no_skops_file(plain: Path, tmp_path: Path) -> None:
    """A document, a wheel, a .npz."""
    data = hostile.archived({"word/document.xml": b"<xml/>"})
    assert refusal(data, tmp_path) == "is a zip archive, and not a skops file"


def test_skops_file_without_a_card(tmp_path: Path) -> None:
    """What skops itself wrote is refused, with the way to a card."""
    message = refusal(dumps(GaussianNB().fit(*DATA)), tmp_path)
    assert message.startswith("is a skops file without a card: pack the scikit-learn estimator")


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"protocol": 1e9}', b"[" * 100_000, b'{"protocol": 2}']
)
def test_schema_that_is_none(plain: Path, tmp_path: Path, content: bytes) -> None:
    """Whatever skops raises of it is told in one line."""
    parts = hostile.members(plain.read_bytes()) | {"schema.json": content}
    data = hostile.archived(parts)
    digest = skops_file.digest_without_card(data)
    data = hostile.with_card(data, lambda card: card.update(graph=digest))
    assert refusal(data, tmp_path).startswith("cannot be used: skops does not load it: ")


def test_damaged_bytes_never_crash(plain: Path, tmp_path: Path) -> None:
    """A file with any bytes flipped either proves itself or is refused in words."""
    whole, rng, path = plain.read_bytes(), random.Random(0), tmp_path / "m.skops"
    for turn in range(200):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):  # every other time in the list of members, at the end
            data[rng.randrange(len(data) - 700 if turn % 2 else 0, len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            assert Model.load(path).proof.holds
        except UnusableModel as error:
            assert "\n" not in str(error)  # noqa: PT017  # either outcome is right


def test_trees_prove_themselves(tmp_path: Path) -> None:
    """Trees, whose type skops does not trust because their node numbers are not checked."""
    path = packed(HistGradientBoostingClassifier(max_iter=3), tmp_path)
    trust = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
    assert Model.load(path, trust=trust).proof.holds
    assert "TreePredictor" in refusal(path.read_bytes(), tmp_path)
