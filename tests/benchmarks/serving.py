"""Serve one flower a request: irisws, the article's way and a no-op application, side by side.

    python -m tests.benchmarks.serving --rounds 5 --seconds 5

In every round each contestant is started, warmed for a second, loaded with wrk and stopped, one
after the other; the table shows medians over the rounds, and ratios of these medians.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from tests.benchmarks.contestants import ARTICLE, FOREST, NO_OP, TREES, Contestant, contestants
from tests.benchmarks.load import Load, measure, wrk_is_there
from tests.benchmarks.machine import describe, table
from tests.benchmarks.processes import ROOT, ServerFailed, running, stop_on_sigterm

_WARM_UP_SECONDS = 1
_HEAD = (
    "server",
    "model",
    "first answer, s",
    "PSS, MB",
    "req/s",
    "p50, ms",
    "p99, ms",
    "req/s to no-op",
    "req/s to article's best",
    "first answer to article's best",
)


@dataclass
class Figures:
    """What the rounds found of one contestant."""

    starts: list[float] = field(default_factory=list)
    pss: list[float] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    answers: set[bytes] = field(default_factory=set)

    @property
    def rate(self) -> float:
        return median(load.requests_per_second for load in self.loads)

    @property
    def start(self) -> float:
        return median(self.starts)


Results = Mapping[Contestant, Figures]


def main() -> None:
    options = _options()
    _require(wrk_is_there(), "wrk is not installed: it is a Debian package of that name")
    for module in ("flask", "gunicorn", "sklearn"):
        _require(find_spec(module) is not None, f"{module} is missing: pip install -e '.[bench]'")
    stop_on_sigterm()
    print(describe())
    print(
        f"{options.rounds} rounds, {options.seconds} s each with {options.connections} "
        f"connections from 1 wrk thread; {max(options.starts, options.rounds)} starts\n"
    )
    try:
        print(_compare(options))
    except ServerFailed as error:
        sys.exit(f"serving: {error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.serving")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of load (default 5)")
    parser.add_argument("--seconds", type=int, default=5, help="of load in each (default 5)")
    parser.add_argument("--starts", type=int, default=5, help="starts, at least (default 5)")
    parser.add_argument("--connections", type=int, default=16, help="open ones (default 16)")
    parser.add_argument(
        "--only",
        action="append",
        metavar="TEXT",
        help="only what has TEXT in its server or model, and the no-op; may be repeated",
    )
    return parser.parse_args()


def _require(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(f"serving: {message}")


def _compare(options: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory() as directory:
        forest = Path(directory, "forest.onnx")
        everyone = _chosen(contestants(forest), options.only)
        if any(contestant.model == FOREST for contestant in everyone):
            _pack_forest(forest)
        present = [contestant for contestant in everyone if contestant.is_available()]
        results: Results = {contestant: Figures() for contestant in present}
        for _ in range(options.rounds):
            for contestant in present:
                _load_once(contestant, results[contestant], options.seconds, options.connections)
        for _ in range(options.starts - options.rounds):
            for contestant in present:
                _start_once(contestant, results[contestant])
    _refuse_different_answers(results)
    return table(_HEAD, [_row(contestant, results) for contestant in everyone])


def _chosen(everyone: Iterable[Contestant], texts: Sequence[str] | None) -> list[Contestant]:
    return [
        contestant
        for contestant in everyone
        if not texts or contestant.name == NO_OP or any(text in contestant.label for text in texts)
    ]


def _pack_forest(path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.forest", str(TREES), str(path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)


def _load_once(contestant: Contestant, figures: Figures, seconds: int, connections: int) -> None:
    print(contestant.label, file=sys.stderr)
    with running(contestant.command, contestant.environment) as server:
        figures.starts.append(server.first_answer_seconds)
        figures.answers.add(server.answer)
        measure(server.port, _WARM_UP_SECONDS, connections)
        figures.loads.append(measure(server.port, seconds, connections))
        figures.pss.append(server.pss_mb())


def _start_once(contestant: Contestant, figures: Figures) -> None:
    with running(contestant.command, contestant.environment) as server:
        figures.starts.append(server.first_answer_seconds)
        figures.answers.add(server.answer)


def _refuse_different_answers(results: Results) -> None:
    answers: dict[str, set[bytes]] = defaultdict(set)
    for contestant, figures in results.items():
        answers[contestant.model] |= figures.answers
    for model, different in answers.items():
        _require(len(different) == 1, f"{model}: the servers answer differently: {different}")


def _row(contestant: Contestant, results: Results) -> list[str]:
    if contestant not in results:
        return [contestant.name, contestant.model, "not available", *[""] * (len(_HEAD) - 3)]
    figures = results[contestant]
    articles = [
        other
        for rival, other in results.items()
        if rival.name.startswith(ARTICLE) and rival.model == contestant.model
    ]
    no_op = [other for rival, other in results.items() if rival.name == NO_OP]
    return [
        contestant.name,
        contestant.model,
        f"{figures.start:.2f}",
        f"{median(figures.pss):.0f}",
        f"{figures.rate:,.0f}",
        f"{median(load.p50_ms for load in figures.loads):.2f}",
        f"{median(load.p99_ms for load in figures.loads):.2f}",
        _ratio(figures.rate, max, [other.rate for other in no_op]),
        _ratio(figures.rate, max, [other.rate for other in articles]),
        _ratio(figures.start, min, [other.start for other in articles]),
    ]


def _ratio(value: float, best: Callable[[list[float]], float], others: list[float]) -> str:
    return f"{value / best(others):.2f}" if others else "–"


if __name__ == "__main__":
    main()
