"""Load on one address from one thread, with every request timed from when it should have been sent.

Linux only. What a caller does who waits for an answer before it asks again is the closed loop; what
the world does, where callers do not know of each other, is the open one.
"""

import re
import select
import socket
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
_LEAST_WAIT_SECONDS = 0.001  # what is nearer is waited for awake: epoll counts in milliseconds
_SECONDS_AFTER = 30.0  # for the last answers


class LoadFailed(Exception):
    """A request was not answered with 200."""


class OpenLoop(NamedTuple):
    """Requests that were sent at moments of their own."""

    latencies: Times  # from when each should have been sent to its answer, in seconds
    lateness: Times  # how much later each was sent, in seconds: the load generator's own fault


def http_post(path: str, body: bytes) -> bytes:
    """The bytes of a request that keeps its connection."""
    head = f"POST {path} HTTP/1.1\r\nHost: irisws\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Load:
    """Connections to one address; used in a `with`."""

    def __init__(self, port: int, request: bytes, connections: int) -> None:
        self._address, self._request = ("127.0.0.1", port), request
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._parts: dict[int, bytes] = {}
        self._idle = [self._connect() for _ in range(connections)]

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *exception: object) -> None:
        for connection in self._sockets.values():
            connection.close()
        self._epoll.close()

    def closed_loop(self, seconds: float) -> Times:
        """Ask on every connection, again as soon as it is answered; the latencies."""
        sent, latencies = {}, []
        began = time.perf_counter()
        for number in self._idle:
            sent[number] = time.perf_counter()
            self._sockets[number].sendall(self._request)
        while sent:
            for number in self._answered(_SECONDS_AFTER):
                now = time.perf_counter()
                latencies.append(now - sent.pop(number))
                if now - began < seconds:
                    sent[number] = now
                    self._sockets[number].sendall(self._request)
        return np.array(latencies)

    def open_loop(self, arrivals: Times) -> OpenLoop:
        """Ask at the given moments, in seconds from now, over as many connections as it takes."""
        due, count = arrivals.tolist(), len(arrivals)
        latencies, lateness = np.empty(count), np.empty(count)
        under_way: dict[int, int] = {}
        following, done = 0, 0
        began = time.perf_counter()
        while done < count:
            now = time.perf_counter() - began
            while following < count and due[following] <= now:
                number = self._idle.pop() if self._idle else self._connect()
                lateness[following] = time.perf_counter() - began - due[following]
                self._sockets[number].sendall(self._request)
                under_way[number] = following
                following += 1
            wait = due[following] - now if following < count else _SECONDS_AFTER
            for number in self._answered(wait if wait > _LEAST_WAIT_SECONDS else 0):
                at = under_way.pop(number)
                latencies[at] = time.perf_counter() - began - due[at]
                self._idle.append(number)
                done += 1
            if following == count and now > due[-1] + _SECONDS_AFTER:
                raise LoadFailed(f"{count - done} of {count} requests have no answer")
        return OpenLoop(latencies, lateness)

    def _connect(self) -> int:
        connection = socket.create_connection(self._address, timeout=_SECONDS_AFTER)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = connection.fileno()
        self._sockets[number], self._parts[number] = connection, b""
        self._epoll.register(number, select.EPOLLIN)
        return number

    def _answered(self, seconds: float) -> list[int]:
        """Connections with a whole answer, after waiting so long at most."""
        whole = []
        for number, _ in self._epoll.poll(seconds):
            part = self._sockets[number].recv(1 << 20)
            if not part:
                raise LoadFailed("a connection was closed")
            reply = self._parts[number] + part
            if _is_whole(reply):
                whole.append(number)
                reply = b""
            self._parts[number] = reply
        return whole


def _is_whole(reply: bytes) -> bool:
    end = reply.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(reply, 0, end)
    if not reply.startswith(b"HTTP/1.1 200 ") or length is None:
        raise LoadFailed(f"it answered {reply[:200]!r}")
    return len(reply) >= end + 4 + int(length[1])
