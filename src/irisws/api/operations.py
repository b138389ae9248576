"""Every operation described for OpenAPI, from the card: its types, its examples, its statuses.

The example is a golden row, in every dialect, with the answer that the model gives. A test holds
this table and the routes together.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from irisws.api import instances, invocations, metrics, open_inference
from irisws.api.schemas import closed_object, csv_schema, described, schemas, value_schema
from irisws.model.card import Card, Column, Feature, Parity, Provenance, Score, TargetClass, Value
from irisws.model.explanation import Neighbours, Path
from irisws.model.model import Model
from irisws.model.range_warnings import RangeWarning
from irisws.web.message import JSON
from irisws.web.openapi import Media, Operation, build, reference

_ANY = (400, 414, 431, 500)  # on every path: not HTTP, too long a path or headers, our own failure
_BODY = (400, 411, 413, 415, 422, 431, 500, 501)
_REQUEST_ID = ("X-Request-ID", "your id for this request; comes back in errors")

_CSV, _BINARY = "text/csv", "application/octet-stream"


class _Example(NamedTuple):
    """A row, and what the model answers to it."""

    row: tuple[Value, ...]  # in card order
    prediction: dict[str, Any]  # as JSON has it
    value: Value  # what the estimator's own predict() returned


def document(model: Model, version: str, max_rows: int) -> dict[str, Any]:
    """The OpenAPI document of a service for this model.

    Args:
        model: The model.
        version: The version of irisws.
        max_rows: How many rows one request may hold.
    """
    card = model.card
    info = {
        "title": f"{card.name} {card.version}",
        "version": version,
        "summary": "A trained classifier as a REST API that proves its answers.",
        "description": f"`{card.name}` {card.version}: "
        + ", ".join(described(feature) for feature in card.features[:20])
        + " in, one of "
        + ", ".join(target.name for target in card.classes[:20])
        + " out. A prediction has no side effects: any request may be sent again, POST as well.",
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    types = [Feature, TargetClass, Parity, Score, Provenance, Column, RangeWarning]
    types += [Path, Neighbours]
    return build(info, operations(model), types, schemas(card, model.largest_value, max_rows))


def operations(model: Model) -> dict[tuple[str, str], Operation]:
    """Every operation, by method and path."""
    card, example = model.card, _example(model)
    table = {
        **_predictions(card, example),
        **_invocations(card, example),
        **_open_inference(card, example),
        **_service(card),
    }
    if not model.is_batching:
        return table
    return {  # too many rows may be waiting
        (method, path): operation._replace(problems=(*operation.problems, 503))
        if method == "POST"
        else operation
        for (method, path), operation in table.items()
    }


def _example(model: Model) -> _Example:
    """The first golden row that has all its values, if there is one."""
    golden = model.card.golden
    row = next((row.inputs for row in golden if None not in row.inputs), golden[0].inputs)
    prediction = msgspec.json.decode(msgspec.json.encode(model.predict([row])[0]))
    if not model.card.has_probabilities:
        del prediction["probabilities"]
    return _Example(row, prediction, model.card.classes[prediction["index"]].value)


def _predictions(card: Card, example: _Example) -> dict[tuple[str, str], Operation]:
    by_name = dict(zip((f.name for f in card.features), example.row, strict=True))
    by_alias = dict(zip((f.alias or f.name for f in card.features), example.row, strict=True))
    one_value = {"type": "array", "items": value_schema(card), "minItems": 1, "maxItems": 1}
    reply_to_one = closed_object({"prediction": one_value})
    simple = Operation(
        id="classify",
        tag="Predictions",
        summary="One row in, what the estimator's own predict() returns out",
        request={JSON: Media(reference("NamedRow"), {"short": by_alias, "full": by_name})},
        replies={200: {JSON: Media(reply_to_one, {"reply": {"prediction": [example.value]}})}},
        problems=_BODY,
        headers=[_REQUEST_ID],
    )
    reply = {
        "predictions": [example.prediction],
        "model": {"name": card.name, "version": card.version},
    }

    def in_full(identifier: str, summary: str) -> Operation:
        rows = {"named": {"instances": [by_name]}, "in order": {"instances": [list(example.row)]}}
        return Operation(
            id=identifier,
            tag="Predictions",
            summary=summary,
            request={JSON: Media(reference("Instances"), rows)},
            replies={200: {JSON: Media(reference("Predictions"), {"reply": reply})}},
            problems=_BODY,
            headers=[_REQUEST_ID],
        )

    table = {
        ("POST", "/"): simple,
        ("POST", "/v1/predict"): in_full(
            "predict", f"Rows in; {', '.join(_answers(card))} and range warnings out"
        ),
    }
    for at, path in enumerate(instances.paths(card)):
        suffix = ("", "Version")[at]
        table["POST", f"{path}:predict"] = in_full(
            f"predictModel{suffix}", "The same, where clients of TensorFlow Serving look for it"
        )
        table["GET", path] = _get(
            f"modelStatus{suffix}", "Predictions", "The model's status, as TensorFlow Serving's"
        )
    return table


def _invocations(card: Card, example: _Example) -> dict[tuple[str, str], Operation]:
    names = [feature.name for feature in card.features]
    row = list(example.row)
    frames = {
        "dataframe_split": {"dataframe_split": {"columns": names, "data": [row]}},
        "dataframe_records": {"dataframe_records": [dict(zip(names, row, strict=True))]},
        "instances": {"instances": [row]},
        "inputs": {"inputs": [row]},
    }
    return {
        ("POST", "/invocations"): Operation(
            id="invoke",
            tag="SageMaker and MLflow",
            summary="A data frame or CSV in, what predict() returns out",
            request={
                JSON: Media(reference("Frame"), frames),
                _CSV: Media(csv_schema(card), {"rows": _line(example.row)}),
            },
            replies={
                200: {
                    JSON: Media(reference("Values"), {"reply": {"predictions": [example.value]}}),
                    _CSV: Media(
                        {"type": "string"}, {"reply": invocations.csv_line([example.value])}
                    ),
                }
            },
            problems=(*_BODY, 406),
            headers=[_REQUEST_ID],
        ),
        ("GET", "/ping"): _health("ping", "SageMaker and MLflow", "Ready to predict"),
    }


def _line(row: Sequence[Value]) -> str:
    words = {True: "true", False: "false"}
    return invocations.csv_line([words[v] if isinstance(v, bool) else v for v in row])


def _answers(card: Card) -> list[str]:
    return ["labels", "probabilities"] if card.has_probabilities else ["labels"]


def _open_inference(card: Card, example: _Example) -> dict[tuple[str, str], Operation]:
    tag = "Open Inference Protocol"
    request = {"inputs": _tensors(card, example.row)}
    table = {
        ("GET", "/v2"): _get("serverMetadata", tag, "The server: name, version, extensions"),
        ("GET", "/v2/health/live"): _get("serverLive", tag, "The process answers"),
        ("GET", "/v2/health/ready"): _health("serverReady", tag, "Ready to predict"),
    }
    for at, path in enumerate(open_inference.paths(card)):
        suffix = ("", "Version")[at]
        table["GET", path] = _get(f"modelMetadata{suffix}", tag, "The model's tensors")
        table["GET", f"{path}/ready"] = _health(f"modelReady{suffix}", tag, "Ready to predict")
        table["POST", f"{path}/infer"] = Operation(
            id=f"infer{suffix}",
            tag=tag,
            summary=f"Tensors in, {' and '.join(_answers(card))} out",
            request={
                JSON: Media(reference("InferRequest"), {"one row": request}),
                _BINARY: Media({"type": "string", "format": "binary"}),
            },
            replies={
                200: {
                    JSON: Media({"type": "object"}),
                    _BINARY: Media({"type": "string", "format": "binary"}),
                }
            },
            problems=_BODY,
            headers=[_REQUEST_ID],
        )
    return table


def _tensors(card: Card, row: tuple[Value, ...]) -> list[dict[str, Any]]:
    """One row as input tensors: all of it in one, or each value in its own."""
    tensors = open_inference.input_tensors(card)
    if len(tensors) < len(row):
        return [_tensor(tensors[0], [1, len(row)], row)]
    return [
        _tensor(tensor, [1, *tensor["shape"][1:]], [value])
        for tensor, value in zip(tensors, row, strict=True)
    ]


def _tensor(described: dict[str, Any], shape: list[int], data: Sequence[Value]) -> dict[str, Any]:
    return {
        "name": described["name"],
        "shape": shape,
        "datatype": described["datatype"],
        "data": list(data),
    }


def _service(card: Card) -> dict[tuple[str, str], Operation]:
    tag = "Service"
    text = Media({"type": "string"})
    return {
        ("GET", "/"): _get("index", tag, "What is served here, and where"),
        ("GET", "/v1/model"): _get("model", tag, "The model's card, and its proof", "Model"),
        ("GET", "/health/live"): _get("live", tag, "The process answers"),
        ("GET", "/health/ready"): _health("ready", tag, "Ready to predict"),
        ("GET", "/openapi.json"): _get("openapi", tag, "This document"),
        ("GET", "/metrics"): Operation(
            id="metrics",
            tag=tag,
            summary="What this process has done so far, for Prometheus",
            replies={200: dict.fromkeys((metrics.TEXT, metrics.OPEN_METRICS), text)},
            problems=_ANY,
            headers=[_REQUEST_ID],
        ),
    }


def _get(identifier: str, tag: str, summary: str, schema: str | None = None) -> Operation:
    body = Media({"type": "object"} if schema is None else reference(schema))
    return Operation(identifier, tag, summary, {200: {JSON: body}}, _ANY, headers=[_REQUEST_ID])


def _health(identifier: str, tag: str, summary: str) -> Operation:
    return _get(identifier, tag, summary)._replace(problems=(*_ANY, 503))
