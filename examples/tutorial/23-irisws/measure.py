"""Load a WSGI application in this process and let it answer one flower: how long, how much memory?

python measure.py service:app
"""

import ctypes
import os
import pkgutil
import subprocess
import sys
from io import BytesIO
from time import perf_counter
from typing import Any
from wsgiref.util import setup_testing_defaults

BODY = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'


def memory_mb() -> float:
    """The memory that the operating system counts for this process."""
    if sys.platform == "win32":
        counters = (ctypes.c_size_t * 9)(72)  # a PROCESS_MEMORY_COUNTERS, and its size
        this_process = ctypes.c_void_p(-1)
        ctypes.windll.kernel32.K32GetProcessMemoryInfo(this_process, counters, 72)
        return counters[2] / 1024**2
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    return int(subprocess.check_output(command)) / 1024


environ: dict[str, Any] = {
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/",
    "CONTENT_TYPE": "application/json",
    "CONTENT_LENGTH": str(len(BODY)),
    "wsgi.input": BytesIO(BODY),
}
setup_testing_defaults(environ)

began = perf_counter()
app = pkgutil.resolve_name(sys.argv[1])
reply = b"".join(app(environ, lambda status, headers: None))
seconds = perf_counter() - began

print(f"{reply.decode()} after {seconds:.2f} s, in {memory_mb():.0f} MB")
