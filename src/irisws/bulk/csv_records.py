"""Records of CSV (RFC 4180) in UTF-8: what stands in a chunk of lines.

A chunk without quotes, of which every line has as many cells as there are columns, is cut in one
piece. Everything else goes through the csv module, record by record.
"""

import csv
import io
from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np

from irisws.bulk.failures import InvalidInput
from irisws.model.cells import BLANKS, other_format

DELIMITERS = (",", ";", "\t")

_OPEN_QUOTE = "unexpected end of data"  # as the csv module says it
# A quote that is left open would make one record of all that follows.
_LONGEST_RECORD = 16 << 20  # bytes


class Records(NamedTuple):
    """Records, but for blank lines.

    Attributes:
        texts: As they stood, without their line ends; those of other numbers of cells are made to
            fit, so that what is added finds its place.
        columns: Their cells, column by column.
        lines: In which each begins.
        problems: By position, what is wrong with those that had another number of cells.
        rest: Where the last record begins if the chunk ends within it, else the chunk's length.
        next_line: The line there.
    """

    texts: list[bytes]
    columns: list[list[str]]
    lines: Sequence[int]
    problems: dict[int, list[str]]
    rest: int
    next_line: int


class _Record(NamedTuple):
    text: bytes
    cells: list[str]
    line: int


class _Found(NamedTuple):
    records: list[_Record]
    rest: int
    next_line: int


def read_records(
    chunk: bytes, delimiter: str, width: int, first_line: int, blanks_count: bool
) -> Records:
    """Read the records of a chunk of lines.

    Args:
        chunk: Whole lines; the last may lack its end.
        delimiter: Between cells.
        width: How many cells a record has.
        first_line: The number of the chunk's first line.
        blanks_count: Whether a blank after a delimiter is part of the cell, which a quote may then
            not follow.

    Raises:
        InvalidInput: It is no CSV, or not in UTF-8.
    """
    text = _decoded(chunk, first_line)
    if b'"' not in chunk:
        even = _cut_even(chunk, text, delimiter, width, first_line)
        if even is not None:
            return even
    found = _parse(chunk, text, delimiter, first_line, blanks_count)
    if len(chunk) - found.rest > _LONGEST_RECORD:
        raise InvalidInput([_too_long(found.next_line)])
    return _fitted(found, delimiter, width)


def read_header(
    chunk: bytes, known: Set[str], blanks_count: bool
) -> tuple[str, bytes, list[str], bytes]:
    """Read the header, and see by it what stands between cells.

    Args:
        chunk: The first lines, without a byte order mark.
        known: Names that the header may hold: the delimiter is the one that shows most of them.
        blanks_count: As in `read_records`.

    Returns:
        The delimiter, the header as it stood, the names in it, and what follows it.

    Raises:
        InvalidInput: There is no header, or it is no CSV in UTF-8.
    """
    if what := other_format(chunk):
        raise InvalidInput([f"it is {what}: save it as CSV in UTF-8"])
    if not chunk.strip():
        raise InvalidInput(["it is empty: a header with the names of the columns must come first"])
    headers, wrong = [], []
    for delimiter in DELIMITERS:
        try:
            headers.append(_first_record(chunk, delimiter, known, blanks_count))
        except InvalidInput as error:  # quoted names, and something else between them
            wrong.append(error)
    best = max(headers, key=lambda found: _shown(found, known), default=None)
    if wrong and (best is None or not known & set(best[2])):
        raise wrong[0]
    assert best is not None
    return best


def _shown(found: tuple[str, bytes, list[str], bytes], known: Set[str]) -> tuple[int, int]:
    """How many known names, and how many names, a delimiter shows."""
    return len(known & set(found[2])), len(found[2])


def write_record(cells: Sequence[str], delimiter: str) -> bytes:
    """A record of CSV in UTF-8, without its line end; quoted where it must be."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
    return line.getvalue().encode()


def columns_of(text: str, delimiter: str, width: int) -> list[list[str]]:
    """The cells of lines that have no quotes and `width` cells each, column by column."""
    cells = text.replace("\n", delimiter).split(delimiter)
    return [cells[at::width] for at in range(width)]


def _decoded(chunk: bytes, first_line: int) -> str:
    try:
        return chunk.decode()
    except UnicodeDecodeError as error:
        line = first_line + chunk.count(b"\n", 0, error.start)
        raise InvalidInput(
            [f"line {line}: is not in UTF-8: save the file as CSV in UTF-8"]
        ) from None


def _cut_even(
    chunk: bytes, text: str, delimiter: str, width: int, first_line: int
) -> Records | None:
    """The records of a chunk without quotes, if every line has so many cells."""
    tight = chunk.replace(b"\r\n", b"\n").removesuffix(b"\n")
    if b"\r" in tight or not _is_even(tight, delimiter.encode(), width):
        return None
    texts = tight.split(b"\n")
    next_line = first_line + len(texts)
    columns = columns_of(text.replace("\r\n", "\n").removesuffix("\n"), delimiter, width)
    return Records(texts, columns, range(first_line, next_line), {}, len(chunk), next_line)


def _is_even(lines: bytes, delimiter: bytes, width: int) -> bool:
    if lines.startswith(b"\n") or lines.endswith(b"\n") or b"\n\n" in lines:
        return False  # blank lines, which are no records
    letters = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    cuts = np.flatnonzero(letters == ord(delimiter))
    if len(cuts) != (width - 1) * (len(ends) + 1):
        return False
    by_line = cuts.reshape(len(ends) + 1, width - 1)
    return bool((by_line[1:] > ends[:, None]).all() and (by_line[:-1] < ends[:, None]).all())


def _parse(chunk: bytes, text: str, delimiter: str, first_line: int, blanks_count: bool) -> _Found:
    lines = chunk.split(b"\n")
    reader = csv.reader(
        io.StringIO(text, newline="\n"),
        delimiter=delimiter,
        skipinitialspace=not blanks_count,
        strict=True,
    )
    records: list[_Record] = []
    taken = 0  # lines
    try:
        for cells in reader:
            if cells:
                record = b"\n".join(lines[taken : reader.line_num]).removesuffix(b"\r")
                records.append(_Record(record, cells, first_line + taken))
            taken = reader.line_num
    except csv.Error as error:
        if str(error) != _OPEN_QUOTE:
            raise InvalidInput([_told(error, first_line, taken, reader.line_num)]) from None
        return _Found(records, sum(map(len, lines[:taken])) + taken, first_line + taken)
    return _Found(records, len(chunk), first_line + chunk.count(b"\n"))


def _fitted(found: _Found, delimiter: str, width: int) -> Records:
    problems: dict[int, list[str]] = {}
    records = found.records
    for at, record in enumerate(records):
        if len(record.cells) != width:
            problems[at] = [f"expected {width} cells, got {len(record.cells)}"]
            cells = (record.cells + [""] * width)[:width]
            records[at] = _Record(write_record(cells, delimiter), cells, record.line)
    columns = [[record.cells[at] for record in records] for at in range(width)]
    texts, lines = [record.text for record in records], [record.line for record in records]
    return Records(texts, columns, lines, problems, found.rest, found.next_line)


def _first_record(
    chunk: bytes, delimiter: str, known: Set[str], blanks_count: bool
) -> tuple[str, bytes, list[str], bytes]:
    """The first record that is not blank; one of quoted names may have many lines."""
    end = 0
    while end < len(chunk):
        end = chunk.find(b"\n", end) + 1 or len(chunk)
        head = chunk[:end]
        found = _parse(head, _decoded(head, 1), delimiter, 1, blanks_count)
        if found.records:
            record = found.records[0]
            names = [name if name in known else name.strip(BLANKS) for name in record.cells]
            return delimiter, record.text, names, chunk[end:]
    raise InvalidInput(["line 1: a quote is opened and not closed"])


def _told(error: csv.Error, first_line: int, taken: int, line_num: int) -> str:
    if "field limit" in str(error):
        return _too_long(first_line + taken)
    line = first_line + max(line_num, 1) - 1
    if "new-line character" in str(error):
        return f"line {line}: holds a carriage return without a line feed"
    return f"line {line}: {error}"


def _too_long(line: int) -> str:
    longest = f"{csv.field_size_limit():,}"
    return f"line {line}: a cell is longer than {longest} characters: is a quote left open?"
