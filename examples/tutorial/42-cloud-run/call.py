"""Ask a service for one flower: python call.py ADDRESS

Where the address begins with https, the request carries the identity token that gcloud has for you.
"""

import json
import shutil
import subprocess
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

FLOWER = [5.1, 3.5, 1.4, 0.2]


def identity_token() -> str:
    """A text that proves to Google who you are; it is valid for an hour."""
    gcloud = shutil.which("gcloud")  # on Windows it is gcloud.cmd
    if gcloud is None:
        sys.exit("gcloud is not installed, or not on PATH")
    command = [gcloud, "auth", "print-identity-token"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


if len(sys.argv) != 2:
    sys.exit(__doc__)
address = sys.argv[1].rstrip("/")

headers = {"Content-Type": "application/json"}
if address.startswith("https://"):  # never send it where others can read it
    headers["Authorization"] = f"Bearer {identity_token()}"

body = json.dumps({"instances": [FLOWER]}).encode()
started = time.perf_counter()
try:
    with urlopen(Request(f"{address}/v1/predict", body, headers), timeout=60) as reply:
        document = json.load(reply)
except HTTPError as error:
    sys.exit(f"status {error.code}: {error.reason}")
seconds = time.perf_counter() - started
print(f"{document['predictions'][0]['label']} after {seconds:.2f} s")
