"""Start irisws, ask for its health all the time, stop it, and print what changes when.

python stop_watch.py
"""

import math
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection

COMMAND = [sys.executable, "-m", "irisws", "serve", "--lame-duck-seconds", "2"]


def start() -> "subprocess.Popen[bytes]":
    if sys.platform == "win32":  # else Ctrl-Break would reach this program as well
        return subprocess.Popen(COMMAND, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
    return subprocess.Popen(COMMAND)


def send_stop_signal(server: "subprocess.Popen[bytes]") -> None:
    """What Ctrl-C does, or on Windows Ctrl-Break."""
    if sys.platform == "win32":
        server.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        server.send_signal(signal.SIGINT)


def status_of(path: str) -> str:
    connection = HTTPConnection("127.0.0.1", 8080, timeout=5)
    try:
        connection.request("GET", path)
        return str(connection.getresponse().status)
    except OSError:
        return "refused"
    finally:
        connection.close()


def health() -> str:
    live, ready = status_of("/health/live"), status_of("/health/ready")
    return "nobody listens" if "refused" in (live, ready) else f"live {live}, ready {ready}"


def main() -> None:
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s   {what}", flush=True)

    say("start")
    server = start()
    seen, stop_at = "", math.inf
    while server.poll() is None:
        now = health()
        if now != seen:
            say(now)
            if "ready 200" in now:
                stop_at = time.monotonic() + 1
        seen = now
        if time.monotonic() > stop_at:
            say("stop signal")
            send_stop_signal(server)
            stop_at = math.inf
        time.sleep(0.02)
    say(f"the process ended with status {server.returncode}")


if __name__ == "__main__":
    main()
