"""Every classifier of scikit-learn, packed, served over HTTP, and compared with scikit-learn.

A new release of scikit-learn may bring a classifier, or change what one can be fitted with. Then a
test here fails, and its message says what to do. The tables of `docs/reference/models.md` are held
against what is found here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sklearn.utils import all_estimators

from docs._tools import models
from irisws.model.packing import CannotPack
from tests.matrix import classifiers
from tests.matrix.classifiers import SEVERAL_OUTPUTS, UNFIT, DataSet
from tests.matrix.serving import Packed, Server, compare, pack, running

ROUNDING = 1e-6  # of probabilities in replies

DATA: dict[str, Callable[[], DataSet]] = {
    "iris": classifiers.iris,
    "penguins": classifiers.penguins,
}
NAMES = classifiers.names()
FITTED = [name for name in NAMES if name not in SEVERAL_OUTPUTS]


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module", params=DATA)
def data(request: pytest.FixtureRequest) -> DataSet:
    return DATA[request.param]()


def fit_and_pack(name: str, data: DataSet, folder: Path) -> Packed:
    """Pack, or fail with what is to be done."""
    try:
        return pack(name, data, folder)
    except CannotPack:
        raise
    except Exception as error:
        pytest.fail(
            f"scikit-learn's {name} cannot be fitted with {data.name}: {error}\n"
            "Give it what it needs in `_NEEDED` of tests/matrix/classifiers.py, or list it in "
            "`UNFIT` with the reason, and run `python -m docs._tools.models`."
        )


@pytest.mark.parametrize("name", FITTED)
def test_answers_are_those_of_scikit_learn(
    name: str, data: DataSet, server: Server, folder: Path
) -> None:
    """The same label for each row, in a batch and alone, and the same probabilities but for digits.

    The engine is the one that the reference tells.
    """
    if name in UNFIT[data.name]:
        with pytest.raises(Exception, match=UNFIT[data.name][name]):
            classifiers.fit(name, data)
        return
    packed = fit_and_pack(name, data, folder)
    found = compare(server, packed, data)
    assert found.label_mismatches == 0
    assert found.rows > len(data.rows)
    allowed = packed.model.card.tolerance + ROUNDING
    assert found.largest_probability_difference <= allowed
    told = models.told(data.name).get(name)
    assert told == (packed.engine, "0"), "run `python -m docs._tools.models`"


@pytest.mark.parametrize("name", SEVERAL_OUTPUTS)
def test_several_outputs_are_refused(name: str, data: DataSet, folder: Path) -> None:
    """A row has one label here; what gives several is refused, and told why."""
    with pytest.raises(CannotPack, match="several outputs: irisws packs classifiers with one"):
        pack(name, data, folder)


def test_every_classifier_is_in_a_table(data: DataSet) -> None:
    """The reference lists all that scikit-learn has, and nothing else, in the same order."""
    known = [name for name, _ in all_estimators(type_filter="classifier")]
    left_out = {*SEVERAL_OUTPUTS, *UNFIT[data.name]}
    expected = [name for name in [*known, "GridSearchCV"] if name not in left_out]
    assert list(models.told(data.name)) == expected, "run `python -m docs._tools.models`"


def test_what_is_left_out_is_told(data: DataSet) -> None:
    """The reference names what cannot be fitted with the data, and what is refused."""
    text = models.PAGE.read_text(encoding="utf-8")
    assert [name for name in (*SEVERAL_OUTPUTS, *UNFIT[data.name]) if f"`{name}`" not in text] == []
