"""The flags of `irisws predict` for a file of rows."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from irisws.bulk.run import Format, Job

NAMES = ("input", "output", "input_format", "output_format", "on_error", "prefix")
_FORMATS = ("csv", "jsonl", "parquet")
_SUFFIXES: dict[str, "Format"] = {
    **{".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"},
    **{".parquet": "parquet", ".pq": "parquet"},
}


class WrongUsage(ValueError):
    """The flags do not fit each other; the message says why."""


def add_flags(parser: argparse.ArgumentParser) -> list[str]:
    """Add them to a parser, and return them."""
    group = parser.add_argument_group("a file of rows, in place of one")
    group.add_argument(
        "--input",
        metavar="FILE",
        help="answer the rows of a CSV, JSON Lines or Parquet file; - for standard input",
    )
    group.add_argument(
        "--output",
        metavar="FILE",
        help="where to write them with their answers; - for standard output",
    )
    for name in ("input", "output"):
        group.add_argument(
            f"--{name}-format",
            metavar="FORMAT",
            choices=_FORMATS,
            help=f"of the {name}: csv, jsonl or parquet; by default what its suffix says",
        )
    group.add_argument(
        "--on-error",
        metavar="WAY",
        choices=("fail", "skip", "report"),
        help="what becomes of rows that the model does not take: fail and write nothing (the "
        "default), skip them, or report them in a column error",
    )
    group.add_argument(
        "--prefix", metavar="TEXT", help="before the names of the columns that are added"
    )
    return [flag for action in group._group_actions for flag in action.option_strings]


def is_bulk(options: argparse.Namespace) -> bool:
    """Whether any of these flags was given."""
    return any(getattr(options, name) is not None for name in NAMES)


def read_job(options: argparse.Namespace) -> "Job":
    """What the flags say.

    Raises:
        WrongUsage: They do not fit each other.
    """
    from irisws.bulk.run import Job, is_same_file

    if options.input is None or options.output is None:
        raise WrongUsage("a file of rows needs both --input and --output")
    input_format: Format = options.input_format or _format_of(options.input, "input", "csv")
    job = Job(
        input=options.input,
        output=options.output,
        input_format=input_format,
        output_format=options.output_format or _format_of(options.output, "output", input_format),
        on_error=options.on_error or "fail",
        prefix=options.prefix or "",
    )
    if is_same_file(job):
        raise WrongUsage("--output is the input itself: name another file")
    return job


def _format_of(path: str, name: str, of_standard: "Format") -> "Format":
    if path == "-":
        return of_standard
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise WrongUsage(f"--{name} {path}: its suffix tells no format: give --{name}-format")
    return _SUFFIXES[suffix]
