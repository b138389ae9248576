"""Four callers that ask for a flower without a pause, and count what becomes of it.

python callers.py http://127.0.0.1:8080     (Ctrl-C ends it)
"""

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

HOST = urlsplit(sys.argv[1]).netloc
BODY = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]]}).encode()
HEADERS = {"Content-Type": "application/json"}

counts = {"answered": 0, "refused": 0, "lost": 0}
versions: set[str] = set()  # of the models that answered since the last line
lock = threading.Lock()
stopping = threading.Event()


def call() -> None:
    """Ask until told to stop, over one connection for as long as it lasts."""
    connection = HTTPConnection(HOST, timeout=10)
    while not stopping.is_set():
        outcome = ask(connection)
        with lock:
            counts[outcome] += 1
        time.sleep(0.01)
    connection.close()


def ask(connection: HTTPConnection) -> str:
    if connection.sock is None:
        try:
            connection.connect()
        except OSError:  # nobody listens: nothing was sent
            time.sleep(0.1)
            return "refused"
    try:
        connection.request("POST", "/v1/predict", BODY, HEADERS)
        reply = connection.getresponse()
        document = json.loads(reply.read())
    except (OSError, HTTPException, ValueError):
        connection.close()
        return "lost"
    if reply.status != 200:
        return "lost"
    with lock:
        versions.add(document["model"]["version"])
    return "answered"


def so_far() -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


callers = [threading.Thread(target=call) for _ in range(4)]
for caller in callers:
    caller.start()
print("4 callers are asking", flush=True)
try:
    while True:
        time.sleep(1)
        with lock:
            models = " and ".join(sorted(versions)) or "nobody"
            print(f"{so_far()}   by {models}", flush=True)
            versions.clear()
except KeyboardInterrupt:
    stopping.set()
for caller in callers:
    caller.join()
print(f"in all: {so_far()}", flush=True)
