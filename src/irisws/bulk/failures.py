"""Why a file of rows could not be answered."""

from collections.abc import Sequence


class InvalidInput(ValueError):
    """The input is not a table of rows for the model.

    Attributes:
        problems: All that is wrong with it, as far as it was read.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class FileFailure(Exception):
    """A file cannot be read or written; the message names it and says why."""
