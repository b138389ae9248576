"""Ask the service here as a platform would: python rehearse.py HEALTH_PATH PREDICT_PATH"""

import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

SERVICE = "http://127.0.0.1:8080"
health, predict = sys.argv[1:]

with urlopen(SERVICE + health, timeout=2) as reply:  # SageMaker waits no longer
    print(f"{health}: status {reply.status}")

flowers = Path("flowers.json").read_bytes()
request = Request(SERVICE + predict, flowers, {"Content-Type": "application/json"})
with urlopen(request, timeout=5) as reply:  # nor does Azure ML, unless it is told to
    for prediction in json.load(reply)["predictions"]:
        print(prediction if isinstance(prediction, int) else prediction["label"])
