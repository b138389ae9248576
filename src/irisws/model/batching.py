"""Batching for an engine that takes milliseconds a call, whatever the number of rows.

scikit-learn checks its input, builds arrays and starts its loops anew for every call, so a call
with thirty rows costs little more than a call with one. While the engine is busy, requests wait in
a queue; when it is free, it answers as many of them as one batch as there are. Nobody waits for a
batch to fill: an idle engine is asked at once, by the caller's own thread.

There is no thread of its own. Of the callers' threads one leads: it answers the batch at the head
of the queue, its own rows among them, and hands the lead to the thread whose rows are next.
"""

from collections import deque
from threading import Event, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.engine import Engine
from irisws.model.rows import Rows

LARGEST_BATCH = 2_000  # rows; a call with more of them is hardly better, and lasts long
MOST_WAITING = 100_000  # rows; what comes after them is refused

Answer = tuple[NDArray[Any], NDArray[Any]]  # class indexes, and probabilities


class Busy(Exception):
    """More rows wait for the engine than it will soon answer; ask again later."""


class BatchingEngine:
    """An engine that answers the requests of many threads together. Safe to use from them all.

    The engine behind it is called by one thread at a time. It must answer each row alike alone and
    among others, as scikit-learn's classifiers do, but for the last digits of a probability.
    """

    def __init__(
        self, engine: Engine, largest_batch: int = LARGEST_BATCH, most_waiting: int = MOST_WAITING
    ) -> None:
        """Wrap.

        Args:
            engine: The engine that is asked.
            largest_batch: The most rows in one call of it.
            most_waiting: How many rows may wait before further requests are refused.
        """
        self.engine = engine
        self._largest_batch = largest_batch
        self._most_waiting = most_waiting
        self._lock = Lock()  # of all that follows
        self._queue: deque[_Part] = deque()
        self._waiting = 0  # rows of requests that are not being answered yet
        self._has_leader = False

    @property
    def largest_value(self) -> float:
        """Of the engine behind it."""
        return self.engine.largest_value

    def predict(self, rows: Rows) -> Answer:
        """Answer rows, maybe together with those of other threads; see `Engine.predict`.

        Requests are answered in the order in which they come. One with more rows than a batch has
        waits for its turn anew for each batch, so that it does not keep others waiting.

        Raises:
            Busy: Too many rows wait.
            Exception: What the engine raises of these rows, whatever others were in the batch.
        """
        starts = range(0, len(rows), self._largest_batch) or [0]
        parts = [_Part(rows[at : at + self._largest_batch]) for at in starts]
        self._admit(len(rows))
        try:
            answers = [self._answer_of(part) for part in parts]
        finally:
            with self._lock:
                self._waiting -= sum(len(part.rows) for part in parts if not part.is_taken)
        if len(answers) == 1:
            return answers[0]
        indexes, probabilities = zip(*answers, strict=True)
        return np.concatenate(indexes), np.concatenate(probabilities)

    def _admit(self, count: int) -> None:
        with self._lock:
            if self._waiting >= self._most_waiting:
                raise Busy(f"{self._waiting:,} rows are waiting to be answered")
            self._waiting += count

    def _answer_of(self, part: "_Part") -> Answer:
        """Queue the part, lead if nobody does or when it is its turn, and return its answer."""
        try:
            with self._lock:
                self._queue.append(part)
                part.leads = not self._has_leader
                self._has_leader = True
            if not part.leads:
                part.woken.wait()
            if part.leads:
                self._lead(part)
        except BaseException:  # KeyboardInterrupt, at any moment of a program's main thread
            self._leave(part)
            raise
        if part.error is not None:
            raise part.error
        assert part.answer is not None
        return part.answer

    def _lead(self, own: "_Part") -> None:
        """Answer the batch at the head of the queue, the first part of which is this thread's."""
        batch: list[_Part] = []
        try:
            batch = self._take_batch()
            self._answer(batch)
        finally:  # whatever ends this thread, others go on
            with self._lock:
                own.leads = False
                undone = [part for part in batch[1:] if not part.is_done]
                for part in reversed(undone):
                    self._queue.appendleft(part)
                    self._count_taken(part, False)
                self._pass_lead()
            for part in batch[1:]:
                if part.is_done:
                    part.woken.set()

    def _take_batch(self) -> "list[_Part]":
        batch: list[_Part] = []
        with self._lock:
            room = self._largest_batch
            while self._queue and len(self._queue[0].rows) <= room:
                part = self._queue.popleft()
                self._count_taken(part, True)
                batch.append(part)
                room -= len(part.rows)
        return batch

    def _count_taken(self, part: "_Part", is_taken: bool) -> None:
        part.is_taken = is_taken
        self._waiting += -len(part.rows) if is_taken else len(part.rows)

    def _pass_lead(self) -> None:
        """Let the thread at the head of the queue lead; the lock is held."""
        self._has_leader = bool(self._queue)
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].woken.set()

    def _leave(self, part: "_Part") -> None:
        """Take a part out whose thread waits no longer."""
        with self._lock:
            if part in self._queue:
                self._queue.remove(part)
            if part.leads:
                self._pass_lead()

    def _answer(self, batch: "list[_Part]") -> None:
        """Answer all parts together, or, if that fails, each alone: one of them is at fault."""
        if len(batch) > 1:
            try:
                indexes, probabilities = self.engine.predict(
                    np.concatenate([part.rows for part in batch])
                )
            except Exception:
                pass
            else:
                ends = np.cumsum([len(part.rows) for part in batch])[:-1]
                each = zip(np.split(indexes, ends), np.split(probabilities, ends), strict=True)
                for part, answer in zip(batch, each, strict=True):
                    part.answer = answer
                return
        for part in batch:
            try:
                part.answer = self.engine.predict(part.rows)
            except Exception as error:
                part.error = error


class _Part:
    """Rows of one request that are answered in one batch, and what their thread waits for."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self.leads = False
        self.is_taken = False
        self.woken = Event()  # it leads, or it is answered

    @property
    def is_done(self) -> bool:
        return self.answer is not None or self.error is not None
