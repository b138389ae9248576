"""What keeps a training from starting: all that is wrong with what was asked or with the data."""

from collections.abc import Iterable


class Problems(ValueError):
    """Something is wrong; `problems` holds all of it, a sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class WrongOptions(Problems):
    """The options ask for what there is not: a column, an estimator, a number out of its range."""


class InvalidData(Problems):
    """The data cannot train a classifier."""


class CannotTrain(Problems):
    """A file cannot be read, something is not installed, or the estimator fails on the data."""
