"""A file of rows in, the same rows with their answers out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from irisws.bulk.batch import Answered, Batch, Reader, Writer
from irisws.bulk.columns import added_names, refuse_clashes, refuse_doubled
from irisws.bulk.csv_input import CsvReader
from irisws.bulk.csv_output import CsvWriter
from irisws.bulk.failures import InvalidInput
from irisws.bulk.jsonl_input import JsonlReader
from irisws.bulk.jsonl_output import JsonlWriter
from irisws.bulk.parquet_file import ParquetReader, ParquetWriter
from irisws.bulk.progress import Progress
from irisws.bulk.source import STANDARD, Source
from irisws.bulk.target import Target
from irisws.model.model import InvalidRow, Model

Format = Literal["csv", "jsonl", "parquet"]

MOST_PROBLEMS = 100  # told of one batch


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to read, what to write, and what to do with rows that the model does not take.

    Attributes:
        input: A path, or `-` for standard input.
        output: A path, or `-` for standard output.
        input_format: Of the input.
        output_format: Of the output.
        on_error: `fail` at the first batch that holds bad rows, `skip` them, or `report` them in
            a column.
        prefix: Before the names of the columns that are added.
    """

    input: str
    output: str
    input_format: Format
    output_format: Format
    on_error: Literal["fail", "skip", "report"] = "fail"
    prefix: str = ""


class Summary(NamedTuple):
    """What was done: numbers of rows.

    Attributes:
        rows: Read.
        bad: That the model does not take.
        outside: Answered, with values unlike those of training.
        first_problem: What is wrong with the first bad row.
        seconds: From the start.
    """

    rows: int
    bad: int
    outside: int
    first_problem: str | None
    seconds: float

    def told(self, job: Job) -> str:
        """The summary in a sentence."""
        parts = [f"{self.rows:,} rows in {self.seconds:.1f} s"]
        if self.bad:
            way = "left out" if job.on_error == "skip" else "reported"
            parts.append(f"{self.bad:,} bad ones {way}, the first: {self.first_problem}")
        if self.outside:
            hold = "holds" if self.outside == 1 else "hold"
            parts.append(f"{self.outside:,} {hold} values unlike those of training")
        wrote = "answered" if job.output == STANDARD else f"wrote {job.output}:"
        return f"{wrote} {'; '.join(parts)}"


def predict_file(model: Model, job: Job) -> Summary:
    """Answer all rows of a file; the output is written whole or not at all.

    Args:
        model: The model.
        job: What to do.

    Raises:
        InvalidInput: The input is not a table of rows for the model, or holds bad rows and
            `on_error` is `fail`.
        FileFailure: A file cannot be read or written.
    """
    with Progress() as progress, Source(job.input) as source:
        reader = _reader(model, job, source)
        with Target(job.output) as target:
            writer = _writer(model, job, reader, target)
            summary = _answer_all(model, job, reader, writer, progress)
            writer.close()
            target.commit()
    return summary


def is_same_file(job: Job) -> bool:
    """Whether the output would replace the input."""
    paths = Path(job.input), Path(job.output)
    return (
        "-" not in (job.input, job.output)
        and all(p.exists() for p in paths)
        and os.path.samefile(*paths)
    )


def _answer_all(
    model: Model, job: Job, reader: Reader, writer: Writer, progress: Progress
) -> Summary:
    rows = bad = outside = 0
    first_problem = None
    for batch in reader.batches():
        answered, unlike = _answer(model, batch, job.on_error == "report")
        problems = answered.batch.problems
        if problems and job.on_error == "fail":
            raise InvalidInput(_listed(answered.batch))
        if problems and first_problem is None:
            first_problem = next(answered.batch.told())
        writer.write(answered)
        rows, bad, outside = rows + batch.size, bad + len(problems), outside + unlike
        progress.update(rows, reader.fraction())
    return Summary(rows, bad, outside, first_problem, progress.seconds)


def _listed(batch: Batch) -> list[str]:
    told = list(batch.told())
    more = len(told) - MOST_PROBLEMS
    return told[:MOST_PROBLEMS] + ([f"and {more:,} problems more"] if more > 0 else [])


def _answer(model: Model, batch: Batch, keeps_bad: bool) -> tuple[Answered, int]:
    """The answers, and how many rows hold values unlike those of training."""
    if not len(batch.rows):  # scikit-learn answers one row at least
        width = len(model.card.classes) if model.card.has_probabilities else 0
        return Answered(batch, np.empty(0, np.int64), np.empty((0, width)), keeps_bad), 0
    try:
        answers = model.answer(batch.rows, warn=False)
    except InvalidRow:
        without = _without_refused(model, batch)
        if len(without.rows) == len(batch.rows):  # none alone: there is nothing to leave out
            raise
        return _answer(model, without, keeps_bad)
    unlike = int(np.count_nonzero(answers.outside.any(axis=1)))
    return Answered(batch, answers.indexes, answers.probabilities, keeps_bad), unlike


def _without_refused(model: Model, batch: Batch) -> Batch:
    """The batch with the rows that the estimator refuses among the bad ones."""
    refused = dict(_refused(model, batch, 0, len(batch.rows)))
    good = batch.good
    problems = {int(good[at]): [problem] for at, problem in refused.items()}
    return replace(
        batch,
        rows=np.delete(batch.rows, list(refused), axis=0),
        problems=batch.problems | problems,
    )


def _refused(model: Model, batch: Batch, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Find the rows that the estimator refuses by halving, and what it says."""
    try:
        model.answer(batch.rows[start:end], warn=False)
    except InvalidRow as error:
        if end - start == 1:
            yield start, str(error)
            return
        middle = (start + end) // 2
        yield from _refused(model, batch, start, middle)
        yield from _refused(model, batch, middle, end)


def _reader(model: Model, job: Job, source: Source) -> CsvReader | JsonlReader | ParquetReader:
    features, largest = model.card.features, model.largest_value
    added = added_names(model.card, job.prefix, job.on_error == "report")
    if job.input_format == "jsonl":
        return JsonlReader(source, features, largest, added, job.output_format != "jsonl")
    reader = (CsvReader if job.input_format == "csv" else ParquetReader)(source, features, largest)
    refuse_clashes(reader.names, added)
    if not job.input_format == job.output_format == "csv":
        refuse_doubled(reader.names)
    return reader


def _writer(
    model: Model, job: Job, reader: CsvReader | JsonlReader | ParquetReader, target: Target
) -> Writer:
    keeps_bad = job.on_error == "report"
    added = added_names(model.card, job.prefix, keeps_bad)
    labels = [target.name for target in model.card.classes]
    names = reader.names
    if job.output_format == "csv":
        before = reader if isinstance(reader, CsvReader) else None
        return CsvWriter(target, names, added, labels, before, keeps_bad)
    if job.output_format == "jsonl":
        is_jsonl = isinstance(reader, JsonlReader)
        return JsonlWriter(target, names, added, labels, is_jsonl, keeps_bad)
    schema = reader.schema if isinstance(reader, ParquetReader) else None
    return ParquetWriter(target, names, added, labels, model.card.features, schema, keeps_bad)
