"""irisws below /iris, as a dispatcher of several applications mounts it; and at the root too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from irisws.wsgi import app as irisws_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PREFIX = "/iris"


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Move the prefix from PATH_INFO to SCRIPT_NAME (PEP 3333, URL reconstruction)."""
    path = environ.get("PATH_INFO", "")
    if path == PREFIX or path.startswith(PREFIX + "/"):
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PREFIX
        environ["PATH_INFO"] = path.removeprefix(PREFIX)
    return irisws_app(environ, start_response)
