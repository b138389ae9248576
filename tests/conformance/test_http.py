"""HTTP as it goes over the wire: the table of conversations, held with a real server."""

import importlib.metadata
import socket
from collections.abc import Iterator

import pytest

from tests.conformance.http_table import ARTICLE, ROWS, WAITRESS, Row, length
from tests.conformance.live import Live, serving
from tests.conformance.wire import Reply, Wire


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with serving() as live:
        yield live


def converse(wire: Wire, row: Row) -> list[Reply]:
    """Say what the row says, and hear as many replies as it expects."""
    size = row.piece or len(row.sent) or 1
    for at in range(0, len(row.sent), size):
        wire.send(row.sent[at : at + size])
    if row.half_close:
        wire.half_close()
    replies = []
    for at in range(len(row.replies)):
        if reply := wire.reply(has_body=at not in row.heads):
            replies.append(reply)
        if at == 0:
            wire.send(row.then)
    return replies


def is_as_expected(wire: Wire, row: Row) -> bool:
    """Whether the connection ends, or goes on, as the row says."""
    ends = {"open": wire.is_open, "closed": wire.is_closed, "waits": wire.is_silent}
    return ends[row.end]()


def is_explained(reply: Reply) -> bool:
    """Whether an error, be it of the application or of the server, is a problem document."""
    return reply.status < 400 or reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in ROWS])
def test_conversation(server: Live, row: Row) -> None:
    """The replies, the fate of the connection, and another caller is served all the while."""
    with Wire(server.port) as wire:
        replies = converse(wire, row)
        assert tuple(reply.status for reply in replies) == row.replies, row.waitress
        assert all(is_explained(reply) for reply in replies)
        if replies:
            assert row.body in replies[-1].body
            assert row.header is None or row.header in replies[-1].headers.items()
        assert is_as_expected(wire, row), f"not {row.end}; {row.waitress}"
        assert server.ask() == 200


@pytest.mark.parametrize("how", ["quietly", "with a reset"])
@pytest.mark.parametrize("cut", [1, 10, 44])
def test_client_that_leaves_in_the_middle(server: Live, cut: int, how: str) -> None:
    """A client that closes before its body is whole disturbs nobody."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(length(b"44")[:-cut])
        if how == "with a reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert server.ask("POST", "/", ARTICLE) == 200


def test_client_that_leaves_before_the_reply(server: Live) -> None:
    """A client that asks and does not wait disturbs nobody."""
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(length(b"44"))
    assert server.ask("POST", "/", ARTICLE) == 200


def test_notes_are_about_the_waitress_that_is_installed() -> None:
    """With another version the rows that have a note are to be read again."""
    assert importlib.metadata.version("waitress") == WAITRESS
