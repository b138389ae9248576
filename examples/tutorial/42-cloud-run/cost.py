"""What the requests of a month cost on Cloud Run: python cost.py REQUESTS_A_MONTH

Billed by request, with 1 CPU and 512 MiB, at the list prices of examples/capacity/prices.toml, if
no two ever come at the same time. Starts, stops and probes are paid for as well; they are not in
here.
"""

import sys
import tomllib
from pathlib import Path

BILLED_SECONDS = 0.1  # an instance's time is rounded up to this; one that is shared is paid once

table = tomllib.loads(Path("examples/capacity/prices.toml").read_text(encoding="utf-8"))
prices = table["cloud_run"]["by_request"]
requests = int(sys.argv[1])
seconds = requests * BILLED_SECONDS

costs = {
    "CPU": max(0, seconds - prices["free_vcpu_seconds"]) * prices["vcpu_second"],
    "memory": max(0, seconds * 0.5 - prices["free_gib_seconds"]) * prices["gib_second"],
    "requests": max(0, requests - prices["free_requests"]) / 1e6 * prices["million_requests"],
}
for name, dollars in costs.items():
    print(f"{name:<10} {dollars:8.2f}")
print(f"{'a month':<10} {sum(costs.values()):8.2f}")
