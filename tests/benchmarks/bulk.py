"""Flowers from a CSV file to a CSV file: `irisws predict`, and pandas with scikit-learn.

    python -m tests.benchmarks.bulk

Whole processes on one core, start and end included. pandas does it once with the file in one piece
and once in pieces of 100,000 rows. Every round measures every contestant once, in turn.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from tests.benchmarks.machine import describe, table

_PANDAS = Path(__file__).with_name("bulk_pandas.py")
_BLOCK = 10_000  # rows that are drawn; a file repeats them
_HEADER = "sepal_length,sepal_width,petal_length,petal_width"


class Run(NamedTuple):
    """A process: seconds, those of them on the core, and its peak memory in millions of bytes."""

    seconds: float
    busy_seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bulk", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=10_000_000, help="rows, for the memory")
    options = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"\n{options.rows:,} rows of 4 numbers, one core, {options.rounds} rounds\n")
        print(_speeds(folder, options.rows, options.rounds))
        print("\nThe memory of irisws, from a flower to a flood\n")
        print(_memory(folder, [10_000, 1_000_000, options.largest]))


def _speeds(folder: Path, rows: int, rounds: int) -> str:
    source = _flowers(folder / "flowers.csv", rows)
    contestants = {
        "irisws predict, CSV": _irisws(source, folder / "out.csv"),
        "irisws predict, CSV with a column of text": _irisws(
            _flowers(folder / "noted.csv", rows, note="a note"), folder / "out.csv"
        ),
        "pandas and scikit-learn, in one piece": _pandas(source, folder / "out.csv", 0),
        "pandas and scikit-learn, in pieces": _pandas(source, folder / "out.csv", 100_000),
    }
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, command in contestants.items():
            runs[name].append(_run(command))
    lines = [
        [
            name,
            f"{median(run.seconds for run in found):.2f}",
            f"{rows / median(run.seconds for run in found):,.0f}",
            f"{rows / min(run.seconds for run in found):,.0f}",
            f"{rows / median(run.busy_seconds for run in found):,.0f}",
            f"{median(run.megabytes for run in found):.0f}",
        ]
        for name, found in runs.items()
    ]
    rates = ("rows/s", "rows/s of the least", "rows a second on the core")
    return table(("contestant", "median, s", *rates, "peak, MB"), lines)


def _memory(folder: Path, sizes: Sequence[int]) -> str:
    lines = []
    for size in sizes:
        source = _flowers(folder / "flowers.csv", size)
        run = _run(_irisws(source, folder / "out.csv"))
        length = f"{source.stat().st_size / 1e6:.1f}"
        lines.append([f"{size:,}", length, f"{run.seconds:.2f}", f"{run.megabytes:.0f}"])
    return table(("rows", "input, MB", "s", "peak, MB"), lines)


def _irisws(source: Path, target: Path) -> list[str]:
    files = ["--input", str(source), "--output", str(target)]
    return [sys.executable, "-m", "irisws", "predict", *files]


def _pandas(source: Path, target: Path, rows: int) -> list[str]:
    return [sys.executable, str(_PANDAS), str(source), str(target), str(rows)]


def _run(command: list[str]) -> Run:
    if shutil.which("taskset"):
        command = ["taskset", "-c", str((os.cpu_count() or 1) - 1), *command]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3 * 1.024)


def _flowers(path: Path, rows: int, note: str | None = None) -> Path:
    """A file of flowers inside the training range, with one decimal as the iris data have."""
    drawn = np.random.default_rng(1).uniform(
        (4.3, 2.0, 1.0, 0.1), (7.9, 4.4, 6.9, 2.5), (_BLOCK, 4)
    )
    extra = "" if note is None else f",{note}"
    lines = "".join(f"{','.join(map(repr, row))}{extra}\n" for row in drawn.round(1).tolist())
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEADER + ("" if note is None else ",note") + "\n")
        for _ in range(rows // _BLOCK):
            file.write(lines)
    return path


if __name__ == "__main__":
    main()
