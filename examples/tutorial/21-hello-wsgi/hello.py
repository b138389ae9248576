"""A web application in twenty lines: it greets, and shows what came in."""

from wsgiref.types import StartResponse, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer any request with a greeting and the parts of the request."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    lines = [
        "Hello! This is what came in:",
        f"method  {environ['REQUEST_METHOD']}",
        f"path    {environ['PATH_INFO']}",
        f"client  {environ.get('HTTP_USER_AGENT', 'did not say')}",
        f"body    {environ['wsgi.input'].read(length)!r}",
    ]
    reply = ("\n".join(lines) + "\n").encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(reply)))]
    start_response("200 OK", headers)
    return [reply]
