"""Ask a service on this machine for one flower."""

import json
from urllib.request import Request, urlopen

flower = {"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}

request = Request(
    "http://127.0.0.1:8080/",
    json.dumps(flower).encode(),
    {"Content-Type": "application/json"},
)
with urlopen(request, timeout=10) as reply:
    print(f"status {reply.status}: {reply.read().decode()}")
