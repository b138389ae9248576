"""Serve an application with the server of the standard library.

python -m tests.servers.on_wsgiref PORT MODULE:NAME
"""

import sys
from importlib import import_module
from wsgiref.simple_server import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a line a request would be most of the work."""


def main() -> None:
    port, app = sys.argv[1:]
    module, _, name = app.partition(":")
    application = getattr(import_module(module), name)
    make_server("127.0.0.1", int(port), application, handler_class=_Quiet).serve_forever()


if __name__ == "__main__":
    main()
