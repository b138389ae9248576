"""At most what a month on Cloud Run costs: python cost.py REQUESTS_A_MONTH

List prices in US dollars of a tier 1 region (europe-west1 is one), billed by request, with 1 CPU
and 512 MiB, as of November 2026. Look them up before you rely on them:
https://cloud.google.com/run/pricing
"""

import sys

BILLED_SECONDS = 0.1  # an instance's time is rounded up to this; one that is shared is paid once

requests = int(sys.argv[1])
seconds = requests * BILLED_SECONDS

costs = {
    "CPU": max(0, seconds * 1.0 - 180_000) * 0.000024,
    "memory": max(0, seconds * 0.5 - 360_000) * 0.0000025,
    "requests": max(0, requests - 2_000_000) * 0.40 / 1_000_000,
}
for name, dollars in costs.items():
    print(f"{name:<10} {dollars:8.2f}")
print(f"{'a month':<10} {sum(costs.values()):8.2f}")
