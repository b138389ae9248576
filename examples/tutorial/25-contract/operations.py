"""List what a running service offers, as its contract says."""

import json
from urllib.request import urlopen

with urlopen("http://127.0.0.1:8080/openapi.json", timeout=5) as reply:
    contract = json.load(reply)

print(f"OpenAPI {contract['openapi']}, the contract of {contract['info']['title']}\n")
for path, operations in contract["paths"].items():
    for method, operation in operations.items():
        if "Predictions" in operation["tags"]:
            print(f"{method.upper()} {path}\n    {operation['summary']}")
