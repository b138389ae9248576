"""Ask about one bottle after another, again and again until each is answered (Ctrl-C ends it)."""

import csv
import itertools
import json
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException

HEADERS = {"Content-Type": "application/json"}
outcomes = Counter(refused=0, lost=0)


def ask(body: str) -> None:
    """Ask until there is an answer, and count what becomes of each attempt."""
    while (outcome := attempt(body)) == "refused":
        outcomes[outcome] += 1
        time.sleep(0.2)
    outcomes[outcome] += 1


def attempt(body: str) -> str:
    connection = HTTPConnection("127.0.0.1", 8080, timeout=10)
    try:
        connection.connect()
    except OSError:  # nobody is there: nothing was sent, and nothing is lost
        return "refused"
    try:
        connection.request("POST", "/v1/predict", body, HEADERS)
        reply = json.loads(connection.getresponse().read())
        return f"answered by {reply['model']['name']} {reply['model']['version']}"
    except (OSError, HTTPException, ValueError, KeyError):  # no reply, half of one, or an error
        return "lost"
    finally:
        connection.close()


with open("exam.csv", newline="", encoding="utf-8") as file:
    bottles = [
        {k: float(row[k]) for k in ("alcohol", "ash", "color_intensity", "hue")}
        for row in csv.DictReader(file)
    ]
print(f"asking about {len(bottles)} bottles; Ctrl-C ends it")
try:
    for bottle in itertools.cycle(bottles):
        ask(json.dumps({"instances": [bottle]}))
        time.sleep(0.02)
except KeyboardInterrupt:
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:>6,} {outcome}")
