"""A real process in the environment of a manifest: how it leaves, and how much memory it takes."""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from irisws.model.model import DEFAULT_MODEL
from tests.deploy import manifests
from tests.deploy.manifests import Manifest, Workload, in_bytes
from tests.server.conftest import ServerProcess, wait_until

# Values far outside of the training's range: every one of them brings a warning into the reply.
LARGEST = json.dumps({"instances": [[999.0, 999.5, 999.4, 999.2]] * 100_000}).encode()

# Cloud Storage FUSE: its caches of 32 and 4 MB, and 1 MiB for a file that is read.
BUCKET_BYTES = 37 << 20

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="signals and /proc as in a container"
)


@pytest.fixture
def server(prod: list[Manifest]) -> Iterator[ServerProcess]:
    """irisws as production runs it, but for the address and the model's place."""
    flags = ["--host", "127.0.0.1", "--port", "0", "--model", str(DEFAULT_MODEL)]
    environment = {**os.environ, **manifests.of_deployment(prod).environment}
    started = ServerProcess([sys.executable, "-m", "irisws", "serve", *flags], env=environment)
    yield started
    started.end()


def test_leaves_as_the_deployment_expects(server: ServerProcess, prod: list[Manifest]) -> None:
    """After SIGTERM the probes say: not ready, alive; and calls are answered."""
    probes = manifests.of_deployment(prod).probes
    ready, live = (probes[f"{name}Probe"]["httpGet"]["path"] for name in ("readiness", "liveness"))
    assert server.get(ready)[0] == 200
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get(ready)[0] == 503)
    assert server.get(live)[0] == 200
    assert server.get("/v1/model")[0] == 200


def memory(server: ServerProcess, name: str) -> int:
    """A figure of the process's memory, in bytes: VmRSS now, VmHWM the highest so far."""
    text = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    match = re.search(rf"{name}:\s+([0-9]+) kB", text)
    assert match
    return int(match[1]) * 1024


def ask_for_many(server: ServerProcess) -> int:
    connection = server.connect(timeout=120)
    connection.request("POST", "/v1/predict", LARGEST, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    while reply.read(1 << 20):
        pass
    connection.close()
    return reply.status


def test_memory_stays_below_every_limit(server: ServerProcess, prod: list[Manifest]) -> None:
    """As many callers as Cloud Run sends at a time, all with the most rows that irisws takes."""
    kubernetes, kserve = manifests.of_deployment(prod), manifests.of_kserve()
    cloud_run = manifests.of_cloud_run()
    callers: int = cloud_run.pod["containerConcurrency"]
    assert memory(server, "VmRSS") < min(map(requested, (kubernetes, kserve)))
    with ThreadPoolExecutor(callers) as pool:
        assert set(pool.map(ask_for_many, [server] * callers)) == {200}
    highest = memory(server, "VmHWM")
    assert highest < min(kubernetes.memory_limit_bytes, kserve.memory_limit_bytes)
    in_files = callers * cloud_run.settings.max_body_bytes + BUCKET_BYTES  # files are memory there
    assert highest + in_files < cloud_run.memory_limit_bytes


def requested(workload: Workload) -> int:
    return in_bytes(workload.container["resources"]["requests"]["memory"])
