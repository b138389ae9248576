"""Run irisws as a pod of the Deployment would, and ask it what Kubernetes would ask.

python as_a_pod.py     (Ctrl-C stops it)
"""

import os
import re
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

MANIFEST = Path("examples/deploy/kubernetes/base/deployment.yaml")
VARIABLE = re.compile(r'- name: ([A-Z_]+)\n +value: "([^"]*)"')
PROBES = {"ready": "/health/ready", "live": "/health/live"}


def status_of(path: str) -> str:
    connection = HTTPConnection("127.0.0.1", 8080, timeout=3)
    try:
        connection.request("GET", path)
        return str(connection.getresponse().status)
    except OSError:
        return "refused"
    finally:
        connection.close()


def watch_the_end(server: "subprocess.Popen[bytes]") -> None:
    """Print what the probes see, and when it changes, until the port is closed."""
    began, seen = time.monotonic(), ""
    time.sleep(0.5)
    while server.poll() is None:
        now = ", ".join(f"{name} {status_of(path)}" for name, path in PROBES.items())
        if now != seen and "refused" not in now:
            print(f"{time.monotonic() - began:4.1f} s  {now}", flush=True)
        seen = now
        time.sleep(0.2)
    print(f"{time.monotonic() - began:4.1f} s  ended with status {server.returncode}", flush=True)


variables = dict(VARIABLE.findall(MANIFEST.read_text(encoding="utf-8")))
for name, value in variables.items():
    print(f"{name}={value}", flush=True)

command = [sys.executable, "-m", "irisws", "serve"]
server = subprocess.Popen(command, env={**os.environ, **variables})
try:
    while server.poll() is None:
        time.sleep(0.1)
except KeyboardInterrupt:  # irisws, in the same terminal, has got it, too
    watch_the_end(server)
