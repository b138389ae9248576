"""OpenAPI 3.1: a document built from operations and the types that they use.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from irisws.web.problem import PROBLEM_JSON, Fault

_REFERENCE = "#/components/schemas/{name}"

Schema = Mapping[str, Any]


class Media(NamedTuple):
    """A body of one media type: its schema and examples by name."""

    schema: Schema
    examples: Mapping[str, Any] = {}


class Operation(NamedTuple):
    """What one method of one path does."""

    id: str
    tag: str
    summary: str
    replies: Mapping[int, Mapping[str, Media]]
    problems: Sequence[int]  # the statuses that it answers with a problem document
    request: Mapping[str, Media] = {}
    headers: Sequence[tuple[str, str]] = ()  # names and descriptions of request headers


def reference(name: str) -> Schema:
    """A schema that stands among the components."""
    return {"$ref": _REFERENCE.format(name=name)}


def build(
    info: Mapping[str, Any],
    operations: Mapping[tuple[str, str], Operation],
    types: Sequence[type],
    schemas: Mapping[str, Schema],
) -> dict[str, Any]:
    """Build the document.

    Args:
        info: The members of the Info Object.
        operations: By method and path.
        types: msgspec types that become components under their own names.
        schemas: Further components.
    """
    _, components = msgspec.json.schema_components([*types, Fault], ref_template=_REFERENCE)
    for component in components.values():  # a docstring's first paragraph; the rest is for Python
        component["description"] = component["description"].partition("\n\n")[0]
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        paths.setdefault(path, {})[method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": dict(info),
        "servers": [{"url": "./", "description": "where this document comes from"}],
        "paths": paths,
        "components": {"schemas": {**components, **schemas, "Problem": _PROBLEM}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    replies = {
        str(status): {"description": HTTPStatus(status).phrase, "content": _content(media)}
        for status, media in operation.replies.items()
    }
    problem = {PROBLEM_JSON: {"schema": reference("Problem")}}
    for status in operation.problems:
        replies[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
    document: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.headers:
        document["parameters"] = [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for name, text in operation.headers
        ]
    if operation.request:
        document["requestBody"] = {"required": True, "content": _content(operation.request)}
    return {**document, "responses": dict(sorted(replies.items()))}


def _content(media: Mapping[str, Media]) -> dict[str, Any]:
    return {
        name: {
            "schema": body.schema,
            **(
                {"examples": {key: {"value": value} for key, value in body.examples.items()}}
                if body.examples
                else {}
            ),
        }
        for name, body in media.items()
    }


_PROBLEM: Schema = {
    "title": "Problem",
    "description": "What is wrong with a request, all of it at once (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": reference("Fault")},
        "request_id": {"type": "string"},
        "error": {"type": "string", "description": "only under /v2"},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
