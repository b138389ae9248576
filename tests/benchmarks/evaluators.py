"""One row of a forest: walked in Python, or given to ONNX Runtime; alone, and with the GIL shared.

    python -m tests.benchmarks.evaluators

ONNX Runtime releases the GIL. Where other threads want it, the caller has to win it back, and that
costs up to a switch interval (5 ms). The walk keeps it. `irisws.model.trees` rests on this table.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from irisws.model import trees
from irisws.model.engine import OnnxEngine
from irisws.model.model import Model
from irisws.model.model_file import read_model_file
from irisws.model.onnx_file import read_nodes
from tests.benchmarks.forest import pack_forest
from tests.benchmarks.machine import describe, table
from tests.benchmarks.timing import measure

_FORESTS = (1, 3, 10, 30, 100, 300)
_ROW = (5.9, 3.0, 4.2, 1.5)
_THREADS = 4
_SECONDS, _RUNS = 0.5, 5
_HEAD = (
    "trees",
    "steps at most",
    "walk, µs",
    "engine, µs",
    "walk, shared, µs",
    "engine, shared, µs",
    "busy thread beside walk",
    "busy thread beside engine",
)

Evaluate = Callable[[object], object]


class Shared(NamedTuple):
    """A row's microseconds, and what the busy thread got done of what it does alone."""

    microseconds: float
    busy_share: float


def main() -> None:
    print(describe())
    print(
        f"\nOne row, µs of wall clock. Shared: {_THREADS} threads evaluate while one more is busy "
        "in Python; the wall clock over the rows of all four, and what the busy thread gets done "
        "of what it does alone.\n"
    )
    # The reader refuses a forest that it holds to be too large: here that is what we look at.
    trees.LONGEST_WALK = trees.MOST_NODES = sys.maxsize
    with tempfile.TemporaryDirectory() as directory:
        models = [pack_forest(count, Path(directory, f"{count}.onnx")) for count in _FORESTS]
        rows = [_row(count, model) for count, model in zip(_FORESTS, models, strict=True)]
    print(table(_HEAD, rows))


def _row(count: int, model: Model) -> list[str]:
    walker, steps = _walker(model)
    engine = _engine(model)
    alone = [measure(call, lambda: None, calls=200, repeats=30).median for call in (walker, engine)]
    shared = [_shared(call) for call in (walker, engine)]
    return [
        str(count),
        str(steps),
        *(f"{microseconds:.1f}" for microseconds in alone),
        *(f"{run.microseconds:.1f}" for run in shared),
        *(f"{run.busy_share:.0%}" for run in shared),
    ]


def _walker(model: Model) -> tuple[Evaluate, int]:
    nodes = read_nodes(read_model_file(model.path).data)
    ensemble = trees.read_tree_ensemble(nodes, len(model.card.features), len(model.card.classes))
    if ensemble is None:
        raise RuntimeError(f"{model.card.name} cannot be walked")
    return lambda _: ensemble.predict(_ROW), sum(map(_depth, ensemble.roots))


def _engine(model: Model) -> Evaluate:
    classes = [target.value for target in model.card.classes]
    engine = OnnxEngine(read_model_file(model.path).data, model.card.features, classes)

    def evaluate(_: object) -> object:
        indexes, probabilities = engine.predict(np.array([_ROW]))
        return indexes.tolist(), probabilities.tolist()

    return evaluate


def _depth(node: trees.TreeNode) -> int:
    return 0 if node[0] is None else 1 + max(_depth(node[2]), _depth(node[3]))


def _shared(evaluate: Evaluate) -> Shared:
    """Median of some runs of four threads that evaluate and one that is busy."""
    alone = _run([_count_to_a_hundred])[0]
    runs = [_run([_count_to_a_hundred, *[evaluate] * _THREADS]) for _ in range(_RUNS)]
    return Shared(
        median(1e6 / max(sum(evaluated), 1e-9) for _, *evaluated in runs),
        median(busy / alone for busy, *_ in runs),
    )


def _count_to_a_hundred(_: object) -> object:
    return sum(range(100))


def _run(calls: Sequence[Evaluate]) -> list[float]:
    """Calls a second of each, when each is called over and over by a thread of its own."""
    done = [0] * len(calls)
    stop = threading.Event()

    def repeat(number: int) -> None:
        while not stop.is_set():
            calls[number](None)
            done[number] += 1

    threads = [threading.Thread(target=repeat, args=(number,)) for number in range(len(calls))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    try:
        time.sleep(_SECONDS)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    seconds = time.perf_counter() - began
    return [count / seconds for count in done]


if __name__ == "__main__":
    main()
