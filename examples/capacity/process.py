"""irisws on one core, the load on another, and whether others were in the way. Linux only."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class CannotMeasure(Exception):
    """The machine cannot be measured on; the message says why."""


@dataclass(frozen=True)
class Replica:
    """A running `irisws serve`."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """The time that its threads have had on a core so far."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory_bytes(self) -> int:
        """Its memory (PSS), pages that others share counted by share."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        return int(text.partition("\nPss:")[2].split()[0]) * 1024


@contextmanager
def on_one_core() -> Iterator[Replica]:
    """Start irisws on a core of its own; this process takes another, until the end.

    Raises:
        CannotMeasure: There are no two cores, or irisws did not start.
    """
    if not sys.platform.startswith("linux"):
        raise CannotMeasure("needs Linux, which gives a process a core and counts its time")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise CannotMeasure("needs two cores, one for irisws and one for the load")
    command = [sys.executable, "-m", "irisws", "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        os.sched_setaffinity(process.pid, {cores[-1]})  # its threads inherit it
        os.sched_setaffinity(0, {cores[0]})
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://[0-9.]+:([0-9]+)$", line.strip())
        if found is None:
            raise CannotMeasure(f"irisws did not start: {line}{process.stderr.read()}")
        yield Replica(process.pid, int(found[1]))
    finally:
        os.sched_setaffinity(0, cores)
        process.terminate()
        process.communicate()


def waited_seconds() -> float:
    """How long this process has been kept waiting for its core by others so far.

    irisws, with the same priority on the other core, fares alike. Its own figure would not tell:
    there its threads keep each other waiting.
    """
    return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
