"""Start irisws five times; print how long the first answer takes, and on Linux the memory.

python first_answer.py
"""

import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

COMMAND = [sys.executable, "-m", "irisws", "serve", "--port", "8080"]
FLOWER = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'


def is_answered() -> bool:
    connection = HTTPConnection("127.0.0.1", 8080, timeout=10)
    try:
        connection.request("POST", "/", FLOWER, {"Content-Type": "application/json"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def pss_mb(pid: int) -> float | None:
    """Memory with shared pages counted by share, in millions of bytes; only Linux tells it."""
    file = Path(f"/proc/{pid}/smaps_rollup")
    if not file.exists():
        return None
    [line] = [line for line in file.read_text().splitlines() if line.startswith("Pss:")]
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    if is_answered():
        sys.exit("something answers on port 8080: stop it first")
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        server = subprocess.Popen(COMMAND, stderr=subprocess.DEVNULL)
        while not is_answered():
            if server.poll() is not None:
                sys.exit(f"irisws ended with status {server.returncode}")
            time.sleep(0.002)
        seconds.append(time.perf_counter() - began)
        memory = pss_mb(server.pid)
        server.terminate()
        server.wait()
    print(f"first answer after {statistics.median(seconds):.2f} s, the median of {len(seconds)}")
    print(f"slowest start      {max(seconds):.2f} s")
    print("memory             " + (f"{memory:.0f} MB PSS" if memory else "only Linux tells PSS"))


if __name__ == "__main__":
    main()
