"""The Node.js client and the flower shop, against a real irisws process."""

import json
import os
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.examples.conftest import IriswsProcess

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"
VERSICOLOR = {"sl": 3.0, "sw": 2.0, "pl": 1.0, "pw": 1.0}
AWAY = "Our flower expert is away for a moment, please try again soon."


class Shop:
    """A customer's view of an open flower shop, `url` being its base address."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def identify(self, flower: dict[str, Any]) -> tuple[int, Any]:
        """Ask for the name of a flower; return the status and the JSON of the reply."""
        status, body = self._ask("POST", "/api/identify", json.dumps(flower))
        return status, json.loads(body)

    def page_status(self) -> int:
        """Return the status of the shop's page."""
        return self._ask("GET", "/")[0]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection(self._address, timeout=30)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@pytest.fixture
def shop(node: str, irisws_process: IriswsProcess) -> Iterator[Shop]:
    """Open a flower shop that asks `irisws_process`."""
    environment = {**os.environ, "IRISWS_URL": irisws_process.url, "PORT": "0"}
    command = [node, "flower-shop/server.js"]
    with subprocess.Popen(
        command, cwd=EXAMPLE, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        opening = process.stdout.readline()  # "The flower shop is open at http://127.0.0.1:…"
        yield Shop(opening.split()[-1])
        process.terminate()


def run_node(node: str, *arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run Node.js in the example's folder, with the address of irisws in its environment."""
    return subprocess.run(
        [node, *arguments],
        cwd=EXAMPLE,
        env={**os.environ, "IRISWS_URL": url},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_its_own_tests_pass_and_none_is_skipped(node: str, irisws_url: str) -> None:
    """The example's own tests pass against a real service, and none of them is skipped."""
    run = run_node(node, "--test", "--test-reporter=tap", url=irisws_url)
    assert run.returncode == 0, run.stdout
    assert "ok 1" in run.stdout
    assert "# SKIP" not in run.stdout


def test_predict_prints_the_label(node: str, irisws_url: str) -> None:
    """`node predict.js 3.0 2.0 1.0 1.0` prints the species on stdout and the warning on stderr."""
    run = run_node(node, "predict.js", "3.0", "2.0", "1.0", "1.0", url=irisws_url)
    assert (run.returncode, run.stdout) == (0, "versicolor\n")
    assert "sepal_length 3.0 cm is outside the 4.3 to 7.9 cm seen in training" in run.stderr


def test_predict_prints_what_is_wrong(node: str, irisws_url: str) -> None:
    """`predict.js` ends with status 1 and the service's own words if the row does not fit."""
    run = run_node(node, "predict.js", "3.0", "wide", "1.0", "1.0", url=irisws_url)
    assert (run.returncode, run.stdout) == (1, "")
    assert "expected a number in cm, got a string" in run.stderr


def test_shop_names_a_flower(shop: Shop) -> None:
    """The shop adds price and stock to the species that irisws names."""
    status, reply = shop.identify(VERSICOLOR)
    assert status == 200
    assert (reply["species"], reply["price"], reply["stock"]) == ("versicolor", 5.9, 7)


def test_shop_passes_on_what_is_wrong(shop: Shop) -> None:
    """The shop answers 422 with irisws' own words at the field that is wrong."""
    status, reply = shop.identify({**VERSICOLOR, "pw": "wide"})
    assert status == 422
    assert reply["errors"] == [{"field": "pw", "detail": "expected a number in cm, got a string"}]


def test_shop_outlives_an_outage(shop: Shop, irisws_process: IriswsProcess) -> None:
    """The shop stays open and polite while irisws is away, and recovers when it is back."""
    assert shop.identify(VERSICOLOR)[0] == 200
    irisws_process.stop()
    status, reply = shop.identify(VERSICOLOR)
    assert (status, reply["message"]) == (503, AWAY)
    assert shop.page_status() == 200
    irisws_process.start()
    assert shop.identify(VERSICOLOR)[0] == 200
