"""Ask a running service for the species of one flower, with Python alone."""

import json
from urllib.request import Request, urlopen

flower = {"sl": 5.1, "sw": 3.5, "pl": 1.4, "pw": 0.2}
request = Request(
    "http://127.0.0.1:8080/v1/predict",
    data=json.dumps({"instances": [flower]}).encode(),
    headers={"Content-Type": "application/json"},
)
with urlopen(request, timeout=5) as reply:
    print(json.load(reply)["predictions"][0]["label"])
