"""Time a call: repeats of a loop, of which the median is usual and the least undisturbed."""

import gc
import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any, NamedTuple


class Timing(NamedTuple):
    """Microseconds a call."""

    median: float
    least: float


def measure(
    call: Callable[[Any], object],
    arguments: Callable[[], Any],
    *,
    calls: int = 500,
    repeats: int = 60,
) -> Timing:
    """Time `call(argument)`; the arguments of a repeat are made before its clock starts."""
    _one_repeat(call, [arguments() for _ in range(calls)])  # caches, and lazy parts of libraries
    times = [_one_repeat(call, [arguments() for _ in range(calls)]) / calls for _ in range(repeats)]
    return Timing(median(times) * 1e6, min(times) * 1e6)


def _one_repeat(call: Callable[[Any], object], arguments: Iterable[Any]) -> float:
    gc.collect()  # what making the arguments left behind is not the call's
    began = time.perf_counter()
    for argument in arguments:
        call(argument)
    return time.perf_counter() - began
