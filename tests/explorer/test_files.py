"""The explorer's files: what is shipped, and how it is served."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp as WebClient

from irisws.api import explorer

FILES = Path(explorer.__file__).parent.parent / "explorer"
VENDORED = FILES / "swagger-ui"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

TYPES = {
    "/docs": "text/html; charset=utf-8",
    "/docs/explorer.css": "text/css; charset=utf-8",
    "/docs/explorer.js": "text/javascript; charset=utf-8",
    "/docs/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "/docs/swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
}

# Prints which of the explorer's files were opened before and after the first GET /docs.
OPENED = """
import os, sys
opened = []
def hear(event, arguments):
    if event == "open" and os.path.join("irisws", "explorer") in str(arguments[0]):
        opened.append(os.path.basename(arguments[0]))
sys.addaudithook(hear)
import irisws
app = irisws.create_app()
print(opened)
for _ in range(2):
    app({"REQUEST_METHOD": "GET", "PATH_INFO": "/docs"}, lambda *_: None)
print(opened)
"""


def test_vendored_files_are_the_ones_that_were_checked() -> None:
    """Every vendored file but the two that describe them has its checksum, and has not changed."""
    lines = (VENDORED / "SHA256SUMS").read_text("ascii").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {path.name for path in VENDORED.iterdir()} - {"SHA256SUMS", "README.md"}
    assert listed == {
        name: hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() for name in found
    }


@pytest.mark.parametrize("path", TYPES)
def test_headers(app: WebClient, path: str) -> None:
    """Each file has its type, may be kept but not trusted, and carries the strict policy."""
    headers = app.get(path).headers
    assert headers["Content-Type"] == TYPES[path]
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_every_file_has_its_own_tag(app: WebClient) -> None:
    """The validator follows the content."""
    assert len({app.get(path).headers["ETag"] for path in TYPES}) == len(TYPES)


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', "*"])
def test_unchanged(app: WebClient, form: str) -> None:
    """Whoever names the tag gets 304: the same headers, but nothing about a body."""
    headers = app.get("/docs").headers
    reply = app.get("/docs", headers={"If-None-Match": form.format(headers["ETag"])})
    assert (reply.status, reply.body) == ("304 Not Modified", b"")
    assert dict(reply.headers) == {
        name: value for name, value in headers.items() if not name.startswith("Content-")
    } | {"Content-Security-Policy": POLICY}


@pytest.mark.parametrize("given", ["", '"other"', "none"])
def test_changed(app: WebClient, given: str) -> None:
    """Whoever names another tag gets the file."""
    assert app.get("/docs", headers={"If-None-Match": given}).status_code == 200


def test_page_refers_to_what_there_is(app: WebClient) -> None:
    """Addresses in the page are relative to /docs, and each of them answers."""
    page = app.get("/docs").text
    addresses = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page)
    assert len(addresses) == 5
    for address in addresses:
        assert not address.startswith(("/", "."))
        assert app.get(f"/{address}").status_code == 200


@pytest.mark.parametrize("path", TYPES)
def test_no_source_maps(app: WebClient, path: str) -> None:
    """Nothing refers to a source map, which is not shipped."""
    assert b"sourceMappingURL" not in app.get(path).body


def test_index_names_the_page_and_spares_the_rest(app: WebClient) -> None:
    """GET / leads to the explorer, not to its style sheets."""
    endpoints: dict[str, Any] = app.get("/").json["endpoints"]
    assert [path for path in endpoints if path.startswith("/docs")] == ["/docs"]


def test_files_are_read_on_demand_and_once() -> None:
    """Whoever never opens the explorer does not pay for it."""
    output = subprocess.check_output([sys.executable, "-c", OPENED], text=True)
    assert output == "[]\n['index.html']\n"
