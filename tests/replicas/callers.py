"""Callers that ask without a pause and without a second try, in processes of their own.

Each asks for one flower of three, and takes a reply for an answer only if it is that flower's.
"""

import multiprocessing
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from typing import NamedTuple

HEADERS = {"Content-Type": "application/json"}
FLOWERS = [
    (b'{"sl":5.1,"sw":3.5,"pl":1.4,"pw":0.2}', b'{"prediction":[0]}'),
    (b'{"sl":5.7,"sw":2.8,"pl":4.1,"pw":1.3}', b'{"prediction":[1]}'),
    (b'{"sl":6.3,"sw":3.3,"pl":6.0,"pw":2.5}', b'{"prediction":[2]}'),
]

_PROCESSES, _THREADS = 2, 6
_TIMEOUT_SECONDS = 30.0


class Reply(NamedTuple):
    """What became of a request, and when it was sent; `problem` is None if it was answered."""

    sent: float  # time.monotonic()
    seconds: float
    problem: str | None


@dataclass(frozen=True)
class Outcome:
    """What became of every request."""

    replies: list[Reply]

    @property
    def lost(self) -> list[str]:
        return [reply.problem for reply in self.replies if reply.problem is not None]

    @property
    def answered(self) -> int:
        return len(self.replies) - len(self.lost)

    @property
    def longest_seconds(self) -> float:
        return max(reply.seconds for reply in self.replies)

    def between(self, begin: float, end: float) -> "Outcome":
        """The requests that were sent in this time."""
        return Outcome([reply for reply in self.replies if begin <= reply.sent < end])

    def percentile(self, share: float) -> float:
        """The seconds that this share of the requests took at most."""
        ordered = sorted(reply.seconds for reply in self.replies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __str__(self) -> str:
        return (
            f"answered {self.answered:,}, lost {len(self.lost)}, p50 "
            f"{1e3 * self.percentile(0.5):.1f} ms, p99 {1e3 * self.percentile(0.99):.1f} ms, "
            f"longest {1e3 * self.longest_seconds:.0f} ms"
        )


class Callers:
    """Twelve callers, ten of which keep their connection; used in a `with`."""

    def __init__(self, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._stopped = context.Event()
        self._counts = [context.Value("q", 0) for _ in range(_PROCESSES)]
        pipes = [context.Pipe(duplex=False) for _ in range(_PROCESSES)]
        self._receivers = [receiver for receiver, _ in pipes]
        self._processes = [
            context.Process(target=_call_all, args=(port, self._stopped, count, sender))
            for count, (_, sender) in zip(self._counts, pipes, strict=True)
        ]
        for process in self._processes:
            process.start()
        for _, sender in pipes:
            sender.close()  # the child has it: so that its end is seen here

    def __enter__(self) -> "Callers":
        self.wait_for(100)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        for process in self._processes:
            process.join(_TIMEOUT_SECONDS)
            if process.exitcode is None:
                process.kill()

    @property
    def asked(self) -> int:
        """How many requests have been answered or lost so far."""
        return sum(count.value for count in self._counts)

    def wait_for(self, more: int, seconds: float = 60) -> None:
        """Wait until so many more requests are answered or lost."""
        goal, deadline = self.asked + more, time.monotonic() + seconds
        while self.asked < goal:
            assert time.monotonic() < deadline, f"only {self.asked} of {goal} requests"
            time.sleep(0.05)

    def stop(self) -> Outcome:
        """Let each finish its request; what became of all of them."""
        self._stopped.set()
        replies = [reply for receiver in self._receivers for reply in receiver.recv()]
        return Outcome(replies)


def _call_all(port: int, stopped: Event, count: "Synchronized[int]", sender: Connection) -> None:
    replies: list[Reply] = []
    threads = [
        threading.Thread(target=_call, args=(port, number, stopped, count, replies))
        for number in range(_THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.send(replies)
    sender.close()


def _call(
    port: int, number: int, stopped: Event, count: "Synchronized[int]", replies: list[Reply]
) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    keeps = number > 0
    while not stopped.is_set():
        body, wanted = FLOWERS[len(replies) % len(FLOWERS)]
        began = time.monotonic()
        problem = _ask(connection, body, wanted)
        replies.append(Reply(began, time.monotonic() - began, problem))
        with count.get_lock():
            count.value += 1
        if problem or not keeps:
            connection.close()
    connection.close()


def _ask(connection: HTTPConnection, body: bytes, wanted: bytes) -> str | None:
    """Ask once; what went wrong, or None."""
    try:
        connection.request("POST", "/", body, HEADERS)
        reply = connection.getresponse()
        got = reply.read()
    except (OSError, HTTPException) as error:
        return repr(error)
    if (reply.status, got.strip()) == (200, wanted):
        return None
    return f"{reply.status} {got[:100]!r} where {wanted!r} was expected"
