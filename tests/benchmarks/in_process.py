"""What the application itself costs, without a server: microseconds a row, and rows a second.

python -m tests.benchmarks.in_process
"""

import io
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from irisws.api.contract import Contract
from irisws.app import create_app
from irisws.model.model import Model
from irisws.settings import Settings
from tests.benchmarks.machine import describe, table
from tests.benchmarks.processes import BODY
from tests.benchmarks.timing import Timing, measure

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

_SIZES = (1_000, 10_000, 100_000)
_INSTANCES = b'{"instances":[' + BODY + b"]}"


def main() -> None:
    model = Model.load()
    app = create_app(model)
    print(describe())
    print("\nOne row, the packaged tree\n")
    print(table(("what", "median, µs", "least, µs"), map(_timing_row, _one_row(model, app))))
    print("\nMany rows of 4 numbers in one POST /v1/predict\n")
    head = ("rows", "body, MB", "median, ms", "rows/s", "rows/s of the least")
    print(table(head, [_many_rows(app, size) for size in _SIZES]))


def _one_row(model: Model, app: "WSGIApplication") -> Iterable[tuple[str, Timing]]:
    settings = Settings()
    contract = Contract(model.card.features, model.largest_value, settings.max_rows)
    row = contract.read_row(BODY)
    call = _caller(app)
    yield "POST /, the whole WSGI call", measure(call, lambda: _environ("/", BODY))
    yield "  its contract.read_row", measure(contract.read_row, lambda: BODY)
    yield "  its model.classify", measure(model.classify, lambda: row)
    yield (
        "POST /v1/predict, the whole WSGI call",
        measure(call, lambda: _environ("/v1/predict", _INSTANCES)),
    )
    yield "  its contract.read_instances", measure(contract.read_instances, lambda: _INSTANCES)
    matrix = contract.read_instances(_INSTANCES).matrix
    yield "  its model.answer, with one range warning", measure(model.answer, lambda: matrix)


def _timing_row(named: tuple[str, Timing]) -> list[str]:
    name, timing = named
    return [name, f"{timing.median:.2f}", f"{timing.least:.2f}"]


def _many_rows(app: "WSGIApplication", size: int) -> list[str]:
    body = json.dumps({"instances": _flowers(size)}).encode()
    timing = measure(_caller(app), lambda: _environ("/v1/predict", body), calls=1, repeats=40)
    return [
        f"{size:,}",
        f"{len(body) / 1e6:.2f}",
        f"{timing.median / 1e3:.1f}",
        f"{size / timing.median * 1e6:,.0f}",
        f"{size / timing.least * 1e6:,.0f}",
    ]


def _flowers(size: int) -> list[list[float]]:
    """Rows inside the training range, with one decimal as the iris data have."""
    rng = random.Random(1)
    ranges = ((4.3, 7.9), (2.0, 4.4), (1.0, 6.9), (0.1, 2.5))
    return [[round(rng.uniform(*one), 1) for one in ranges] for _ in range(size)]


def _caller(app: "WSGIApplication") -> Callable[["WSGIEnvironment"], Sequence[bytes]]:
    """Call the application as a server does, and take its body."""

    def call(environ: "WSGIEnvironment") -> Sequence[bytes]:
        return list(app(environ, _start_response))

    return call


def _start_response(status: str, headers: object, exc_info: object = None) -> Any:
    if status != "200 OK":
        raise RuntimeError(f"the application answered {status}")


def _environ(path: str, body: bytes) -> dict[str, Any]:
    """An environ like waitress makes, new for every request."""
    return {**_ENVIRON, "PATH_INFO": path, "CONTENT_LENGTH": str(len(body))} | {
        "wsgi.input": io.BytesIO(body)
    }


_ENVIRON: Mapping[str, Any] = {
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_HOST": "127.0.0.1",
    "REMOTE_PORT": "50000",
    "REQUEST_METHOD": "POST",
    "SERVER_PORT": "8080",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_SOFTWARE": "waitress",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "CONTENT_TYPE": "application/json",
    "HTTP_HOST": "127.0.0.1:8080",
    "wsgi.url_scheme": "http",
    "wsgi.version": (1, 0),
    "wsgi.errors": io.StringIO(),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}

if __name__ == "__main__":
    main()
