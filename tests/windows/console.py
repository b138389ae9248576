"""Run a Python program in a console of its own, and press Ctrl-C there when asked to.

    python console.py ARGUMENT ...

Every line of standard input is one Ctrl-C. To be run by Windows Python.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

assert sys.platform == "win32"

kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)


def main() -> int:
    kernel32.FreeConsole()
    if not kernel32.AllocConsole():
        raise ctypes.WinError(ctypes.get_last_error())
    # Ctrl-C reaches every process of a console. A handler, as SIG_IGN would be inherited.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    program = subprocess.Popen(
        [sys.executable, *sys.argv[1:]],
        stdin=subprocess.DEVNULL,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )
    threading.Thread(target=press_when_asked, daemon=True).start()
    return program.wait()


def press_when_asked() -> None:
    for _ in sys.stdin:
        os.kill(0, signal.CTRL_C_EVENT)


os._exit(main())  # not sys.exit(), which would wait for the thread that reads
