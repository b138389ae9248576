"""Problem details, the one form of every error reply (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

PROBLEM_JSON = "application/problem+json"
TYPE_BASE = "https://irisws.readthedocs.io/en/stable/reference/errors/#"


class Fault(Struct, frozen=True):
    """One thing wrong with a request body: where (RFC 6901 JSON pointer) and what."""

    pointer: str
    detail: str
    suggestion: str | UnsetType = UNSET  # the name that was probably meant


class Problem(Exception):
    """An error for the caller: raised anywhere on a request's way, turned into a reply once."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Describe what went wrong.

        Args:
            status: The HTTP status code.
            kind: The last part of the problem's `type` URI, such as `invalid-rows`.
            detail: What is wrong with this request, for a person.
            faults: Everything that is wrong with the body, if it is the body.
            headers: Headers that the status calls for, such as Allow.
        """
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.headers = headers

    def document(self, request_id: str, *, with_error: bool = False) -> bytes:
        """The problem document, as JSON.

        Args:
            request_id: The id that the reply carries in its header, too.
            with_error: Add the member `error`, the one string that clients of the Open Inference
                Protocol show: the detail, and the first fault.
        """
        members: dict[str, Any] = {
            "type": TYPE_BASE + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            members["errors"] = self.faults
        members["request_id"] = request_id
        if with_error:
            members["error"] = self._error()
        return msgspec.json.encode(members)

    def _error(self) -> str:
        if not self.faults:
            return self.detail
        first = self.faults[0]
        return f"{self.detail}; {first.pointer}: {first.detail}"
