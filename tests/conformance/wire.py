"""Raw bytes over a socket, and replies read from it strictly by their own framing."""

import contextlib
import socket
from typing import NamedTuple

from tests.conformance.live import PATIENCE_SECONDS

PROBE = b"GET /health/ready HTTP/1.1\r\nHost: probe\r\n\r\n"
_SILENCE_SECONDS = 0.3


class Reply(NamedTuple):
    """One reply: its status, its headers by lower-case name, its body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """A connection on which nothing is hidden, as a context manager."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._received = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it, or what the server takes before it hangs up."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def half_close(self) -> None:
        """Tell the server that nothing more will come."""
        self._socket.shutdown(socket.SHUT_WR)

    def reply(self, has_body: bool = True) -> Reply | None:
        """Read one reply, None if the connection ends instead.

        Args:
            has_body: False after HEAD, whose reply has the length of a body and no body.
        """
        while b"\r\n\r\n" not in self._received:
            if not self._receive():
                assert self._received == b"", f"half a reply: {self._received!r}"
                return None
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self._received) < length:
            assert self._receive(), "the body ended early"
        body, self._received = self._received[:length], self._received[length:]
        return Reply(int(first.split(" ")[1]), headers, body)

    def is_open(self) -> bool:
        """True if the connection is in step and one more request on it is answered."""
        self.send(PROBE)
        reply = self.reply()
        return reply is not None and reply.body == b'{"status":"ready"}'

    def is_closed(self) -> bool:
        """True if the server hangs up without a further byte."""
        return not self._receive()

    def is_silent(self) -> bool:
        """True if the server says nothing for a moment and does not hang up."""
        self._socket.settimeout(_SILENCE_SECONDS)
        try:
            self._receive()
        except TimeoutError:
            return True
        return False

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            return b""
        self._received += data
        return data
