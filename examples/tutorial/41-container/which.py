"""Print which model a service on this machine serves."""

import json
from urllib.request import urlopen

with urlopen("http://127.0.0.1:8080/v1/model", timeout=10) as reply:
    model = json.load(reply)
print(f"{model['name']} {model['version']}, {len(model['features'])} features")
