"""Eight callers that ask without a pause; counts what becomes of every request.

python callers.py [ROWS]     (Ctrl-C ends it)
"""

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException

# So many that a request takes a while, and some are always in the middle of it.
ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
BODY = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]] * ROWS}).encode()
HEADERS = {"Content-Type": "application/json"}

counts = {"answered": 0, "refused": 0, "lost": 0}
losses: list[str] = []
lock = threading.Lock()
stopping = threading.Event()


def call() -> None:
    """Ask until told to stop, over one connection for as long as it lasts."""
    connection = HTTPConnection("127.0.0.1", 8080, timeout=30)
    while not stopping.is_set():
        outcome = ask(connection)
        with lock:
            counts[outcome] += 1
    connection.close()


def ask(connection: HTTPConnection) -> str:
    """Send one request, and say what became of it."""
    if connection.sock is None:
        try:
            connection.connect()
        except OSError:  # nobody listens: nothing was sent, so nothing is lost
            time.sleep(0.1)
            return "refused"
    try:
        connection.request("POST", "/v1/predict", BODY, HEADERS)
        reply = connection.getresponse()
        reply.read()  # an error, if the reply breaks off
    except (OSError, HTTPException) as error:
        connection.close()
        losses.append(repr(error))
        return "lost"
    if reply.status == 200:
        return "answered"
    losses.append(f"status {reply.status}")
    return "lost"


def show(title: str) -> None:
    with lock:
        print(title + ", ".join(f"{name} {count:,}" for name, count in counts.items()))


callers = [threading.Thread(target=call) for _ in range(8)]
for caller in callers:
    caller.start()
print("8 callers are asking; Ctrl-C ends them")
try:
    while True:
        time.sleep(1)
        show("")
except KeyboardInterrupt:
    stopping.set()
for caller in callers:
    caller.join()
show("in all: ")
if losses:
    print(f"the first one lost: {losses[0]}")
