"""What it costs to start: seconds until the process that imports this, and nothing more, has ended.

python -m tests.benchmarks.import_time
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from tests.benchmarks.machine import describe, table
from tests.benchmarks.processes import ROOT

_REPEATS = 9
_COMMANDS = {
    "python, nothing imported": ("-c", "pass"),
    "irisws --help": ("-m", "irisws", "--help"),
    "import irisws.wsgi (loads the tree, and proves it)": ("-c", "import irisws.wsgi"),
    "import onnxruntime": ("-c", "import onnxruntime"),
    "the article's module (fits the tree)": ("-c", "import tests.benchmarks.article"),
}


def main() -> None:
    print(describe(), end="\n\n")
    rounds = [[_seconds(command) for command in _COMMANDS.values()] for _ in range(_REPEATS)]
    times = dict(zip(_COMMANDS, zip(*rounds, strict=True), strict=True))
    rows = [
        [name, f"{median(seconds):.3f}", f"{min(seconds):.3f}"] for name, seconds in times.items()
    ]
    print(table(("process", "median, s", "least, s"), rows))


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=60
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
