"""Serve a WSGI application that takes its time, to be stopped in the middle of its work.

    python slow_app.py [--seconds S] [--grace-seconds S] [--lame-duck-seconds S]

GET /slow answers after S seconds, GET /big answers 20 MB, anything else answers at once; prints the
address that it listens on.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from irisws.server import Server, StopSignals
from irisws.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BIG = b"0123456789" * 2_000_000  # 20 MB


def main() -> int:
    signals = StopSignals()
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--grace-seconds", type=float, default=9.0)
    parser.add_argument("--lame-duck-seconds", type=float, default=0.0)
    options = parser.parse_args()
    ready = [True]

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/slow":
            time.sleep(options.seconds)
        body = BIG if path == "/big" else b"ready" if ready[0] else b"draining"
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    logging.basicConfig()
    server = Server(
        application,
        Settings(
            port=0,
            grace_seconds=options.grace_seconds,
            lame_duck_seconds=options.lame_duck_seconds,
        ),
    )
    print(server.urls[0], file=sys.stderr, flush=True)
    return server.run(signals, on_drain=lambda: ready.__setitem__(0, False))


sys.exit(main())
