"""What batching is worth: models served with scikit-learn, asked by 1 and by 32 callers.

    python -m tests.benchmarks.batching --rounds 3 --seconds 4

The same server, model and load each time: once every request is a call of scikit-learn, from as
many threads as a server of ONNX has and from 32, and once what waits is answered together. Every
round measures each of them once, in turn; the table shows medians over the rounds.
"""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.load import Load, measure, wrk_is_there
from tests.benchmarks.machine import describe, table
from tests.benchmarks.processes import ServerFailed, running, stop_on_sigterm

_CALLERS = (1, 32)
_WAYS = (("one by one", 4), ("one by one", 32), ("batched", 32))  # with so many threads
_TRUST = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
)
_ENVIRONMENT = {"OMP_NUM_THREADS": "1"}  # as it is under `irisws serve`
_HEAD = ("model", "scikit-learn is asked", "threads", "callers", "req/s", "p50, ms", "p99, ms")


def main(arguments: Sequence[str]) -> None:
    if arguments[:1] == ["--serve"]:
        path, way, threads, port = arguments[1:]
        sys.exit(_serve(Path(path), way, int(threads), int(port)))
    options = _options(arguments)
    if not wrk_is_there():
        sys.exit("batching: wrk is not installed: it is a Debian package of that name")
    stop_on_sigterm()
    print(describe())
    print(f"{options.rounds} rounds of {options.seconds} s\n")
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(table(_HEAD, _measured(_pack(Path(folder)), options.rounds, options.seconds)))
        except ServerFailed as error:
            sys.exit(f"batching: {error}")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.batching")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of load (default 3)")
    parser.add_argument("--seconds", type=int, default=4, help="of load in each (default 4)")
    return parser.parse_args(arguments)


def _pack(folder: Path) -> dict[str, Path]:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.neighbors import KNeighborsClassifier

    import irisws

    X, y = load_iris(return_X_y=True)
    names = {"sepal_length": "sl", "sepal_width": "sw", "petal_length": "pl", "petal_width": "pw"}
    features = {name: {"alias": alias} for name, alias in names.items()}
    options: Any = {"name": "iris", "features": features, "engine": "skops", "report": None}
    estimators = {
        "boosting, 100 rounds": HistGradientBoostingClassifier(random_state=0),
        "5 nearest neighbours": KNeighborsClassifier(),
    }
    paths = {name: folder / f"{at}.skops" for at, name in enumerate(estimators)}
    for name, estimator in estimators.items():
        irisws.pack(estimator.fit(X, y), X, y, paths[name], **options)
    return paths


def _measured(models: dict[str, Path], rounds: int, seconds: int) -> list[list[str]]:
    found: dict[tuple[str, str, int, int], list[Load]] = defaultdict(list)
    for _ in range(rounds):
        for name, path in models.items():
            for way, threads in _WAYS:
                print(f"{name}, {way}, {threads} threads", file=sys.stderr)
                command = ["-m", __spec__.name, "--serve", str(path), way, str(threads)]
                with running(lambda port, c=command: [*c, str(port)], _ENVIRONMENT) as server:  # type: ignore[misc]
                    for callers in _CALLERS:
                        measure(server.port, 1, callers)
                        load = measure(server.port, seconds, callers)
                        found[name, way, threads, callers].append(load)
    return [[*map(str, key), *_medians(loads)] for key, loads in sorted(found.items(), key=_order)]


def _order(item: tuple[tuple[str, str, int, int], Any]) -> tuple[str, int, str, int]:
    name, way, threads, callers = item[0]
    return name, callers, "" if way == "one by one" else way, threads


def _medians(loads: Sequence[Load]) -> list[str]:
    return [
        f"{median(load.requests_per_second for load in loads):,.0f}",
        f"{median(load.p50_ms for load in loads):.1f}",
        f"{median(load.p99_ms for load in loads):.1f}",
    ]


def _serve(path: Path, way: str, threads: int, port: int) -> int:
    """What `irisws serve` does, with the engine wrapped or not."""
    from irisws.app import create_app
    from irisws.model.batching import BatchingEngine
    from irisws.model.model import Model
    from irisws.server import Server, StopSignals
    from irisws.settings import Settings

    os.environ.pop("PORT", None)
    signals = StopSignals()
    model = Model.load(path, trust=_TRUST)
    if way == "one by one":
        assert isinstance(model._engine, BatchingEngine)
        model._engine = model._engine.engine
    settings = Settings(port=port, threads=threads)
    return Server(create_app(model, settings), settings).run(signals, lambda: None)


if __name__ == "__main__":
    main(sys.argv[1:])
