"""Write the tables of `docs/reference/models.md`: every classifier, packed, served and timed.

    python -m docs._tools.models

takes some minutes, and wants a machine that does nothing else: a part of what it writes is times.
The tests hold engines, labels and the list of classifiers against the page, and say when to run it.
"""

import math
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from docs._tools.reference import filled_in
from irisws.model.rows import as_rows
from tests.matrix import classifiers
from tests.matrix.classifiers import SEVERAL_OUTPUTS, UNFIT, DataSet
from tests.matrix.serving import Comparison, Packed, Server, compare, pack, running

PAGE = Path(__file__).parents[1] / "reference" / "models.md"

_HEAD = (
    "classifier",
    "engine",
    "rows",
    "labels differ",
    "probabilities differ",
    "alone, scikit-learn",
    "alone, irisws",
    "in 1,000, scikit-learn",
    "in 1,000, irisws",
)
_ALIGNED = "| --- | --- |" + " --: |" * (len(_HEAD) - 2)
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|", re.MULTILINE)

# What a card may give for a reason, the first that fits.
_REASONS = (
    ("refuses rows", "It has no answer to rows that are far from its training data"),
    ("MissingShapeCalculator|NotImplementedError", "The converter, skl2onnx, does not know it"),
    ("get another label", "The converted graph answers otherwise"),
    ("", "The converted graph is not valid"),
)
_BATCH = 1_000
_LEAST_SECONDS, _LEAST_CALLS = 0.15, 5
_LIBRARIES = ("scikit-learn", "skl2onnx", "onnxruntime", "numpy")


def main() -> int:
    page = PAGE.read_text(encoding="utf-8")
    reasons = Reasons()
    with running() as server, tempfile.TemporaryDirectory() as folder:
        parts = {
            data.name: table(data, server, Path(folder), reasons)
            for data in (classifiers.iris(), classifiers.penguins())
        }
    parts["reasons"] = reasons.listed()
    parts["versions"] = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES) + "."
    PAGE.write_text(filled_in(PAGE.name, page, parts), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE.relative_to(PAGE.parents[2]).as_posix()}")
    return 0


def told(data_name: str) -> Mapping[str, tuple[str, str]]:
    """What the page says of a data set: by classifier, its engine and how many labels differ."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.partition(f"<!-- generated: {data_name} -->")[2].partition("<!-- end -->")[0]
    return {name: (engine, differing) for name, engine, differing in _ROW.findall(part)}


def table(data: DataSet, server: Server, folder: Path, reasons: "Reasons") -> str:
    """The table of a data set."""
    left_out = {*SEVERAL_OUTPUTS, *UNFIT[data.name]}
    lines = [f"| {' | '.join(_HEAD)} |", _ALIGNED]
    for name in classifiers.names():
        if name not in left_out:
            packed = pack(name, data, folder)
            reasons.add(name, data.name, packed.model.card.parity.not_onnx)
            cells = _cells(packed, data, compare(server, packed, data))
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
            print(lines[-1], file=sys.stderr)
    return "\n".join(lines)


class Reasons:
    """Why classifiers are served with scikit-learn, in groups."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, list[str]]] = {heading: {} for _, heading in _REASONS}

    def add(self, name: str, data_name: str, not_onnx: str | None) -> None:
        """Add what the card of a classifier says; None if it has become ONNX."""
        if not_onnx is not None:
            heading = next(heading for words, heading in _REASONS if re.search(words, not_onnx))
            self._found[heading].setdefault(name, []).append(data_name)

    def listed(self) -> str:
        """A list of definitions: the reason, and the classifiers, with the data set if on one."""
        return "\n\n".join(
            f"{heading}\n: " + ", ".join(_with_data(*each) for each in sorted(names.items()))
            for heading, names in self._found.items()
            if names
        )


def _with_data(name: str, data_names: list[str]) -> str:
    return f"`{name}`" + (f" ({data_names[0]})" if len(data_names) == 1 else "")


def _cells(packed: Packed, data: DataSet, found: Comparison) -> list[str]:
    parity = packed.model.card.parity
    is_onnx = parity.not_onnx is None
    has_probabilities = packed.model.card.has_probabilities
    largest = power_of_ten(parity.largest_probability_difference)
    return [
        packed.engine,
        f"{found.rows + parity.rows * is_onnx:,}",
        str(found.label_mismatches + parity.label_mismatches),
        largest if has_probabilities else "none",
        *(in_two_digits(value) for value in _times(packed, data)),
    ]


def _times(packed: Packed, data: DataSet) -> list[float]:
    """Microseconds a row: alone and in a batch, each with scikit-learn and with the model file."""
    estimator, times = packed.estimator, []
    has_probabilities = packed.model.card.has_probabilities

    def asked(given: Any) -> None:
        estimator.predict(given)
        if has_probabilities:
            estimator.predict_proba(given)

    for count in (1, _BATCH):
        at = [place % len(data.rows) for place in range(count)]
        given = data.X.iloc[at] if hasattr(data.X, "iloc") else data.X[at]
        rows = as_rows([data.rows[place] for place in at], packed.model.card.features)
        times += [
            _microseconds(asked, given) / count,
            _microseconds(packed.model.answer, rows) / count,
        ]
    return times


def _microseconds(call: Callable[[Any], object], argument: Any) -> float:
    """The quickest call, which was disturbed least."""
    call(argument)  # caches, and lazy parts of libraries
    times: list[float] = []
    while sum(times) < _LEAST_SECONDS or len(times) < _LEAST_CALLS:
        began = perf_counter()
        call(argument)
        times.append(perf_counter() - began)
    return min(times) * 1e6


def power_of_ten(value: float) -> str:
    """The power of ten that is not below a value: 0.000003 gives `1e-05`."""
    return f"{10.0 ** math.ceil(math.log10(value)):.0e}" if value else "0"


def in_two_digits(value: float) -> str:
    """A number of two digits that count: 1234 gives `1,200`, and 0.128 `0.13`."""
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):,.{max(digits, 0)}f}"


if __name__ == "__main__":
    sys.exit(main())
