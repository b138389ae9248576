"""The one-file Python client: against a real irisws, and against a server that misbehaves."""

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from irisws_client import (
    Client,
    InvalidRows,
    IriswsError,
    Prediction,
    ProblemError,
    Timeout,
    Unavailable,
)

if TYPE_CHECKING:
    from tests.examples.conftest import IriswsProcess

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
SETOSA = [5.0, 3.5, 1.3, 0.3]
VIRGINICA = {"sepal_length": 6.7, "sepal_width": 3.0, "pl": 5.2, "pw": 2.3}


def reply(status: str, *headers: str, body: str = "") -> bytes:
    """A reply as it goes over the wire: `reply("503 Busy", "Retry-After: 1")`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


ANSWER = reply(
    "200 OK",
    body='{"predictions": [{"label": "setosa", "index": 0, "probabilities": {}, "warnings": []}]}',
)
BUSY = reply("503 Service Unavailable")
BAD_GATEWAY = reply("502 Bad Gateway", "Content-Type: text/html", body="<h1>Bad Gateway</h1>")
CUT_OFF = ANSWER[:-10]
SILENCE = None


class ScriptedServer(http.server.ThreadingHTTPServer):
    """Sends its `replies` in turn, whatever is asked, each over a connection of its own."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.replies: list[bytes | None] = []
        self.requests: list[str] = []


class ScriptedHandler(http.server.BaseHTTPRequestHandler):
    """Reads one request and sends the next reply as it is."""

    server: ScriptedServer

    def do_POST(self) -> None:
        """Reply, or say nothing until the client hangs up."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}")
        content = self.server.replies.pop(0)
        if content is SILENCE:
            self.rfile.read()
        else:
            self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server without replies yet."""
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def slept() -> list[float]:
    """The seconds that `client` was told to wait, instead of waiting."""
    return []


@pytest.fixture
def client(server: ScriptedServer, slept: list[float]) -> Client:
    """A client of the scripted server that draws the longest back-off every time."""
    return Client(server.url, sleep=slept.append, random=lambda: 1.0)


def run_script(url: str, *values: str) -> subprocess.CompletedProcess[str]:
    """Run `predict.py` as a person would."""
    command = [sys.executable, str(EXAMPLES / "predict.py"), *values]
    environment = os.environ | {"IRISWS_URL": url}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_rows_by_name_and_by_array(irisws_url: str) -> None:
    """Rows by feature name, by alias and as arrays mix in one call and keep their order."""
    predictions = Client(irisws_url).predict([SETOSA, VIRGINICA])
    assert [each.label for each in predictions] == ["setosa", "virginica"]


def test_a_prediction_has_every_part(irisws_url: str) -> None:
    """A prediction carries its label, index, probabilities and warnings."""
    assert Client(irisws_url).predict_one(SETOSA) == Prediction(
        "setosa", 0, {"setosa": 1.0, "versicolor": 0.0, "virginica": 0.0}, []
    )


def test_unusual_values_are_warned_about(irisws_url: str) -> None:
    """A value outside the training range is answered, with a warning that names the feature."""
    [warning] = Client(irisws_url).predict_one([3.0, 2.0, 1.0, 1.0]).warnings
    assert warning["feature"] == "sepal_length"


def test_invalid_rows_carry_every_fault(irisws_url: str) -> None:
    """A 422 raises InvalidRows, with the place of every fault in every row."""
    with pytest.raises(InvalidRows) as caught:
        Client(irisws_url).predict([[5.0, "wide", 1.3, True], SETOSA, [1.0, 2.0]])
    pointers = [fault["pointer"] for fault in caught.value.errors]
    assert pointers == ["/instances/0/1", "/instances/0/3", "/instances/2"]


def test_an_error_has_the_problem_document(irisws_url: str) -> None:
    """Another error reply raises ProblemError, with the document and the id of the request."""
    with pytest.raises(ProblemError) as caught:
        Client(irisws_url + "/nowhere").model()
    assert caught.value.status == caught.value.problem["status"] == 404
    assert caught.value.request_id == caught.value.problem["request_id"]
    assert str(caught.value).startswith("status 404: ")


def test_nan_is_refused_before_it_is_sent(client: Client, server: ScriptedServer) -> None:
    """JSON cannot say NaN, so a row with one is never sent."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        client.predict_one([5.0, 3.5, 1.3, float("nan")])
    assert server.requests == []


def test_model(irisws_url: str) -> None:
    """The model's card says what it answers."""
    classes = Client(irisws_url).model()["classes"]
    assert [each["name"] for each in classes] == ["setosa", "versicolor", "virginica"]


def test_ready(irisws_url: str) -> None:
    """A running service is ready."""
    assert Client(irisws_url).ready()


def test_not_ready_is_an_answer(client: Client, server: ScriptedServer, slept: list[float]) -> None:
    """A 503 to the readiness probe is False, at once."""
    server.replies = [BUSY]
    assert not client.ready()
    assert slept == []


@pytest.mark.parametrize("fault", [b"", BAD_GATEWAY])
def test_readiness_is_asked_once(client: Client, server: ScriptedServer, fault: bytes) -> None:
    """A readiness probe that gets nowhere raises Unavailable after one attempt."""
    server.replies = [fault]
    with pytest.raises(Unavailable) as caught:
        client.ready()
    assert caught.value.attempts == 1


def test_a_readiness_probe_that_is_no_answer(client: Client, server: ScriptedServer) -> None:
    """An error other than 503 to the readiness probe is raised."""
    server.replies = [reply("404 Not Found")]
    with pytest.raises(ProblemError, match="status 404: Not Found, request without an id"):
        client.ready()


def test_an_outage_ends_in_unavailable(irisws_process: "IriswsProcess", slept: list[float]) -> None:
    """A service that stays away is given up after the last attempt, in bounded time."""
    client = Client(irisws_process.url, retries=2, sleep=slept.append, random=lambda: 1.0)
    irisws_process.stop()
    before = time.monotonic()
    with pytest.raises(Unavailable, match=r"no answer after 3 attempt\(s\)") as caught:
        client.predict_one(SETOSA)
    assert (caught.value.attempts, slept) == (3, [0.1, 0.2])
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert time.monotonic() - before < 10  # Windows takes 2 s to report a refused connection


def test_a_restart_is_sat_out(irisws_process: "IriswsProcess") -> None:
    """A service that comes back between two attempts is all the caller sees."""
    client = Client(irisws_process.url, sleep=lambda _: irisws_process.start())
    irisws_process.stop()
    assert client.predict_one(SETOSA).label == "setosa"


@pytest.mark.parametrize("fault", [BUSY, reply("429 Too Many Requests"), BAD_GATEWAY, CUT_OFF, b""])
def test_a_passing_fault_is_tried_again(
    client: Client, server: ScriptedServer, slept: list[float], fault: bytes
) -> None:
    """Overload, a gateway's complaint, a reply cut off and a closed connection are tried again."""
    server.replies = [fault, ANSWER]
    assert client.predict_one(SETOSA).label == "setosa"
    assert server.requests == ["POST /v1/predict", "POST /v1/predict"]
    assert slept == [0.1]


def test_back_off_doubles_up_to_a_limit(server: ScriptedServer, slept: list[float]) -> None:
    """The longest wait doubles with every retry and stops at the limit."""
    client = Client(server.url, retries=6, sleep=slept.append, random=lambda: 1.0)
    server.replies = [BUSY] * 7
    with pytest.raises(Unavailable):
        client.predict_one(SETOSA)
    assert slept == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]


def test_back_off_is_jittered_in_full(server: ScriptedServer, slept: list[float]) -> None:
    """The wait is a random part of the longest one, down to nothing."""
    draws = iter([0.0, 0.5])
    client = Client(server.url, sleep=slept.append, random=lambda: next(draws))
    server.replies = [BUSY, BUSY, ANSWER]
    client.predict_one(SETOSA)
    assert slept == [0.0, 0.1]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 2"], 2.0),
        (["Retry-After: 0"], 0.1),
        (
            [
                "Date: Tue, 29 Oct 2024 16:56:32 GMT",
                "Retry-After: Tue, 29 Oct 2024 16:56:33 GMT",
            ],
            1.0,
        ),
        (["Retry-After: Tue, 29 Oct 2024 16:56:33 GMT"], 0.1),
        (["Retry-After: soon"], 0.1),
        (["Retry-After: Tue, 29 Oct 99999999999999999999 16:56:33 GMT"], 0.1),
    ],
    ids=["seconds", "no seconds", "date", "date gone by", "neither", "no such year"],
)
def test_retry_after_is_honoured(
    client: Client, server: ScriptedServer, slept: list[float], headers: list[str], seconds: float
) -> None:
    """The client waits at least as long as it is asked to, in seconds or until a date."""
    server.replies = [reply("503 Service Unavailable", *headers), ANSWER]
    client.predict_one(SETOSA)
    assert slept == [seconds]


@pytest.mark.parametrize("asked", ["3", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_long_retry_after_is_not_waited_for(
    client: Client, server: ScriptedServer, slept: list[float], asked: str
) -> None:
    """Asked to wait longer than its limit, the client gives up at once and says for how long."""
    server.replies = [reply("429 Too Many Requests", f"Retry-After: {asked}")]
    with pytest.raises(Unavailable) as caught:
        client.predict_one(SETOSA)
    assert (caught.value.attempts, slept) == (1, [])
    assert isinstance(caught.value.__cause__, ProblemError)
    assert (caught.value.__cause__.retry_after_seconds or 0) > 2


@pytest.mark.parametrize("body", ["<h1>Oops</h1>", '["oops"]', ""])
def test_an_error_in_other_words(client: Client, server: ScriptedServer, body: str) -> None:
    """An error reply that is not a problem document still becomes one, and is not tried again."""
    server.replies = [reply("500 Oops", "X-Request-Id: 42", body=body)]
    with pytest.raises(ProblemError, match="status 500: Oops, request 42") as caught:
        client.predict_one(SETOSA)
    assert caught.value.problem == {"type": "about:blank", "title": "Oops", "status": 500}
    assert caught.value.errors == []


def test_a_model_without_probabilities(client: Client, server: ScriptedServer) -> None:
    """A classifier that knows no probabilities answers all the same."""
    body = '{"predictions": [{"label": "setosa", "index": 0, "warnings": []}]}'
    server.replies = [reply("200 OK", body=body)]
    assert client.predict_one(SETOSA) == Prediction("setosa", 0, {}, [])


@pytest.mark.parametrize("body", ["<h1>Welcome</h1>", "{}", '{"predictions": [1]}'])
def test_a_reply_that_is_not_of_irisws(client: Client, server: ScriptedServer, body: str) -> None:
    """A good status with another service's content is a typed error too."""
    server.replies = [reply("200 OK", body=body)]
    with pytest.raises(IriswsError, match="the reply to POST /v1/predict is not"):
        client.predict_one(SETOSA)


def test_what_will_not_pass_is_not_tried_again(client: Client, server: ScriptedServer) -> None:
    """What does not speak HTTP is unavailable at once."""
    server.replies = [b"SSH-2.0-OpenSSH_9.9\r\n"]
    with pytest.raises(Unavailable) as caught:
        client.predict_one(SETOSA)
    assert caught.value.attempts == 1


def test_silence_is_a_timeout(server: ScriptedServer) -> None:
    """A service that does not reply in time raises Timeout, and is not asked again."""
    server.replies = [SILENCE]
    before = time.monotonic()
    with pytest.raises(Timeout, match=r"POST /v1/predict: silent for 0\.2 s"):
        Client(server.url, timeout_seconds=0.2).predict_one(SETOSA)
    assert time.monotonic() - before < 4  # the default is 5 s
    assert server.requests == ["POST /v1/predict"]


def test_a_redirect_is_not_followed(client: Client, server: ScriptedServer) -> None:
    """A redirect is an error: rows go where the caller said, and nowhere else."""
    server.replies = [reply("307 Temporary Redirect", f"Location: {server.url}/elsewhere")]
    with pytest.raises(ProblemError, match="status 307"):
        client.predict_one(SETOSA)
    assert server.requests == ["POST /v1/predict"]


def test_a_base_url_with_a_path(server: ScriptedServer) -> None:
    """A service behind a proxy may live under a path."""
    server.replies = [ANSWER]
    Client(f"{server.url}/iris/").predict_one(SETOSA)
    assert server.requests == ["POST /iris/v1/predict"]


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_a_bad_base_url_is_refused(url: str) -> None:
    """A base URL that is not http or https is refused when the client is made."""
    with pytest.raises(ValueError, match="wanted one like http://127.0.0.1:8080"):
        Client(url)


def test_the_script_prints_the_label(irisws_url: str) -> None:
    """`predict.py` prints the class and nothing else."""
    done = run_script(irisws_url, "3.0", "2.0", "1.0", "1.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "versicolor\n", "")


def test_the_script_prints_every_fault(irisws_url: str) -> None:
    """`predict.py` prints every fault and where it is, and exits with 3."""
    done = run_script(irisws_url, "3.0", "two", "-1.0", "nan")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        "/instances/0/1: expected a number in cm, got a string",
        "/instances/0/3: expected a number in cm, got a string",
    ]


def test_the_script_exits_with_1_when_unavailable(server: ScriptedServer) -> None:
    """`predict.py` says that there was no answer, without a traceback, and exits with 1."""
    server.replies = [reply("503 Service Unavailable", "Retry-After: 60")]
    done = run_script(server.url, "3.0", "2.0", "1.0", "1.0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no answer after 1 attempt(s): status 503")


def test_the_readme_runs(irisws_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's Python prints what its comments say."""
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    exec(code.replace("http://127.0.0.1:8080", irisws_url), {})
    assert capsys.readouterr().out.splitlines() == [
        line.partition("  # ")[2] for line in code.splitlines() if "  # " in line
    ]
