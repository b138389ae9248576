"""One row of a model of other kinds of features, on the command line."""

import pytest

from irisws import cli
from irisws.model.model import Model

Capture = pytest.CaptureFixture[str]
ADELIE = ["--island", "Torgersen", "--bill-length-mm", "39.1", "--bill-depth-mm", "18.7"]


def run(capsys: Capture, *words: str) -> tuple[int, str, str]:
    status = cli.main(["predict", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_what_may_be_missing_may_be_left_out(capsys: Capture, penguin_model: Model) -> None:
    """Strings and booleans are values, and a value that may be missing needs no flag."""
    words = ["--model", str(penguin_model.path), *ADELIE, "--year", "2007", "--ringed", "false"]
    assert run(capsys, *words) == (0, "Adelie\n", "")


def test_every_value_that_does_not_fit_is_named(capsys: Capture, penguin_model: Model) -> None:
    """What each feature takes, and what was given."""
    words = ["--year", "2007.5", "--ringed", "maybe", "--body-mass-g", "1e40", "--sex", "?"]
    assert run(capsys, "--model", str(penguin_model.path), *ADELIE, *words) == (
        3,
        "",
        "irisws: body_mass_g: 1e+40 is not a finite number of at most 3.4e+38; "
        "year: expected a whole number, got '2007.5'; "
        "ringed: expected true or false, got 'maybe'\n",
    )


def test_help_tells_the_categories(capsys: Capture, penguin_model: Model) -> None:
    """The help says what training held, of whatever kind."""
    with pytest.raises(SystemExit):
        run(capsys, "--model", str(penguin_model.path), "--help")
    words = " ".join(capsys.readouterr().out.split())
    for told in (
        "island; in training Biscoe, Dream, Torgersen",
        "ringed, true or false",
        "body_mass_g; in training 2700 to 6300",
    ):
        assert told in words
