"""Print what a row must hold, and write a request with the contract's own examples."""

import json
from pathlib import Path
from urllib.request import urlopen

with urlopen("http://127.0.0.1:8080/openapi.json", timeout=5) as reply:
    contract = json.load(reply)

by_name = contract["components"]["schemas"]["NamedRow"]["anyOf"][0]

row = {}
for name in by_name["required"]:
    schema = by_name["properties"][name]
    row[name] = schema["examples"][0]
    print(f"{schema['type']:<8} {schema['description']}")

Path("request.json").write_text(json.dumps({"instances": [row]}), encoding="utf-8")
print(f"\nrequest.json: {row}")
