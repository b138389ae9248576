"""The page of errors says what the code does, all of it, in the same words."""

import ast
import io
import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

import irisws
from irisws import server
from irisws.app import Application
from irisws.model.batching import Busy
from irisws.model.model import Model, Row
from irisws.model.model_file import read_model_file
from irisws.web.problem import TYPE_BASE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
JSON_TYPE = {"CONTENT_TYPE": "application/json"}
ROW = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'

# Type of problem -> the request that has it: method, path, environ, body.
REQUESTS: dict[str, tuple[str, str, dict[str, str], bytes]] = {
    "bad-request": ("POST", "/", {**JSON_TYPE, "CONTENT_LENGTH": "+44"}, ROW),
    "not-json": ("POST", "/", JSON_TYPE, b'{"sl": 2.0,}'),
    "not-csv": ("POST", "/invocations", {"CONTENT_TYPE": "text/csv"}, b'2.0,"1.0,2.0,3.0'),
    "not-found": ("GET", "/v1/modle", {}, b""),
    "method-not-allowed": ("GET", "/v1/predict", {}, b""),
    "not-acceptable": ("POST", "/invocations", {**JSON_TYPE, "HTTP_ACCEPT": "text/html"}, ROW),
    "length-required": ("POST", "/", {**JSON_TYPE, "HTTP_TRANSFER_ENCODING": "chunked"}, b""),
    "body-too-large": ("POST", "/", {**JSON_TYPE, "CONTENT_LENGTH": "8388609"}, b""),
    "uri-too-long": ("GET", "/" + "x" * 8000, {}, b""),
    "unsupported-media-type": ("POST", "/", {"CONTENT_TYPE": "application/x-www-form"}, ROW),
    "invalid-rows": ("POST", "/", JSON_TYPE, b'{"sl": "2.0", "sw": 1.0, "pl": 2.0, "pv": 3.0}'),
    "internal-error": ("POST", "/", JSON_TYPE, ROW),
    "draining": ("GET", "/health/ready", {}, b""),
    "overloaded": ("POST", "/", JSON_TYPE, ROW),
}
BY_THE_SERVER = {"headers-too-large": 431, "not-implemented": 501}


def sections() -> dict[str, str]:
    """The page's sections by their headings."""
    parts = re.split(r"^## (\S+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def example(kind: str) -> Any:
    (block,) = re.findall(r"```json\n(.*?)```", sections()[kind], re.DOTALL)
    return json.loads(block)


def kinds_in_the_code() -> set[str]:
    """The second argument of every Problem that is made, and what the server refuses."""
    kinds = {kind for kind, _ in server._REFUSALS.values()}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
                literals = [a.value for a in node.args[1:2] if isinstance(a, ast.Constant)]
                kinds.update(str(literal) for literal in literals)
    return kinds


class BrokenModel(Model):
    """A model whose engine fails once it is served."""

    def classify(self, row: Row) -> int:
        raise RuntimeError


class BusyModel(Model):
    """A model for which too many rows wait."""

    def classify(self, row: Row) -> int:
        raise Busy("100,000 rows are waiting to be answered")


def application(kind: str) -> Application:
    made = {"internal-error": BrokenModel, "overloaded": BusyModel}.get(kind, Model)
    app = irisws.create_app(made(read_model_file()))
    app.draining = kind == "draining"
    return app


def test_every_type_has_a_section() -> None:
    """No type of problem is missing from the page, and none is made up."""
    assert sections().keys() == kinds_in_the_code()
    assert REQUESTS.keys() | BY_THE_SERVER.keys() == kinds_in_the_code()


@pytest.mark.parametrize("kind", sections())
def test_section_has_its_parts(kind: str) -> None:
    """Status, cause, example and cure, in this order."""
    words = re.findall(r"^(Status|Cause|Example|Cure)\b", sections()[kind], re.MULTILINE)
    assert words == ["Status", "Cause", "Example", "Cure"]
    assert f"Status {example(kind)['status']}" in sections()[kind]
    assert example(kind)["type"] == TYPE_BASE + kind


@pytest.mark.parametrize("kind", REQUESTS)
def test_example_is_what_is_answered(kind: str) -> None:
    """The request of the section gets the reply of the section."""
    method, path, environ, body = REQUESTS[kind]
    environ = {"CONTENT_LENGTH": str(len(body)), **environ, "HTTP_X_REQUEST_ID": "0b2f7a9c"}
    if kind == "length-required":
        environ["CONTENT_LENGTH"] = ""
    started: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        started.append(status)

    full: Any = {
        **environ,
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "wsgi.input": io.BytesIO(body),
    }
    reply = json.loads(b"".join(application(kind)(full, start_response)))
    assert started[0].startswith(str(reply["status"]))
    assert reply == {**example(kind), "title": HTTPStatus(reply["status"]).phrase}


@pytest.mark.parametrize("kind", BY_THE_SERVER)
def test_refusals_of_the_server_are_told_in_its_words(kind: str) -> None:
    """What never reaches the application stands in the server's table."""
    assert (kind, example(kind)["detail"]) == server._REFUSALS[BY_THE_SERVER[kind]]
