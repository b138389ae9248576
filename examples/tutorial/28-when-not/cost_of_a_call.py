"""What does a call cost? Medians, with a service running on port 8080."""

import http.client
import json
import time
from collections.abc import Callable
from statistics import median

import irisws

FLOWER = [5.1, 3.5, 1.4, 0.2]
HEADERS = {"Content-Type": "application/json"}


def post(connection: http.client.HTTPConnection, rows: list[list[float]]) -> None:
    """Ask the service, and read its whole answer."""
    connection.request("POST", "/v1/predict", json.dumps({"instances": rows}), HEADERS)
    json.load(connection.getresponse())


def post_anew() -> None:
    """The same for one flower, over a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=5)
    post(connection, [FLOWER])
    connection.close()


def milliseconds(call: Callable[[], object], times: int) -> float:
    """The median duration of a call; the first ones only warm up."""
    durations = []
    for _ in range(times + times // 10):
        started = time.perf_counter()
        call()
        durations.append((time.perf_counter() - started) * 1000)
    return median(durations[times // 10 :])


model = irisws.load("iris.onnx")
kept = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
many = [FLOWER] * 10_000

inside = milliseconds(lambda: model.predict([FLOWER]), 1000)
outside = milliseconds(lambda: post(kept, [FLOWER]), 500)
anew = milliseconds(post_anew, 500)
bulk = milliseconds(lambda: post(kept, many), 10) / len(many)

print(f"one flower in this process           {inside:.4f} ms")
print(f"one flower over HTTP                 {outside:.4f} ms")
print(f"the same, a new connection each      {anew:.4f} ms")
print(f"one of 10,000 flowers in one call    {bulk:.4f} ms")
print(f"HTTP costs {outside / inside:.0f} times the call in this process")
