"""The greeting with a mistake in it: the reply is text where WSGI wants a list of bytes."""

from wsgiref.types import StartResponse, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> str:
    """Answer wrongly."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return "Hello!"
