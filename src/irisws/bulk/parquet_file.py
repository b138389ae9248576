"""Rows from Parquet, and rows and answers to Parquet, with pyarrow (the extra `parquet`)."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from irisws.bulk.batch import Answered, Batch
from irisws.bulk.columns import find_features
from irisws.bulk.failures import FileFailure, InvalidInput
from irisws.bulk.source import Source
from irisws.bulk.target import Target
from irisws.model.card import Feature
from irisws.model.names import clip, positions
from irisws.model.rows import LARGEST_EXACT, Rows, accepts, dtype_of, expected

if TYPE_CHECKING:
    import pyarrow

_BATCH_ROWS = 1 << 16
_LONGEST_SHOWN = 60


def import_pyarrow() -> Any:
    """pyarrow.

    Raises:
        FileFailure: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise FileFailure('Parquet needs pyarrow: pip install "irisws[parquet]"') from None
    return pyarrow


class ParquetReader:
    """Reads a Parquet file, some rows at a time.

    Attributes:
        names: Of the columns.
        schema: The file's.
    """

    def __init__(self, source: Source, features: Sequence[Feature], largest_value: float) -> None:
        """Read the schema.

        Raises:
            FileFailure: pyarrow is not installed, or the input is no file: Parquet is read from its
                end.
            InvalidInput: It is not Parquet, or lacks features.
        """
        self._pa = import_pyarrow()
        if not source.file.seekable():
            raise FileFailure(f"cannot read Parquet from {source.name}: it is read from its end")
        try:
            self._file = self._pa.parquet.ParquetFile(source.file)
        except (self._pa.ArrowException, OSError) as error:
            raise InvalidInput([f"it is not Parquet: {_first_line(error)}"]) from None
        self.schema: pyarrow.Schema = self._file.schema_arrow
        self.names: list[str] = self.schema.names
        self._features = features
        self._largest_value = largest_value
        self._order = find_features(self.names, features)
        self._total = self._file.metadata.num_rows
        self._row = 1
        self._blank = self._refuse_types()

    def fraction(self) -> float | None:
        """How much of the input has been read; see `irisws.bulk.batch.Reader`."""
        return (self._row - 1) / self._total if self._total else None

    def batches(self) -> Iterator[Batch]:
        """The rows, some at a time; see `irisws.bulk.batch.Reader`."""
        for table in self._tables():
            yield self._batch(table)
            self._row += table.num_rows

    def _tables(self, columns: Sequence[str] | None = None) -> "Iterator[pyarrow.RecordBatch]":
        found = self._file.iter_batches(batch_size=_BATCH_ROWS, columns=columns)
        while True:
            try:
                table = next(found, None)
            except (self._pa.ArrowException, OSError) as error:
                raise InvalidInput([f"after row {self._row - 1}: {_first_line(error)}"]) from None
            if table is None:
                return
            yield table

    def _refuse_types(self) -> set[int]:
        """Refuse columns whose type is none of the feature's kind, unless nothing is in them.

        Returns:
            The positions of the features whose columns are blank: what writes Parquet tells the
            type of a column by its values, and then there are none.
        """
        problems, blank = [], set()
        for position, (feature, at) in enumerate(zip(self._features, self._order, strict=True)):
            given = self.schema.field(at).type
            kind = _kind(self._pa.types, given)
            wanted = {"number", "integer"} if feature.is_numeric else {feature.kind}
            if kind in wanted or (feature.kind == "boolean" and self._holds_bits(kind, at)):
                continue
            if self._are_all(at, lambda column: column.is_null(nan_is_null=True)):
                blank.add(position)
                continue
            problems.append(f"{feature.name}: expected a column of {feature.kind}s, got {given}")
        if problems:
            raise InvalidInput(problems)
        return blank

    def _holds_bits(self, kind: str, at: int) -> bool:
        """Whether a column of numbers holds nothing but 0, 1 and missing values."""
        compute: Any = self._pa.compute
        bits = self._pa.array([0.0, 1.0, float("nan"), None])
        return kind in ("number", "integer") and self._are_all(
            at, lambda column: compute.is_in(self._as_numbers(column), bits)
        )

    def _are_all(self, at: int, test: Callable[[Any], Any]) -> bool:
        """Whether a test, that gives an array of booleans, holds of every cell of a column."""
        name = self.names[at]
        return all(
            test(table.column(name)).false_count == 0 for table in self._tables(columns=[name])
        )

    def _batch(self, table: Any) -> Batch:
        rows = np.empty((table.num_rows, len(self._features)), dtype=dtype_of(self._features))
        problems: dict[int, list[str]] = {}
        for position, (feature, at) in enumerate(zip(self._features, self._order, strict=True)):
            cells = self._cells(table.column(at), position)
            rows[:, position] = cells
            for row in _bad(cells, feature, self._largest_value):
                shown = clip(str(table.column(at)[row].as_py()))
                problems.setdefault(row, []).append(
                    f"{feature.name}: expected {expected(feature)}, got "
                    f"{'null' if table.column(at)[row].as_py() is None else shown}"
                )
        good: Rows = np.delete(rows, list(problems), axis=0) if problems else rows
        return Batch(
            size=table.num_rows,
            rows=good,
            problems=problems,
            first=self._row,
            lines=None,
            source=table,
            values=lambda: [column.to_pylist() for column in table.columns],
        )

    def _cells(self, column: Any, position: int) -> Any:
        """The cells as rows hold them."""
        is_text = self._features[position].kind == "string"
        if position in self._blank:
            return np.full(len(column), None if is_text else np.nan)
        if not is_text:
            return self._as_numbers(column).to_numpy(zero_copy_only=False)
        if self._pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        cells = np.empty(len(column), dtype=object)
        cells[:] = column.to_pylist()
        return cells

    def _as_numbers(self, column: Any) -> Any:
        if self._pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        return column.cast(self._pa.float64(), safe=False)


class ParquetWriter:
    """Writes Parquet; what was Parquet before keeps its columns, types and metadata."""

    def __init__(
        self,
        target: Target,
        names: Sequence[str],
        added: Sequence[str],
        labels: Sequence[str],
        features: Sequence[Feature],
        schema: "pyarrow.Schema | None",
        keeps_bad: bool,
    ) -> None:
        """Prepare.

        Args:
            target: Where to write.
            names: Of the input's columns.
            added: Of the columns that are added.
            labels: The names of the classes.
            features: The card's, whose kinds are the types of their columns.
            schema: The input's, if it is Parquet.
            keeps_bad: Whether there is a column for problems.
        """
        self._pa = pa = import_pyarrow()
        self._target = target
        self._names = names
        self._labels = pa.array(labels, pa.string())
        self._keeps_bad = keeps_bad
        self._given = schema
        self._kinds = {name: features[at].kind for name, at in positions(features).items()}
        count = len(added) - 2 - keeps_bad
        types = [pa.string(), pa.int64(), *[pa.float64()] * count, *[pa.string()] * keeps_bad]
        self._added = [pa.field(name, kind) for name, kind in zip(added, types, strict=True)]
        self._schema: Any = None
        self._writer: Any = None
        if schema is not None:
            self._open(schema)

    def write(self, answered: Answered) -> None:
        """Write the rows of a batch with their answers."""
        batch, pa = answered.batch, self._pa
        columns = batch.source.columns if self._given is not None else self._columns(batch)
        if not answered.keeps_bad and batch.problems:
            good = pa.array(batch.good)
            columns = [column.take(good) for column in columns]
        added = self._answers(answered)
        arrays = [*columns, *added]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the footer, which says where everything is."""
        if self._writer is None:
            self._open(self._schema_of([[] for _ in self._names]))
        self._writer.close()

    def _open(self, schema: Any) -> None:
        self._given_types = schema
        self._schema = self._pa.schema([*schema, *self._added], metadata=schema.metadata)
        sink = self._pa.PythonFile(_Sink(self._target), mode="w")
        self._writer = self._pa.parquet.ParquetWriter(sink, self._schema)

    def _columns(self, batch: Batch) -> list[Any]:
        """Values as columns: their types are those of the kinds, and of the first batch."""
        values = batch.values()
        if self._writer is None:
            self._open(self._schema_of(values))
        columns = []
        for name, cells, field in zip(self._names, values, self._given_types, strict=True):
            try:
                columns.append(self._pa.array(cells, field.type))
            except (self._pa.ArrowException, OverflowError, TypeError) as error:
                where = f"rows {batch.first} to {batch.first + batch.size - 1}: {name}"
                why = f"the type {field.type} of the rows before: {_first_line(error)}"
                raise InvalidInput([f"{where} does not fit {why}"]) from None
        return columns

    def _schema_of(self, values: list[list[Any]]) -> Any:
        pa = self._pa
        types = {
            "number": pa.float64(),
            "integer": pa.int64(),
            "boolean": pa.bool_(),
            "string": pa.string(),
        }
        fields = []
        for name, cells in zip(self._names, values, strict=True):
            if name in self._kinds:
                fields.append(pa.field(name, types[self._kinds[name]]))
                continue
            try:
                kind = pa.array(cells).type
            except pa.ArrowException as error:
                raise InvalidInput([f"{name} has no one type: {_first_line(error)}"]) from None
            fields.append(pa.field(name, pa.string() if pa.types.is_null(kind) else kind))
        return pa.schema(fields)

    def _answers(self, answered: Answered) -> list[Any]:
        pa = self._pa
        indexes = pa.array(answered.indexes, pa.int64())
        columns = [self._labels.take(indexes), indexes]
        columns += [pa.array(chances) for chances in answered.probabilities.T]
        if answered.keeps_bad:
            places = answered.placed(list(range(len(answered.indexes))), lambda _: None)
            errors = answered.placed([None] * len(answered.indexes), str)
            taken = pa.array(places, pa.int64())
            columns = [column.take(taken) for column in columns] + [pa.array(errors, pa.string())]
        return columns


class _Sink:
    """The target as pyarrow wants a file."""

    closed = False

    def __init__(self, target: Target) -> None:
        self._target = target

    def write(self, data: Any) -> int:
        if not self._target.is_open:
            return len(data)  # of a writer that was given up, and closes itself when collected
        return self._target.write(bytes(data))

    def flush(self) -> None:
        """The target does it at the end."""

    def close(self) -> None:
        """Likewise."""


def _kind(types: Any, kind: Any) -> str:
    """The kind of feature that a column of this type may hold."""
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind):
        return "integer"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "string"
    return str(kind)


def _bad(cells: Any, feature: Feature, largest_value: float) -> list[int]:
    """The positions of cells that the feature does not take."""
    if feature.kind == "string" or feature.closed:
        listed = cells.tolist()
        refused = {c for c in set(listed) if not accepts(c, feature, largest_value)}
        return [at for at, cell in enumerate(listed) if cell in refused]
    if feature.kind == "boolean":
        return [] if feature.missing else np.flatnonzero(np.isnan(cells)).tolist()
    fine = np.abs(cells) <= largest_value  # NaN compares false
    if feature.kind == "integer":
        fine &= (cells == np.rint(cells)) & (np.abs(cells) <= LARGEST_EXACT)
    if feature.missing:
        fine |= np.isnan(cells)
    return np.flatnonzero(~fine).tolist()


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
