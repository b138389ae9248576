"""Ask for the species of 100 flowers in one request, and print what came of it.

python ask.py
"""

import json
from http.client import HTTPConnection

flowers = [[5.1, 3.5, 1.4, 0.2]] * 100
body = json.dumps({"instances": flowers})

connection = HTTPConnection("127.0.0.1", 8080, timeout=10)
connection.request("POST", "/v1/predict", body, {"Content-Type": "application/json"})
reply = connection.getresponse()
document = json.loads(reply.read())
connection.close()

print(f"sent {len(flowers)} flowers in {len(body):,} bytes")
if reply.status == 200:
    print(f"status 200: {len(document['predictions'])} predictions")
else:
    print(f"status {reply.status}: {document['detail']}")
    for error in document.get("errors", []):
        print(f"  {error['pointer']}: {error['detail']}")
