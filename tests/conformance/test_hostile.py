"""Callers who mean harm: others are served meanwhile, and what it costs the server is bounded.

With `pytest -s` each case prints its CPU seconds, its peak of memory and the longest that another
caller waited.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.conformance.http_table import ARTICLE, get, length, post
from tests.conformance.live import Live, many_open_files, serving
from tests.conformance.wire import Reply, Wire

MOST_MB = 450.0  # of memory, at the peak: a container of 512 MiB holds it
JSON = b"application/json"
INFER, ROWS = b"/v2/models/iris/infer", b"/invocations"
MOST_BODY = 8 << 20  # the default of max_body_bytes
AT_ONCE = 4  # as many as there are worker threads

Attack = Callable[[Live], set[int]]  # returns the statuses that the attacker saw


class Cost(NamedTuple):
    """What an attack took."""

    statuses: set[int]
    cpu_seconds: float
    peak_mb: float
    longest_wait_seconds: float


def slow_drip(server: Live) -> set[int]:
    """50 connections that send a byte every 0.2 s, for three seconds."""
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.port)) for _ in range(50)]
        for byte in get(b"/health/live")[:15]:
            for wire in wires:
                wire.send(bytes([byte]))
            time.sleep(0.2)
    return set()


def idle_sockets(server: Live) -> set[int]:
    """1,200 connections that say nothing."""
    with many_open_files(4000), contextlib.ExitStack() as stack:
        for _ in range(1200):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        time.sleep(1)
    return set()


def half_bodies(server: Live) -> set[int]:
    """20 connections that each send a body of 8 MiB but for its last byte."""
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            wire = stack.enter_context(Wire(server.port))
            wire.send(length(b"%d" % MOST_BODY, b" " * (MOST_BODY - 1)))
    return set()


def replies_not_read(server: Live) -> set[int]:
    """20 connections that ask for 15 MB each and read nothing."""
    body = b'{"instances":[' + b",".join([b"[2,1,2,3]"] * 100_000) + b"]}"
    head = b"Content-Type: application/json", b"Content-Length: %d" % len(body)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            wire = stack.enter_context(Wire(server.port))
            wire.send(get(b"/v1/predict", *head, method=b"POST") + body)
        time.sleep(1)
    return set()


def sent(request: bytes, times: int = 1) -> Attack:
    """An attack that sends one request and reads the reply, some times at once."""

    def attack(server: Live) -> set[int]:
        seen: set[int] = set()

        def one() -> None:
            with Wire(server.port) as wire:
                wire.send(request)
                reply: Reply | None = wire.reply()
                seen.add(reply.status if reply else 0)

        threads = [threading.Thread(target=one) for _ in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return seen

    return attack


def predict(body: bytes, path: bytes = b"/v1/predict", kind: bytes = JSON) -> Attack:
    """A body for a prediction, on every worker thread at once."""
    fields = b"Content-Type: " + kind, b"Content-Length: %d" % len(body)
    return sent(get(path, *fields, method=b"POST") + body, AT_ONCE)


def filled(
    start: bytes, piece: bytes, end: bytes = b"", size: int = MOST_BODY, **to: bytes
) -> Attack:
    """A body as large as is allowed, of one piece over and over."""
    count = (size - len(start) - len(end)) // len(piece)
    return predict(start + piece * count + end, **to)


def chunked(piece: bytes, start: bytes = b"", total: int = 10 << 20) -> Attack:
    """An endless chunked body of one piece over and over."""
    body = start + piece * (total // len(piece))
    return sent(post(b"Transfer-Encoding: chunked", body=body))


def names() -> bytes:
    """As many unknown names as a body may have values."""
    return b"{" + b",".join(b'"%07d":0' % at for at in range(600_000)) + b"}"


ATTACKS: dict[str, tuple[Callable[[], Attack], set[int]]] = {  # and what the attacker gets
    "slow drip on 50 connections": (lambda: slow_drip, set()),
    "1,200 idle connections": (lambda: idle_sockets, set()),
    "20 bodies of 8 MiB but a byte": (lambda: half_bodies, set()),
    "20 large replies that nobody reads": (lambda: replies_not_read, set()),
    "endless chunk-size line": (lambda: chunked(b"0"), {400}),
    "endless chunk extension": (lambda: chunked(b"a", b"1;"), {400}),
    "endless trailer": (lambda: chunked(b"a: b\r\n", b"0\r\n"), {400}),
    "chunks of one byte": (lambda: chunked(b"1\r\na\r\n"), {413}),
    "gzip": (
        lambda: sent(
            post(b"Content-Encoding: gzip", b"Content-Length: 9", body=b"\x1f\x8b1234567")
        ),
        {415},
    ),
    "Content-Length of 5,000 digits": (lambda: sent(length(b"9" * 5000)), {400}),  # see http_table
    "deep arrays": (lambda: filled(b"", b"["), {400}),
    "deep objects": (lambda: filled(b"", b'{"":'), {400}),
    "deep arrays below the rows": (lambda: filled(b'{"instances":', b"["), {400}),
    "millions of empty arrays": (lambda: filled(b'{"instances":[', b"[],", b"[]]}"), {422}),
    "millions of empty objects": (lambda: filled(b'{"instances":[', b"{},", b"{}]}"), {422}),
    "millions of empty arrays in a row": (
        lambda: filled(b'{"instances":[[', b"[],", b"[]]]}"),
        {422},
    ),
    "half a million arrays": (  # no more values than good rows have
        lambda: filled(b'{"instances":[', b"[],", b"[]]}", size=3 * 500_000),
        {422},
    ),
    "millions of empty tensors": (
        lambda: filled(b'{"inputs":[', b"{},", b"{}]}", path=INFER),
        {422},
    ),
    "half a million tensors": (
        lambda: filled(b'{"inputs":[', b"{},", b"{}]}", size=3 * 500_000, path=INFER),
        {422},
    ),
    "millions of cells": (lambda: filled(b"", b"1,", path=ROWS, kind=b"text/csv"), {422}),
    "millions of numbers": (lambda: filled(b'{"instances":[[', b"1,", b"1]]}"), {422}),
    "many unknown names": (lambda: predict(names()), {400, 422}),
    "one name a million times": (lambda: filled(b"{", b'"a":0,', b'"a":0}'), {422}),
    "one number of eight million digits": (
        lambda: filled(b'{"instances":[[', b"9", b",1,1,1]]}"),
        {422},
    ),
    "one name of eight million characters": (lambda: filled(b'{"', b"a", b'":0}'), {422}),
    "a million escapes": (lambda: filled(b'{"', b"\\ud800", b'":0}'), {422}),
    "blanks": (lambda: filled(b'{"instances":[[1,1,1,1', b" ", b"]]}"), {200}),
}


@pytest.fixture
def server() -> Iterator[Live]:
    """A server of its own for each case, so that the figures are the case's."""
    with serving() as live:
        yield live


def cost_of(attack: Attack, server: Live) -> Cost:
    """Run an attack; ask for a prediction all the while, and once more after it."""
    seen: list[set[int]] = []
    thread = threading.Thread(target=lambda: seen.append(attack(server)))
    before = server.cpu_seconds()
    thread.start()
    waits = [waited(server)]
    while thread.is_alive():
        waits.append(waited(server))
        time.sleep(0.05)
    waits.append(waited(server))
    return Cost(seen[0], server.cpu_seconds() - before, server.peak_rss_mb(), max(waits))


def waited(server: Live) -> float:
    """Seconds that a well-behaved caller waits for a prediction; there must be one."""
    began = time.monotonic()
    assert server.ask("POST", "/", ARTICLE) == 200
    return time.monotonic() - began


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(server: Live, name: str) -> None:
    """Another caller is answered throughout, and memory stays within bounds."""
    attack, expected = ATTACKS[name]
    cost = cost_of(attack(), server)
    print(
        f"\n{name}: {cost.cpu_seconds:.1f} s of CPU, peak {cost.peak_mb:.0f} MB, "
        f"longest wait {cost.longest_wait_seconds:.2f} s, replies {sorted(cost.statuses)}"
    )
    assert cost.statuses <= expected
    assert cost.peak_mb < MOST_MB


def test_replies_left_unread_keep_no_worker(server: Live) -> None:
    """More connections than workers ask 60 times for 1.5 MB and read nothing; others are served."""
    request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: irisws\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(2 * AT_ONCE):
            wire = stack.enter_context(Wire(server.port))
            wire.send(request * 60)
        time.sleep(1)  # until every worker has one of them
        assert waited(server) < 10
