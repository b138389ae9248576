"""The card: what a model file says of itself, as one JSON document.

The card travels inside the model file (ONNX metadata property `irisws`), so a model is one file.
Everything that irisws derives (request types, validation, examples) is derived from the card.
"""

from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

FORMAT: Literal[1] = 1
METADATA_KEY = "irisws"

# The end of the text, in the regular expressions of Python and of JSON Schema alike: `$` stands
# before a last line break too, and `\Z` is a letter in the other.
_END = r"(?![\s\S])"

# Model names and versions appear in URLs and file names, so they are kept to what is safe in both.
Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}" + _END)]
# Names of features and classes are members of JSON objects that are read and written unescaped.
Name = Annotated[str, Meta(pattern=r'^[^"\\\x00-\x1f\x7f]+' + _END, max_length=256)]
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d" + _END)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + _END)]


# A value of a row as JSON has it; null is a missing one.
Value = float | int | bool | str | None


class InvalidCard(ValueError):
    """The document is not a card of this format; the message says where and why."""


class Feature(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of a row, with what the training data held in it.

    Attributes:
        name: The name that callers use.
        alias: A second, short one.
        unit: Of the values, for people.
        description: For people.
        kind: `number`, `integer`, `boolean` or `string`.
        missing: Whether a row may hold null here.
        minimum: The least value of a number or an integer in training.
        maximum: The greatest.
        quantiles: Of the training values: 5, 25, 50, 75 and 95 %.
        categories: The different values in training, if they are such: of most strings, and of
            numbers that the estimator takes for categories.
        closed: Whether the estimator refuses values other than the categories.
        example: A value to show to people.
    """

    name: Name
    alias: Name | None = None
    unit: str | None = None
    description: str | None = None
    kind: Literal["number", "integer", "boolean", "string"] = "number"
    missing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    quantiles: Annotated[tuple[float, ...], Meta(min_length=5, max_length=5)] | None = None
    categories: tuple[str | float, ...] | None = None
    closed: bool = False
    example: Value

    def __post_init__(self) -> None:
        if self.is_numeric:
            if self.minimum is None or self.maximum is None or self.quantiles is None:
                raise ValueError(f"feature {self.name!r}: its range in training is not given")
            if not self.minimum <= self.maximum:
                raise ValueError(f"feature {self.name!r}: minimum is above maximum")
        if self.closed and not self.categories:
            raise ValueError(f"feature {self.name!r}: closed, and without categories")

    @property
    def is_numeric(self) -> bool:
        """Whether its values have an order and a range: those of a number or an integer."""
        return self.kind in ("number", "integer")


class Column(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of the data frame, or of the array of objects, that the estimator had in its fit."""

    name: str | None = None  # an array has none
    dtype: str  # as pandas names it
    null: Literal["nan", "None"] = "nan"  # what stands for a missing object
    categories: tuple[bool | int | float | str, ...] | None = None  # of the dtype `category`


class TargetClass(Struct, frozen=True, kw_only=True):
    """One class: the name shown to people, and the value that the estimator's predict() gave."""

    name: Name
    value: bool | int | float | str
    training_rows: int


class GoldenRow(Struct, frozen=True, kw_only=True):
    """One row (features in card order) and scikit-learn's own answer to it at training time."""

    inputs: tuple[Value, ...]
    index: int  # of the class, in card order
    probabilities: tuple[float, ...]  # one per class, in card order; none if the model has none


class Leaf(Struct, frozen=True, kw_only=True):
    """A leaf of a single decision tree, and the training rows that came to it."""

    node: int  # its number in the graph
    rows: int
    rows_of_class: int  # of the class that the leaf answers with


class SampleRow(Struct, frozen=True, kw_only=True):
    """A row of the training data, and the index of its class."""

    inputs: tuple[Value, ...]
    index: int


class Parity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the shipped engine compared with scikit-learn when the model was packed."""

    rows: int
    label_mismatches: int
    largest_probability_difference: float
    not_onnx: str | None = None  # why the model is served with scikit-learn itself


class Score(Struct, frozen=True, kw_only=True):
    """A cross-validated score: its mean and standard deviation over the folds."""

    metric: str
    mean: float
    standard_deviation: float
    folds: int


class Provenance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the model was trained with, and on what."""

    estimator: str
    libraries: dict[str, str]
    python: str
    platform: str
    rows: int
    data_set: str | None = None
    seed: int | None = None


class Card(Struct, frozen=True, kw_only=True):
    """What a model file says of itself. `classes` and `features` are in the engine's order.

    Attributes:
        format: The format of the card, 1.
        name: The model's name.
        version: The model's version.
        created: The day of packing, `YYYY-MM-DD`.
        graph: The SHA-256 of the file without its metadata, 64 hexadecimal digits.
        features: One for each column: `name`, `alias`, `unit`, `description`, `kind`, `missing`,
            `closed`, and of the training data `minimum`, `maximum`, `quantiles` (of a number, in
            that unit), `categories` and `example`.
        classes: `name`, `value` and `training_rows` of each.
        golden: Rows to answer before serving: `inputs`, `index` and `probabilities` of each.
        tolerance: How far a probability may be from scikit-learn's.
        parity: How the engine compared with scikit-learn at packing: `rows`, `label_mismatches`
            and `largest_probability_difference`, and `not_onnx`, why the engine is scikit-learn.
        provenance: `estimator`, `libraries`, `python`, `platform`, `rows`, `data_set`, `seed`.
        scores: `metric`, `mean`, `standard_deviation` and `folds` of each.
        has_probabilities: Whether the estimator gives probabilities.
        frame: The columns of the data frame, or of the array of objects, that the estimator was
            fitted with: `name`, `dtype`, `null` and `categories` of each; null if it was an array
            of numbers.
        leaves: Of a single decision tree: `node`, `rows` and `rows_of_class` of each leaf.
        sample: Training rows to name as the nearest ones, if packing was asked for them: `inputs`
            and `index` of each.
    """

    format: Literal[1] = FORMAT
    name: Identifier
    version: Identifier
    created: Date
    graph: Sha256  # of the file's bytes without the metadata, which hold the card
    features: Annotated[tuple[Feature, ...], Meta(min_length=1)]
    classes: Annotated[tuple[TargetClass, ...], Meta(min_length=2)]
    golden: Annotated[tuple[GoldenRow, ...], Meta(min_length=1)]
    tolerance: Annotated[float, Meta(ge=1e-6, le=0.1)]
    parity: Parity
    provenance: Provenance
    scores: tuple[Score, ...] = ()
    has_probabilities: bool = True
    frame: tuple[Column, ...] | None = None
    leaves: tuple[Leaf, ...] = ()
    sample: tuple[SampleRow, ...] = ()

    def __post_init__(self) -> None:
        names = [n for f in self.features for n in (f.name, f.alias) if n is not None]
        _refuse_doubled("feature", names)
        _refuse_doubled("class", [c.name for c in self.classes])
        if self.frame is not None and len(self.frame) != len(self.features):
            raise ValueError("the frame does not have one column per feature")
        described: dict[str, tuple[GoldenRow | SampleRow, ...]]
        described = {"golden": self.golden, "sample": self.sample}
        for what, rows in described.items():
            for number, row in enumerate(rows):
                if len(row.inputs) != len(self.features):
                    raise ValueError(f"{what} row {number} does not have one value per feature")
                if not 0 <= row.index < len(self.classes):
                    raise ValueError(f"{what} row {number} names a class that is not there")
        for number, golden in enumerate(self.golden):
            if len(golden.probabilities) != len(self.classes) * self.has_probabilities:
                raise ValueError(f"golden row {number} does not have one probability per class")

    def to_json(self) -> bytes:
        """Encode deterministically: equal cards give equal bytes."""
        return msgspec.json.encode(self, order="deterministic")

    def summary(self) -> dict[str, Any]:
        """The card as plain JSON values, with the number of rows in place of the rows.

        `golden_rows` is that of `golden`, `sample_rows` that of `sample`; leaves are left out, and
        the frame's categories, of which there may be any number.
        """
        document: dict[str, Any] = msgspec.to_builtins(self)
        document["golden_rows"] = len(document.pop("golden"))
        document["sample_rows"] = len(document.pop("sample"))
        del document["leaves"]
        for column in document["frame"] or ():
            column.pop("categories", None)
        return document


class _Header(Struct):
    format: int


def read_card(document: bytes) -> Card:
    """Decode a card.

    Raises:
        InvalidCard: it is not JSON, is of a newer format, or breaks a rule of this one.
    """
    try:
        header = msgspec.json.decode(document, type=_Header)
        if header.format > FORMAT:
            raise InvalidCard(
                f"its card has format {header.format}, and this irisws reads up to {FORMAT}: "
                "use a newer irisws, or pack the model again with this one"
            )
        return msgspec.json.decode(document, type=Card)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidCard(f"its card is not valid: {error}") from None


def _refuse_doubled(what: str, names: list[str]) -> None:
    doubled = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubled:
        raise ValueError(f"{what} names must differ, these are doubled: {', '.join(doubled)}")
