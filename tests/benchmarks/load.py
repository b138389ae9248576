"""Load from wrk: the article's request, over and over, and every reply must be a success."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import BODY, ServerFailed

# summary.errors.status counts replies of 400 and above; percentiles come in microseconds.
_SCRIPT = f"""
wrk.method = "POST"
wrk.body = '{BODY.decode()}'
wrk.headers["Content-Type"] = "application/json"
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "errors": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run of wrk found."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


def wrk_is_there() -> bool:
    """Whether wrk is installed."""
    return shutil.which("wrk") is not None


def measure(port: int, seconds: int, connections: int) -> Load:
    """Post the article's request from one wrk thread.

    Raises:
        ServerFailed: Any reply was no success, any connection failed, or wrk itself did.
    """
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory, "post.lua")
        script.write_text(_SCRIPT)
        result = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
            + ["-s", str(script), f"http://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            timeout=seconds + 30,
        )
    found = result.stdout.partition("RESULT ")[2]
    if result.returncode or not found:
        raise ServerFailed(f"wrk failed: {result.stdout}{result.stderr}")
    figures = json.loads(found)
    if figures["errors"] or not figures["requests"]:
        raise ServerFailed(f"not every request succeeded:\n{result.stdout}")
    return Load(
        figures["requests"] / figures["microseconds"] * 1e6,
        figures["p50"] / 1e3,
        figures["p99"] / 1e3,
    )
