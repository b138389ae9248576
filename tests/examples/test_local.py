"""The local script of the article and of the tutorial."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "tutorial" / "12-flower" / "iris.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a person would."""
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


def test_the_articles_flower_is_classified() -> None:
    """The command line of the article prints a species by name."""
    done = run("--sl", "3.0", "--sw", "2.0", "--pl", "1.0", "--pw", "1.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "versicolor\n", "")


def test_every_measurement_is_required() -> None:
    """Leaving measurements out is an error that names them."""
    done = run("--sl", "3.0", "--pw", "1.0")
    assert done.returncode == 2
    assert "the following arguments are required: --sw, --pl" in done.stderr


def test_the_help_gives_the_unit() -> None:
    """The help says what each option measures, and in what."""
    assert "sepal length in cm" in run("--help").stdout
