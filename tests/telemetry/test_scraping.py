"""Real processes, scraped while they work."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from tests.benchmarks.processes import BODY, Server, running
from tests.benchmarks.workers import gunicorn
from tests.telemetry.samples import Samples

HEADERS = {"Content-Type": "application/json"}
ROWS = json.dumps({"instances": [[5.1, 3.5, 1.4, 0.2]] * 7}).encode()
CALLERS, ROUNDS = 8, 50


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """`irisws serve`, which has answered the article's request once."""
    with running(lambda port: ["-m", "irisws", "serve", f"--port={port}"], {}) as started:
        yield started


def fetch(port: int, accept: str = "") -> tuple[str, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics", headers={"Accept": accept})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return text, reply.headers["Content-Type"]


def scrape(port: int, accept: str = "") -> Samples:
    return Samples.read(*fetch(port, accept))


def call(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(ROUNDS):
        for method, path, body in (
            ("POST", "/", BODY),
            ("POST", "/v1/predict", ROWS),
            ("POST", "/v1/predict", b"{}"),
            ("GET", "/nowhere", None),
        ):
            connection.request(method, path, body, HEADERS)
            connection.getresponse().read()
    connection.close()


def test_counts_are_exact_under_load(server: Server) -> None:
    """Eight callers at once, two scrapers beside them: every request is there, once."""
    before = scrape(server.port).by("irisws_predictions_total", "class")
    with ThreadPoolExecutor(CALLERS + 2) as pool:
        calls = [pool.submit(call, server.port) for _ in range(CALLERS)]
        accepts = ("", "application/openmetrics-text")
        scrapes = [pool.submit(scrape, server.port, accept) for accept in accepts]
        for called in calls:
            called.result()
        for scraped in scrapes:
            scraped.result()
    samples, times = scrape(server.port), CALLERS * ROUNDS
    requests = samples.by("irisws_http_requests_total", "method", "route", "status")
    assert requests["POST", "/", "200"] == times + 1
    assert requests["POST", "/v1/predict", "200"] == times
    assert requests["POST", "/v1/predict", "422"] == times
    assert requests["GET", "unmatched", "404"] == times
    after = samples.by("irisws_predictions_total", "class")
    assert after["setosa",] - before["setosa",] == 7 * times
    assert after["versicolor",] - before["versicolor",] == times
    counts = samples.by("irisws_http_request_duration_seconds_count", "method", "route")
    assert counts["POST", "/v1/predict"] == 2 * times


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told on Linux only")
def test_process_is_told(server: Server) -> None:
    """When it started, and what memory and CPU it takes."""
    samples = scrape(server.port)
    assert 0 <= time.time() - samples.value("process_start_time_seconds") < 600
    assert 20e6 < samples.value("process_resident_memory_bytes") < 500e6
    assert samples.value("process_cpu_seconds_total") > 0


def test_promtool_has_no_complaint(server: Server) -> None:
    """Prometheus' own linter reads the text, and likes the names."""
    promtool = shutil.which("promtool")
    if promtool is None:
        (pytest.fail if "CI" in os.environ else pytest.skip)("there is no promtool")
    command = [promtool, "check", "metrics"]
    text, _ = fetch(server.port)
    checked = subprocess.run(command, input=text, capture_output=True, encoding="utf-8")
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="gunicorn forks")
def test_each_worker_counts_for_itself() -> None:
    """A scrape is answered by one of two workers; only both together have every prediction."""
    with running(lambda port: gunicorn(port, 2), {}) as server:
        for _ in range(40):  # besides the one that the server was started with: an odd number
            connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.request("POST", "/", BODY, HEADERS)
            connection.getresponse().read()
            connection.close()
        counted: set[float] = set()
        deadline = time.monotonic() + 30
        while len(counted) < 2 and time.monotonic() < deadline:
            predictions = scrape(server.port).by("irisws_predictions_total", "class")
            counted.add(sum(predictions.values()))
    assert (len(counted), sum(counted)) == (2, 41)
