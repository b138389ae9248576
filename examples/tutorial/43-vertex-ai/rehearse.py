"""Ask the container's two routes as Vertex AI does, and print what they answer."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

ADDRESS = "http://127.0.0.1:8080"

with urlopen(f"{ADDRESS}/health", timeout=10) as reply:
    print(f"health: status {reply.status}")

body = Path("request.json").read_bytes()
request = Request(f"{ADDRESS}/predict", body, {"Content-Type": "application/json"})
with urlopen(request, timeout=10) as reply:
    for prediction in json.load(reply)["predictions"]:
        print(f"{prediction['label']}, {len(prediction['warnings'])} warnings")
