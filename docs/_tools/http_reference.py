"""The parts of the HTTP API's page, from the OpenAPI document of a model and from the application.

Where the document has no example of a reply, the application is asked for one.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from irisws.app import Application, create_app, describe
from irisws.model.model import Model
from irisws.settings import Settings

Json = Any
Parts = Mapping[str, str]

_WIDTH = 78  # characters a line of an example
_JSON, _CSV = "application/json", "text/csv"
_LANGUAGES = {_JSON: "json", _CSV: "csv"}
# Replies whose lists of objects are cut to the first: their form is what matters here.
_CUT = {"model"}
# These need no example: the document is long, and the page is made of it; metrics have their own.
_NO_EXAMPLE = {"openapi", "metrics"}


class Route(NamedTuple):
    """A method of a path, with its Operation Object."""

    method: str
    path: str
    operation: Json

    @property
    def id(self) -> str:
        return str(self.operation["operationId"])


def http_parts(model: Model) -> Parts:
    """One part for each tag of the document, and `overview`, `headers` and `schemas`."""
    document = describe(model, Settings())
    application = create_app(model)
    routes = [
        Route(method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = list(dict.fromkeys(tag for route in routes for tag in route.operation["tags"]))
    by_tag = {tag: [r for r in routes if tag in r.operation["tags"]] for tag in tags}
    return {
        "overview": "\n\n".join(_overview(tag, by_tag[tag]) for tag in tags),
        "headers": _headers(routes),
        **{tag: _sections(by_tag[tag], application) for tag in tags},
        "schemas": "\n\n".join(
            _component(name, schema)
            for name, schema in sorted(document["components"]["schemas"].items())
        ),
    }


def _overview(tag: str, routes: Iterable[Route]) -> str:
    lines = [f"- `{route.method} {route.path}`" for route in routes]
    return f"{tag}\n\n" + "\n".join(lines)


def _headers(routes: list[Route]) -> str:
    """Each header that a request may carry, with the operations that read it."""
    found: dict[tuple[str, str], list[str]] = {}
    for route in routes:
        for parameter in route.operation.get("parameters", []):
            found.setdefault((parameter["name"], parameter["description"]), []).append(route.id)
    return "\n\n".join(
        f"`{name}`\n: {sentence(text)}"
        + ("" if len(ids) == len(routes) else f" Read by: {', '.join(ids)}.")
        for (name, text), ids in found.items()
    )


def _sections(routes: Iterable[Route], application: Application) -> str:
    """A section for each operation; those that differ in nothing but the path share one."""
    alike: dict[tuple[str, str], list[Route]] = {}
    for route in routes:
        alike.setdefault((route.method, _described(route, application)), []).append(route)
    return "\n\n".join(_section(same, text) for (_, text), same in alike.items())


def _section(routes: list[Route], text: str) -> str:
    first, *others = routes
    also = "".join(f"\n\nAlso `{route.method} {route.path}`." for route in others)
    return f"### `{first.method} {first.path}` {{ #{_slug(first.id)} }}{also}\n\n{text}"


def _described(route: Route, application: Application) -> str:
    operation = route.operation
    replies = operation["responses"]
    problems = [status for status, reply in replies.items() if _is_problem(reply)]
    parts = [sentence(operation["summary"])]
    if "requestBody" in operation:
        parts += _bodies("Request", operation["requestBody"]["content"])
    for status, reply in replies.items():
        if status not in problems:
            content = _with_example(route, reply["content"], application)
            parts += _bodies(f"Reply, status {status}", content)
    errors = f"Errors\n: {', '.join(problems)}, see [errors](#errors)"
    return "\n\n".join([*parts, errors])


def _is_problem(reply: Json) -> bool:
    return list(reply["content"]) == ["application/problem+json"]


def _bodies(title: str, content: Json) -> Iterator[str]:
    """What a body may be, and its examples."""
    yield f"{title}\n: " + "\n: ".join(
        f"`{media}`, {_kind(body['schema'])}" for media, body in content.items()
    )
    for media, body in content.items():
        for example in body.get("examples", {}).values():
            yield _fence(media, example["value"])


def _fence(media: str, value: Json) -> str:
    text = value.rstrip("\n") if isinstance(value, str) else _pretty(value)
    return f"```{_LANGUAGES[media]}\n{text}\n```"


def _with_example(route: Route, content: Json, application: Application) -> Json:
    """The content of a reply, with an example in JSON if it has one or the application gives one.

    Of several paths of the same operation all get the same example.
    """
    if any("examples" in body for body in content.values()) or route.id in _NO_EXAMPLE:
        return content
    reply = json.loads(_ask(route, application))
    example = {"reply": {"value": _cut(reply) if route.id in _CUT else reply}}
    return {**content, _JSON: {**content[_JSON], "examples": example}}


def _ask(route: Route, application: Application) -> bytes:
    """The application's reply to the first example of the request."""
    sent = b""
    if "requestBody" in route.operation:
        examples = route.operation["requestBody"]["content"][_JSON]["examples"]
        sent = json.dumps(next(iter(examples.values()))["value"]).encode()
    environ: Json = {
        "REQUEST_METHOD": route.method,
        "PATH_INFO": route.path,
        "CONTENT_TYPE": _JSON,
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.input": io.BytesIO(sent),
    }
    statuses: list[str] = []

    def start_response(status: str, headers: Json, exc_info: Json = None) -> Json:
        statuses.append(status)

    body = b"".join(application(environ, start_response))
    if statuses != ["200 OK"]:
        raise ValueError(f"{route.method} {route.path} was answered with {statuses}: {body!r}")
    return body


def _cut(value: Json) -> Json:
    """The value with every list of objects cut to the first."""
    if isinstance(value, dict):
        return {name: _cut(member) for name, member in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_cut(value[0])]
    return value


def _component(name: str, schema: Json) -> str:
    described = [sentence(schema["description"])] if "description" in schema else []
    forms = schema.get("anyOf", [schema])
    tables = [_table(form) for form in forms]
    return f"### {name} {{ #schema-{name.lower()} }}\n\n" + "\n\n".join(
        [*described, *([f"One of {len(forms)} forms."] if len(forms) > 1 else []), *tables]
    )


def _table(schema: Json) -> str:
    if "properties" not in schema:
        return sentence(_kind(schema))
    rows = [f"| `{name}` | {about} |" for name, about in _members(schema, "")]
    return "\n".join(["| member | value |", "|---|---|", *rows])


def _members(schema: Json, prefix: str) -> Iterator[tuple[str, str]]:
    """Every member of an object, and those of objects in it, with what it holds."""
    for name, member in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", ()) else "optional; "
        about = f"; {member['description']}" if "description" in member else ""
        example = f"; for example {_plain(member['examples'][0])}" if "examples" in member else ""
        yield prefix + name, optional + _kind(member) + about + example
        yield from _members(member, f"{prefix}{name}.")
        if isinstance(member.get("items"), Mapping):
            yield from _members(member["items"], f"{prefix}{name}[].")


def _kind(schema: Json) -> str:
    """The type of a value in words, with its limits."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#schema-{name.lower()})"
    if "const" in schema:
        return _plain(schema["const"])
    if "enum" in schema:
        return " or ".join(map(_plain, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_simple(kind, schema) for kind in kinds)


def _simple(kind: str, schema: Json) -> str:
    if kind == "array":
        return _array(schema)
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object, each member a {_kind(schema['additionalProperties'])}"
    if kind == "string" and "maxLength" in schema:
        return f"string of at most {schema['maxLength']} characters"
    if kind == "string" and schema.get("format") == "binary":
        return "bytes"
    return kind + _range(schema, "minimum", "maximum")


def _array(schema: Json) -> str:
    if "prefixItems" in schema:
        each = schema["prefixItems"]
        what = (item.get("description", _kind(item)).split(";")[0] for item in each)
        return f"array of {len(each)}: {', '.join(what)}"
    items = f" of {_several(schema['items'])}" if isinstance(schema.get("items"), Mapping) else ""
    return f"array{items}" + _range(schema, "minItems", "maxItems", " of them")


def _several(schema: Json) -> str:
    return re.sub(r"^(boolean|integer|number|object|string)\b", r"\1s", _kind(schema))


def _range(schema: Json, least: str, most: str, unit: str = "") -> str:
    """The limits of a value, if it has any."""
    ends = [_amount(schema[end]) for end in (least, most) if end in schema]
    if not ends:
        return ""
    if len(ends) == 1:
        return f", {ends[0]} or more{unit}"
    return f", {' to '.join(dict.fromkeys(ends))}{unit}"


def _amount(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:.2g}"


def _plain(value: Json) -> str:
    return f"`{json.dumps(value)}`"


def _pretty(value: Json, indent: int = 0) -> str:
    """JSON with each value on one line if it fits, else a line for each member."""
    tight = json.dumps(value, ensure_ascii=False)
    if len(tight) + indent <= _WIDTH or not isinstance(value, (dict, list)) or not value:
        return tight
    margin = " " * (indent + 2)
    if isinstance(value, dict):
        members = (f"{json.dumps(k)}: {_pretty(v, indent + 2)}" for k, v in value.items())
        opening, closing = "{}"
    else:
        members = (_pretty(item, indent + 2) for item in value)
        opening, closing = "[]"
    lines = f",\n{margin}".join(members)
    return f"{opening}\n{margin}{lines}\n{' ' * indent}{closing}"


def _slug(identifier: str) -> str:
    """`modelStatusVersion` as an anchor: `model-status-version`."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in identifier)


def sentence(text: str) -> str:
    """The text with a full stop, and a capital but where it begins with a feature's name."""
    first = text.split()[0]
    start = text[0].upper() if first.strip(",;:.").isalpha() else text[0]
    return f"{start}{text[1:].removesuffix('.')}."
