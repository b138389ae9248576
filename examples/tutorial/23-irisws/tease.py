"""Send what callers send by accident or in malice, and print how the service takes it."""

import json
from textwrap import shorten
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = "http://127.0.0.1:8080/"

BODIES = {
    "a good flower": b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
    "NaN": b'{"sl": NaN, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
    "true as a number": b'{"sl": true, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
    "text as a number": b'{"sl": "5.1", "sw": 1.0, "pl": 2.0, "pw": 3.0}',
    "null": b'{"sl": null, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
    "1e400": b'{"sl": 1e400, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
    "a doubled name": b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0, "pw": 0.1}',
    "a name too many": b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0, "color": "blue"}',
    "a number alone": b"5",
    "100,000 brackets": b"[" * 100_000,
    "9 MB of blanks": b" " * 9_000_000 + b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
}


def ask(body: bytes) -> str:
    """Send one body; return the status and what the reply says."""
    request = Request(URL, data=body, headers={"Content-Type": "application/json"})
    try:
        with urlopen(request) as reply:
            return f"{reply.status} {reply.read().decode()}"
    except HTTPError as error:
        return f"{error.code} {reason(error.read())}"
    except OSError as error:
        return f"no reply: {error}"


def reason(reply: bytes) -> str:
    """The reason in an error reply: of each fault, if it lists faults, or else of the whole."""
    try:
        problem = json.loads(reply)
    except ValueError:
        return reply.decode().split("\n")[0]
    faults = [f"{fault['pointer'] or '/'} {fault['detail']}" for fault in problem.get("errors", [])]
    return "; ".join(faults) or problem.get("detail") or problem["error"]


for name, body in BODIES.items():
    print(f"{name:<17} {shorten(ask(body), 70, placeholder=' ...')}")
