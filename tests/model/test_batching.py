"""Batching: what waits is answered together, each request as if it were alone."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from webtest import TestApp as WebClient

import irisws
from irisws.model.batching import BatchingEngine, Busy
from irisws.model.engine import RefusedRow
from irisws.model.model import Model
from irisws.model.model_file import read_model_file

BAD = -1.0


class Ending(BaseException):
    """What ends a thread, such as SystemExit."""


class Gate:
    """An engine that answers only while its gate is open, and notes what it is asked.

    The class of a row is its first value, the probability a quarter of it.
    """

    largest_value = 1e30

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked: list[list[float]] = []
        self.running = 0
        self.fatal = False

    def predict(self, rows: Any) -> tuple[Any, Any]:
        self.running += 1
        assert self.running == 1, "two threads at once"
        try:
            self.asked.append(rows[:, 0].tolist())
            assert self.open.wait(30)
            if self.fatal:
                self.fatal = False
                raise Ending
            if (rows == BAD).any():
                raise RefusedRow(f"{rows[:, 0].tolist()}")
            return rows[:, 0].astype(np.int64), rows[:, :1] / 4
        finally:
            self.running -= 1


def row(value: float, count: int = 1) -> Any:
    return np.full((count, 2), value)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def callers(batching: BatchingEngine) -> Iterator[Callable[[Any], "Future[Any]"]]:
    """Threads that ask one after the other: the first keeps the engine busy, the others queue."""
    gate: Any = batching.engine
    with ThreadPoolExecutor(20) as pool:
        asked: list[Any] = []

        def ask(rows: Any) -> "Future[Any]":
            future = pool.submit(batching.predict, rows)
            asked.append(rows)
            wait_until(lambda: bool(gate.asked) and len(batching._queue) == len(asked) - 1)
            return future

        try:
            yield ask
        finally:
            gate.open.set()


def test_idle_engine_is_asked_at_once_by_the_callers_own_thread() -> None:
    """Without other requests there is nothing to wait for, and no other thread."""
    gate = Gate()
    gate.open.set()
    before = threading.active_count()
    indexes, probabilities = BatchingEngine(gate).predict(row(3))
    assert (indexes.tolist(), probabilities.tolist()) == ([3], [[0.75]])
    assert threading.active_count() == before


def test_requests_that_wait_are_answered_as_one_batch() -> None:
    """What comes while the engine is busy is one call, and everyone gets what is theirs."""
    batching = BatchingEngine(gate := Gate())
    with callers(batching) as ask:
        futures = [ask(row(value, count)) for value, count in ((1, 1), (2, 3), (3, 1), (4, 2))]
        gate.open.set()
        answers = [future.result(30)[0].tolist() for future in futures]
    assert answers == [[1], [2, 2, 2], [3], [4, 4]]
    assert gate.asked == [[1], [2, 2, 2, 3, 4, 4]]


def test_batches_are_limited_and_in_order() -> None:
    """A batch takes no more rows than it may, and nobody overtakes."""
    batching = BatchingEngine(gate := Gate(), largest_batch=4)
    with callers(batching) as ask:
        futures = [ask(row(value, count)) for value, count in ((1, 1), (2, 3), (3, 2), (4, 1))]
        gate.open.set()
        for future in futures:
            future.result(30)
    assert gate.asked == [[1], [2, 2, 2], [3, 3, 4]]


def test_large_request_does_not_keep_others_waiting() -> None:
    """It takes its turn anew for each batch, and gets its answers in one piece."""
    batching = BatchingEngine(gate := Gate(), largest_batch=3)
    many = np.column_stack([np.arange(8.0), np.zeros(8)])
    with callers(batching) as ask:
        large, small = ask(many), ask(row(9))
        gate.open.set()
        assert large.result(30)[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
        assert large.result(30)[1].ravel().tolist() == [at / 4 for at in range(8)]
        assert small.result(30)[0].tolist() == [9]
    assert gate.asked[:2] == [[0, 1, 2], [9]]


def test_bad_row_spoils_nobody_elses_answer() -> None:
    """If a batch fails each request is answered alone, and the error goes where it belongs."""
    batching = BatchingEngine(gate := Gate())
    with callers(batching) as ask:
        futures = [ask(row(value)) for value in (1, 2, BAD, 3)]
        gate.open.set()
        with pytest.raises(RefusedRow, match=r"\[-1.0\]"):
            futures[2].result(30)
        answers = [futures[at].result(30)[0].tolist() for at in (0, 1, 3)]
    assert answers == [[1], [2], [3]]
    assert gate.asked == [[1], [2, BAD, 3], [2], [BAD], [3]]


def test_part_of_a_large_request_that_fails_ends_it() -> None:
    """The rest of it is not asked, and counts no longer."""
    batching = BatchingEngine(gate := Gate(), largest_batch=2)
    gate.open.set()
    with pytest.raises(RefusedRow):
        batching.predict(row(BAD, 10))
    assert gate.asked == [[BAD, BAD]]
    assert batching._waiting == 0


def test_queue_is_bounded() -> None:
    """With enough rows waiting the next request is refused, until they are answered."""
    batching = BatchingEngine(gate := Gate(), most_waiting=5)
    with callers(batching) as ask:
        futures = [ask(row(1)), ask(row(2, 4)), ask(row(3))]
        with pytest.raises(Busy, match="5 rows are waiting"):
            batching.predict(row(4))
        gate.open.set()
        assert [len(future.result(30)[0]) for future in futures] == [1, 4, 1]
    assert batching.predict(row(4))[0].tolist() == [4]


def test_request_of_any_size_is_taken_when_none_waits() -> None:
    """The bound is for what waits already, so that a single large request is no error."""
    batching = BatchingEngine(gate := Gate(), largest_batch=10, most_waiting=5)
    gate.open.set()
    assert len(batching.predict(row(1, 100))[0]) == 100


def test_thread_that_ends_while_it_leads_takes_nobody_with_it() -> None:
    """Its own request is lost, and the others are answered by another thread."""
    batching = BatchingEngine(gate := Gate())
    with callers(batching) as ask:
        first, *rest = [ask(row(value)) for value in (1, 2, 3)]
        gate.fatal = True
        gate.open.set()
        with pytest.raises(Ending):
            first.result(30)
        assert [future.result(30)[0].tolist() for future in rest] == [[2], [3]]
    assert batching._waiting == 0


def test_thread_that_ends_with_others_in_its_batch() -> None:
    """The others go back to the head of the queue."""
    batching = BatchingEngine(gate := Gate())
    first_done = threading.Event()

    class Fatal(Gate):
        def predict(self, rows: Any) -> tuple[Any, Any]:
            if first_done.is_set() and len(rows) > 1:
                first_done.clear()
                raise Ending
            answer = gate.predict(rows)
            first_done.set()
            return answer

    batching.engine = Fatal()
    batching.engine.asked = gate.asked
    batching.engine.open = gate.open
    with callers(batching) as ask:
        futures = [ask(row(value)) for value in (1, 2, 3, 4)]
        gate.open.set()
        with pytest.raises(Ending):
            futures[1].result(30)
        assert [futures[at].result(30)[0].tolist() for at in (0, 2, 3)] == [[1], [3], [4]]


def test_app_answers_503_and_when_to_come_back() -> None:
    """Too many waiting rows are the caller's to send again, in every dialect."""

    class BusyModel(Model):
        def answer(self, *_: Any, **__: Any) -> Any:
            raise Busy("7 rows are waiting to be answered")

    client = WebClient(irisws.create_app(BusyModel(read_model_file())))
    reply = client.post_json("/v1/predict", {"instances": [[5, 3, 1, 0]]}, status=503)
    assert reply.headers["Retry-After"] == "1"
    assert reply.json["type"].endswith("#overloaded")
    tensor = {"name": "X", "shape": [1, 4], "datatype": "FP64", "data": [5, 3, 1, 0]}
    reply = client.post_json("/v2/models/iris/infer", {"inputs": [tensor]}, status=503)
    assert reply.json["error"] == "7 rows are waiting to be answered"


class InterruptedEvent(threading.Event):
    """A wait that Ctrl-C ends in the main thread, as it does in a program's own."""

    def wait(self, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return super().wait(timeout)


def test_caller_that_is_interrupted_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in a program's main thread ends its own request alone."""
    monkeypatch.setattr("irisws.model.batching.Event", InterruptedEvent)
    batching = BatchingEngine(gate := Gate())
    with callers(batching) as ask:
        first = ask(row(1))
        with pytest.raises(KeyboardInterrupt):
            batching.predict(row(2))
        last = ask(row(3))
        gate.open.set()
        assert [first.result(30)[0].tolist(), last.result(30)[0].tolist()] == [[1], [3]]
    assert gate.asked == [[1], [3]]
    assert batching._waiting == 0


def test_rows_of_objects() -> None:
    """Rows with strings are joined as they are."""
    batching = BatchingEngine(gate := Gate())
    rows = np.array([[5.0, "a"], [6.0, None]], dtype=object)
    with callers(batching) as ask:
        futures = [ask(rows[:1]), ask(rows[:1]), ask(rows[1:])]
        gate.open.set()
        assert [future.result(30)[0].tolist() for future in futures] == [[5], [5], [6]]


def test_no_rows() -> None:
    """No rows, no answers, and no error."""
    batching = BatchingEngine(gate := Gate())
    gate.open.set()
    assert [len(part) for part in batching.predict(np.empty((0, 2)))] == [0, 0]


def test_many_threads_lose_nothing() -> None:
    """64 threads, thousands of requests of any size, some of them bad: each gets its own answer."""
    batching = BatchingEngine(gate := Gate(), largest_batch=16)
    gate.open.set()
    started = threading.Barrier(64)

    def call(number: int) -> int:
        rng = random.Random(number)
        started.wait(30)
        answered = 0
        for turn in range(60):
            rows = row(number * 100 + turn, rng.choice((1, 1, 1, 2, 7, 40)))
            if rng.random() < 0.05:
                rows[-1, 1] = BAD
                with pytest.raises(RefusedRow):
                    batching.predict(rows)
            else:
                indexes, probabilities = batching.predict(rows)
                assert indexes.tolist() == [number * 100 + turn] * len(rows)
                assert probabilities.shape == (len(rows), 1)
            answered += 1
        return answered

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(call, range(64))) == 64 * 60
    assert (batching._waiting, len(batching._queue), batching._has_leader) == (0, 0, False)
    assert max(map(len, gate.asked)) > 1
