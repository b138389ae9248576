"""Ask a service that may be away: every kind of failure is one exception."""

import sys
import time

from irisws_client import Client, Timeout, Unavailable

client = Client("http://127.0.0.1:8080", timeout_seconds=2.0, retries=3)

started = time.monotonic()
try:
    print(client.predict_one([5.1, 3.5, 1.4, 0.2]).label)
except Unavailable as error:
    print(f"away: {error}")
except Timeout as error:
    print(f"slow: {error}")
else:
    sys.exit()
print(f"gave up after {time.monotonic() - started:.1f} s")
sys.exit(1)
