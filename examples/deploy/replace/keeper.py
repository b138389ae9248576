"""Keep a port open and one irisws process behind it; a changed model file gets a new process.

python keeper.py current.onnx     (Linux and macOS; Ctrl-C ends it)

The socket is handed over as systemd does it: as file descriptor 3, with LISTEN_FDS and LISTEN_PID.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# Runs in the new process, where its number is known, and becomes irisws.
BECOME_IRISWS = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "irisws", "serve", "--model", sys.argv[2]])
"""


def start(listener: socket.socket, model: Path) -> "subprocess.Popen[str] | None":
    """Start a process and wait until it serves; None if it refuses to."""
    number = listener.fileno()
    process = subprocess.Popen(
        [sys.executable, "-c", BECOME_IRISWS, str(number), str(model)],
        pass_fds=(number,),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the keeper, which then stops the process
    )
    assert process.stderr
    for line in process.stderr:
        print(line, end="", flush=True)
        if " serving " in line:
            return process
    process.wait()
    return None


def stop(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)  # it drains
    _, errors = process.communicate()
    print(f"{errors}the old process ended with status {process.returncode}", flush=True)


def main() -> None:
    model = Path(sys.argv[1])
    with socket.create_server(("127.0.0.1", 8080), backlog=2048) as listener:
        seen = os.stat(model).st_mtime_ns
        process = start(listener, model)
        if process is None:
            sys.exit("the first model cannot be served")
        try:
            while True:
                time.sleep(0.5)
                if (now := os.stat(model).st_mtime_ns) == seen:
                    continue
                seen = now
                new = start(listener, model)
                if new is None:
                    print("the old process goes on", flush=True)
                    continue
                stop(process)
                process = new
        except KeyboardInterrupt:
            stop(process)


if __name__ == "__main__":
    main()
