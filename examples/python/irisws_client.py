"""A client for irisws in one file, standard library only: copy it into your project.

>>> client = Client("http://127.0.0.1:8080")
>>> client.predict_one({"sl": 5.0, "sw": 3.5, "pl": 1.3, "pw": 0.3}).label
'setosa'
"""

import http.client
import json
import random as random_numbers
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

Value = float | str | bool | None  # None is a missing value, where the model takes one
Row = Mapping[str, Value] | Sequence[Value]

TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})
TRANSIENT_FAULTS = (ConnectionError, http.client.IncompleteRead)  # refused, reset, cut off


@dataclass(frozen=True)
class Prediction:
    """The answer to one row."""

    label: str
    index: int
    probabilities: Mapping[str, float]  # by label; empty if the model knows none
    warnings: Sequence[Mapping[str, Any]]  # {feature, value, detail, minimum?, maximum?} each


class IriswsError(Exception):
    """Every error of this client."""


class ProblemError(IriswsError):
    """The service answered with an error.

    Attributes:
        status: The HTTP status code.
        problem: The problem document (RFC 9457); made up from the status if none was sent.
        request_id: What the service's log calls this request, if it said.
        retry_after_seconds: How long it asked to be left alone, if it did.
    """

    def __init__(
        self,
        status: int,
        problem: Mapping[str, Any],
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(status, problem, request_id, retry_after_seconds)
        self.status = status
        self.problem = problem
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """Everything wrong with the request's body: {pointer, detail, suggestion?} each."""
        errors = self.problem.get("errors")
        return errors if isinstance(errors, list) else []

    def __str__(self) -> str:
        said = self.problem.get("detail") or self.problem.get("title")
        return f"status {self.status}: {said}, request {self.request_id or 'without an id'}"


class InvalidRows(ProblemError):
    """The rows do not fit the model; `errors` has every fault of every row."""


class Unavailable(IriswsError):
    """No answer for now, after `attempts` attempts; `__cause__` is the last one's error."""

    def __init__(self, attempts: int) -> None:
        super().__init__(attempts)
        self.attempts = attempts

    def __str__(self) -> str:
        return f"no answer after {self.attempts} attempt(s): {self.__cause__}"


class Timeout(IriswsError):
    """The service was silent for longer than the time-out; not tried again."""


class Client:
    """A running irisws service. Has nothing to close, and is safe to use from many threads."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8080",
        *,
        timeout_seconds: float = 5.0,
        retries: int = 3,
        backoff_seconds: float = 0.1,
        max_backoff_seconds: float = 2.0,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        """Describe the service; nothing is sent yet.

        Args:
            base_url: Where it is: `http` or `https`, perhaps with a path in front of `/v1`.
            timeout_seconds: The longest silence to bear while connecting, sending or reading.
            retries: Attempts after the first, when the service is away or overloaded.
            backoff_seconds: The most to wait before the first retry; doubles with each.
            max_backoff_seconds: The most to wait before any retry. A service that asks for more
                with Retry-After is not asked again.
            sleep: Waits for as many seconds.
            random: Draws from 0.0 to 1.0 the share of a back-off to wait (full jitter).

        Raises:
            ValueError: `base_url` is not an http or https URL.
        """
        url = urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"base_url is {base_url!r}; wanted one like http://127.0.0.1:8080")
        self._https = url.scheme == "https"
        self._host, self._port, self._path = url.hostname, url.port, url.path.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._backoff_seconds = backoff_seconds
        self._max_backoff_seconds = max_backoff_seconds
        self._sleep = sleep
        self._random = random

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """Classify rows, each by feature name or as values in the model's order.

        Raises:
            ValueError: A value is NaN or infinite, which JSON has no way to say.
            InvalidRows: Some rows do not fit the model.
            ProblemError: Another error reply.
            Unavailable: No answer, or one of status 429, 502, 503 or 504, to every attempt.
            Timeout: The service was silent for too long.
        """
        instances = [dict(row) if isinstance(row, Mapping) else list(row) for row in rows]
        # Predictions have no side effects, so this POST may be sent twice.
        reply = self._call("POST", "/v1/predict", {"instances": instances})
        try:
            return [
                Prediction(
                    each["label"], each["index"], each.get("probabilities", {}), each["warnings"]
                )
                for each in reply["predictions"]
            ]
        except (KeyError, TypeError) as error:
            raise IriswsError("the reply to POST /v1/predict is not one of irisws") from error

    def predict_one(self, row: Row) -> Prediction:
        """Classify one row; raises what `predict` raises."""
        return self.predict([row])[0]

    def model(self) -> dict[str, Any]:
        """The model's card: its features with units and ranges, its classes, where it is from."""
        return self._call("GET", "/v1/model")

    def ready(self) -> bool:
        """Ask once whether the service would answer; raises Unavailable if nothing is there."""
        try:
            self._call("GET", "/health/ready", retries=0)
        except Unavailable as error:
            if isinstance(error.__cause__, ProblemError) and error.__cause__.status == 503:
                return False
            raise
        return True

    def _call(
        self, method: str, path: str, document: object = None, *, retries: int | None = None
    ) -> dict[str, Any]:
        """Send a request until it is answered, or trying again is pointless."""
        retries = self._retries if retries is None else retries
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._attempt(method, path, document)
            except TimeoutError as error:
                raise Timeout(f"{method} {path}: silent for {self._timeout_seconds} s") from error
            except ProblemError as error:
                if error.status not in TRANSIENT_STATUSES:
                    raise
                failure: Exception = error
            except TRANSIENT_FAULTS as error:
                failure = error
            except (OSError, http.client.HTTPException) as error:
                raise Unavailable(attempt) from error  # no such host, no trust, not HTTP
            delay = self._delay_seconds(attempt, failure)
            if attempt > retries or delay is None:
                raise Unavailable(attempt) from failure
            self._sleep(delay)

    def _attempt(self, method: str, path: str, document: object) -> dict[str, Any]:
        # http.client and not urllib.request: it follows no redirects (urllib would turn a POST into
        # a GET) and hands an error reply over like any other. A connection serves one request, so
        # that there is none to close, to share between threads or to find stale; many rows belong
        # into one `predict`.
        connect = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        headers = {"Accept": "application/json", "Connection": "close"}
        content = None
        if document is not None:
            content = json.dumps(document, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        with closing(connect(self._host, self._port, timeout=self._timeout_seconds)) as connection:
            connection.request(method, self._path + path, content, headers)
            reply = connection.getresponse()
            received = _json_object(reply.read())
        if reply.status != 200:
            raise _problem_error(reply, received)
        if received is None:
            raise IriswsError(f"the reply to {method} {path} is not a JSON object")
        return received

    def _delay_seconds(self, attempt: int, failure: Exception) -> float | None:
        """How long to wait before another attempt; None if the service asks for too long."""
        asked = failure.retry_after_seconds if isinstance(failure, ProblemError) else None
        if asked is not None and asked > self._max_backoff_seconds:
            return None
        ceiling: float = min(self._max_backoff_seconds, self._backoff_seconds * 2 ** (attempt - 1))
        return max(ceiling * self._random(), asked or 0.0)


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _problem_error(
    reply: http.client.HTTPResponse, document: Mapping[str, Any] | None
) -> ProblemError:
    # A proxy in front of the service answers in its own words, often HTML.
    problem = document or {"type": "about:blank", "title": reply.reason, "status": reply.status}
    request_id = problem.get("request_id") or reply.headers["X-Request-Id"]
    kind = InvalidRows if reply.status == 422 else ProblemError
    return kind(reply.status, problem, request_id, _retry_after_seconds(reply.headers))


def _retry_after_seconds(headers: Message) -> float | None:
    """Read Retry-After, as seconds or as a date (RFC 9110, section 10.2.3).

    A date is taken against the reply's own Date, so that the two clocks need not agree.
    """
    value = headers["Retry-After"]
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        sent_at = parsedate_to_datetime(headers["Date"] or formatdate(usegmt=True))
        wait = parsedate_to_datetime(value).timestamp() - sent_at.timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait)
