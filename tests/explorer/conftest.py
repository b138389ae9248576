"""A headless Chromium, and the servers that it visits."""

import threading
from collections.abc import Callable, Iterator
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

import irisws
from irisws.model.model import Model
from tests import chromium
from tests.conformance.live import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

browser = chromium.browser

# Before the page's own scripts: what the policy blocked becomes an error on the console.
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} blocked ${event.blockedURI}`);
});
"""


class Visit:
    """The explorer in a browser: all that it asked for, and all that went wrong."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.add_init_script(WATCH)
        page.goto(f"{address}/docs")
        self.operations.first.wait_for()

    @property
    def operations(self) -> Locator:
        return self.page.locator(".opblock")

    @property
    def hosts(self) -> set[str]:
        """Where requests went to, but for what stands in the page itself."""
        return {urlsplit(url).netloc for url in self.requests if not url.startswith("data:")}

    def execute(self, path: str, body: str) -> str:
        """Use "Try it out" of a POST operation: the status and the body that the page shows."""
        summary = self.page.locator(f'[data-path="{path}"]')
        operation = self.page.locator(".opblock-post", has=summary)
        operation.locator(".opblock-summary-control").click()
        operation.locator("textarea").fill(body)
        operation.get_by_role("button", name="Execute").click()
        reply = operation.locator(".live-responses-table .response")
        status = reply.locator(".response-col_status").inner_text()
        return f"{status.strip()} {''.join(reply.locator('code').first.inner_text().split())}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


class ThreadedServer(ThreadingMixIn, WSGIServer):
    """Browsers open connections ahead of need: one thread would wait for the first for ever."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Keep test output clean."""


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """Open the explorer of a server, in a window of some width in CSS pixels."""
    pages: list[Page] = []

    def open_page(address: str, width: int = 1280) -> Visit:
        pages.append(browser.new_page(viewport={"width": width, "height": 900}))
        return Visit(pages[-1], address)

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A running `irisws serve`."""
    with serving() as live:
        yield f"http://127.0.0.1:{live.port}"


@pytest.fixture
def mounted_address(iris: Model) -> Iterator[str]:
    """A server that has the application at /iris, and nothing else."""
    with make_server(
        "127.0.0.1", 0, mounted(irisws.create_app(iris)), ThreadedServer, QuietHandler
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/iris"
        server.shutdown()
        thread.join()


def mounted(application: "WSGIApplication") -> "WSGIApplication":
    """Dispatch what is below /iris as PEP 3333 wants it: the mount point in SCRIPT_NAME."""

    def dispatch(environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        if not environ["PATH_INFO"].startswith("/iris/"):
            start_response("404 Not Found", [("Content-Length", "0")])
            return [b""]
        environ["SCRIPT_NAME"] += "/iris"
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/iris")
        return application(environ, start_response)

    return dispatch
