"""Send one request and print the whole reply.

python send.py METHOD PATH [FILE [CONTENT-TYPE]]
"""

import json
import sys
from http.client import HTTPConnection
from pathlib import Path

method, path, *more = sys.argv[1:]
headers = {"X-Request-ID": "tutorial-2.4"}
body = None
if more:
    body = Path(more[0]).read_bytes()
    headers["Content-Type"] = more[1] if len(more) > 1 else "application/json"

connection = HTTPConnection("127.0.0.1", 8080, timeout=5)
connection.request(method, path, body, headers)
reply = connection.getresponse()

print(reply.status, reply.reason)
for name in ("Content-Type", "Allow", "Accept-Post", "Retry-After"):
    if name in reply.headers:
        print(f"{name}: {reply.headers[name]}")
print(json.dumps(json.load(reply), indent=2, ensure_ascii=False))
connection.close()
