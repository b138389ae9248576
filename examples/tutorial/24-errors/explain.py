"""Ask for predictions, and explain the reply to a person.

python explain.py FILE

Exits with 0 if the service answered, 3 if the data do not fit, 1 if there was no answer.
"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = "http://127.0.0.1:8080/v1/predict"
OVERLOADED = (429, 502, 503, 504)  # the request was good, the moment was not


def main() -> int:
    """Send the file; print predictions or problems; return the exit status."""
    body = Path(sys.argv[1]).read_bytes()
    request = Request(URL, data=body, headers={"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=5) as reply:
            explain_answer(json.load(reply))
            return 0
    except HTTPError as error:
        return explain_refusal(error.code, read_problem(error), body)
    except OSError as error:
        print(f"No answer: {error}")
        print("Is the service running? The same request may succeed later.")
        return 1


def explain_answer(answer: dict[str, Any]) -> None:
    """Print each prediction with its warnings."""
    for number, prediction in enumerate(answer["predictions"], start=1):
        print(f"Row {number} is {prediction['label']}.")
        for warning in prediction["warnings"]:
            print(f"  Doubtful: {warning['detail']}")


def read_problem(error: HTTPError) -> dict[str, Any]:
    """The problem document; an empty one if the reply is none, as from a proxy in between."""
    if error.headers.get_content_type() != "application/problem+json":
        return {}
    problem: dict[str, Any] = json.load(error)
    return problem


def explain_refusal(status: int, problem: dict[str, Any], body: bytes) -> int:
    """Print all that is wrong and what to do; return the exit status."""
    print(f"The service said no, status {status}: {problem.get('detail', 'no reason given')}.")
    faults = problem.get("errors", [])
    for fault in faults:
        sent = find(json.loads(body), fault["pointer"])
        print(f"  {place(fault['pointer'])}: {fault['detail']}{sent}")
    if status in OVERLOADED:
        print("The same request may succeed later.")
    elif status >= 500:
        print(f"The fault is the service's. Tell its operator: {problem.get('request_id')}")
    else:
        print("Mend the request first; the same one will fail again.")
    return 3 if faults else 1


def tokens(pointer: str) -> list[str]:
    """The parts of a JSON pointer (RFC 6901): "/instances/0/pw" is instances, 0, pw."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def find(document: Any, pointer: str) -> str:
    """The text or number that was sent at that place, in brackets; or nothing."""
    try:
        for part in tokens(pointer):
            document = document[int(part) if isinstance(document, list) else part]
    except (LookupError, ValueError, TypeError):
        return ""
    return f" (sent: {document!r:.40})" if isinstance(document, str | float) else ""


def place(pointer: str) -> str:
    """A pointer in words: /instances/0/pw is "row 1, pw"."""
    parts = tokens(pointer)
    if len(parts) > 1 and parts[0] == "instances":
        parts = [f"row {int(parts[1]) + 1}", *parts[2:]]
    if parts[-1:] and parts[-1].isdigit():
        parts[-1] = f"value {int(parts[-1]) + 1}"
    return ", ".join(parts) or "the whole body"


if __name__ == "__main__":
    sys.exit(main())
