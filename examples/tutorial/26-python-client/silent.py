"""A server that accepts connections on port 8080 and never answers."""

import contextlib
import socket
import time

with socket.create_server(("127.0.0.1", 8080)), contextlib.suppress(KeyboardInterrupt):
    print("silent on http://127.0.0.1:8080", flush=True)
    while True:
        time.sleep(1)
