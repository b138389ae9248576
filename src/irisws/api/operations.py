"""Every operation described for OpenAPI, from the card: its types, its examples, its statuses.

The examples are golden rows, with the answers that scikit-learn gave. A test holds this table and
the routes together.
"""

from collections.abc import Mapping
from typing import Any

from irisws.api import instances, open_inference
from irisws.model.card import Card, Feature, Parity, Provenance, Score, TargetClass
from irisws.model.model import RangeWarning
from irisws.web.message import JSON
from irisws.web.openapi import Media, Operation, Schema, build, reference

_ANY = (400, 414, 431, 500)  # on every path: not HTTP, too long a path or headers, our own failure
_BODY = (400, 411, 413, 415, 422, 431, 500, 501)
_REQUEST_ID = ("X-Request-ID", "your id for this request; comes back in errors")

_CSV, _BINARY = "text/csv", "application/octet-stream"


def document(card: Card, version: str, largest_value: float, max_rows: int) -> dict[str, Any]:
    """The OpenAPI document of a service for this model.

    Args:
        card: The model's card.
        version: The version of irisws.
        largest_value: The largest absolute value that a row may hold.
        max_rows: How many rows one request may hold.
    """
    info = {
        "title": f"{card.name} {card.version}",
        "version": version,
        "summary": "A trained classifier as a REST API that proves its answers.",
        "description": f"`{card.name}` {card.version}: "
        + ", ".join(_described(feature) for feature in card.features[:20])
        + " in, one of "
        + ", ".join(target.name for target in card.classes[:20])
        + " out. A prediction has no side effects: any request may be sent again, POST as well.",
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    types = [Feature, TargetClass, Parity, Score, Provenance, RangeWarning]
    return build(info, operations(card), types, _schemas(card, largest_value, max_rows))


def operations(card: Card) -> dict[tuple[str, str], Operation]:
    """Every operation, by method and path."""
    return {
        **_predictions(card),
        **_invocations(card),
        **_open_inference(card),
        **_service(card),
    }


def _predictions(card: Card) -> dict[tuple[str, str], Operation]:
    golden = card.golden[0]
    target = card.classes[golden.index]
    by_name = dict(zip((f.name for f in card.features), golden.inputs, strict=True))
    by_alias = dict(zip((f.alias or f.name for f in card.features), golden.inputs, strict=True))
    one_value = {"type": "array", "items": _value_schema(card), "minItems": 1, "maxItems": 1}
    reply_to_one = _object({"prediction": one_value})
    simple = Operation(
        id="classify",
        tag="Predictions",
        summary="One row in, what the estimator's own predict() returns out",
        request={JSON: Media(reference("NamedRow"), {"short": by_alias, "full": by_name})},
        replies={200: {JSON: Media(reply_to_one, {"reply": {"prediction": [target.value]}})}},
        problems=_BODY,
        headers=[_REQUEST_ID],
    )
    reply = {
        "predictions": [
            {
                "label": target.name,
                "index": golden.index,
                "probabilities": dict(
                    zip((c.name for c in card.classes), golden.probabilities, strict=True)
                ),
                "warnings": [],
            }
        ],
        "model": {"name": card.name, "version": card.version},
    }

    def in_full(identifier: str, summary: str) -> Operation:
        rows = {"named": {"instances": [by_name]}, "in order": {"instances": [list(golden.inputs)]}}
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
            "predict", "Rows in; labels, probabilities and range warnings out"
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


def _invocations(card: Card) -> dict[tuple[str, str], Operation]:
    golden = card.golden[0]
    names = [feature.name for feature in card.features]
    value = card.classes[golden.index].value
    frames = {
        "dataframe_split": {"dataframe_split": {"columns": names, "data": [list(golden.inputs)]}},
        "dataframe_records": {"dataframe_records": [dict(zip(names, golden.inputs, strict=True))]},
        "instances": {"instances": [list(golden.inputs)]},
        "inputs": {"inputs": [list(golden.inputs)]},
    }
    line = ",".join(map(repr, golden.inputs))
    return {
        ("POST", "/invocations"): Operation(
            id="invoke",
            tag="SageMaker and MLflow",
            summary="A data frame or CSV in, what predict() returns out",
            request={
                JSON: Media(reference("Frame"), frames),
                _CSV: Media(_csv_schema(len(names)), {"rows": line + "\n"}),
            },
            replies={
                200: {
                    JSON: Media(reference("Values"), {"reply": {"predictions": [value]}}),
                    _CSV: Media({"type": "string"}, {"reply": f"{value}\n"}),
                }
            },
            problems=(*_BODY, 406),
            headers=[_REQUEST_ID],
        ),
        ("GET", "/ping"): _health("ping", "SageMaker and MLflow", "Ready to predict"),
    }


def _open_inference(card: Card) -> dict[tuple[str, str], Operation]:
    tag = "Open Inference Protocol"
    width = len(card.features)
    tensor = {"name": "input", "shape": [1, width], "datatype": "FP64"}
    request = {"inputs": [{**tensor, "data": list(card.golden[0].inputs)}]}
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
            summary="Tensors in, labels and probabilities out",
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


def _service(card: Card) -> dict[tuple[str, str], Operation]:
    tag = "Service"
    return {
        ("GET", "/"): _get("index", tag, "What is served here, and where"),
        ("GET", "/v1/model"): _get("model", tag, "The model's card, and its proof", "Model"),
        ("GET", "/health/live"): _get("live", tag, "The process answers"),
        ("GET", "/health/ready"): _health("ready", tag, "Ready to predict"),
        ("GET", "/openapi.json"): _get("openapi", tag, "This document"),
    }


def _get(identifier: str, tag: str, summary: str, schema: str | None = None) -> Operation:
    body = Media({"type": "object"} if schema is None else reference(schema))
    return Operation(identifier, tag, summary, {200: {JSON: body}}, _ANY, headers=[_REQUEST_ID])


def _health(identifier: str, tag: str, summary: str) -> Operation:
    return _get(identifier, tag, summary)._replace(problems=(*_ANY, 503))


def _schemas(card: Card, largest_value: float, max_rows: int) -> dict[str, Schema]:
    names = {feature.name: _number(feature, largest_value) for feature in card.features}
    aliases = {
        feature.alias or feature.name: _number(feature, largest_value) for feature in card.features
    }
    rows = {"anyOf": [reference("NamedRow"), reference("Row")]}
    counts = {"minItems": 1, "maxItems": max_rows}
    return {
        "NamedRow": {"anyOf": [_object(names), _object(aliases)]},
        "Row": {
            "description": "The values in the card's order.",
            "type": "array",
            "prefixItems": [*names.values()],
            "minItems": len(names),
            "maxItems": len(names),  # not `"items": false`, which not every generator takes
        },
        "Instances": _object(
            {
                "instances": {"type": "array", "items": rows, **counts},
                "parameters": _object(
                    {"probabilities": {"type": "boolean"}, "warnings": {"type": "boolean"}},
                    required=(),
                ),
            },
            required=("instances",),
        ),
        "Frame": _frame_schema(names, {"type": "array", "items": rows, **counts}, counts),
        "Predictions": _predictions_schema(card),
        "Values": _object({"predictions": {"type": "array", "items": _value_schema(card)}}),
        "Model": _model_schema(),
        "InferRequest": _infer_schema(),
    }


def _frame_schema(names: Mapping[str, Schema], rows: Schema, counts: Schema) -> Schema:
    """The four forms of a data frame; columns may stand in any order, but are written in one."""
    width = len(names)
    columns = {
        "type": "array",
        "prefixItems": [{"const": name} for name in names],
        "minItems": width,
        "maxItems": width,
    }
    data = {"type": "array", "items": reference("Row"), **counts}
    records = {"type": "array", "items": _object(names), **counts}
    return {
        "anyOf": [
            _object({"dataframe_split": _object({"columns": columns, "data": data})}),
            _object({"dataframe_records": records}),
            _object({"instances": rows}),
            _object({"inputs": rows}),
        ]
    }


def _csv_schema(width: int) -> Schema:
    number = r"-?[0-9]{1,9}(\.[0-9]{1,9})?"
    line = ",".join([number] * width)
    return {"type": "string", "pattern": f"^{line}(\\n{line})*\\n?$"}


def _predictions_schema(card: Card) -> Schema:
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    prediction = _object(
        {
            "label": {"type": "string", "enum": [target.name for target in card.classes]},
            "index": {"type": "integer", "minimum": 0, "maximum": len(card.classes) - 1},
            "probabilities": _object({target.name: probability for target in card.classes}),
            "warnings": {"type": "array", "items": reference("RangeWarning")},
        },
        required=("label", "index"),
    )
    model = _object({"name": {"const": card.name}, "version": {"const": card.version}})
    return _object({"predictions": {"type": "array", "items": prediction}, "model": model})


def _model_schema() -> Schema:
    """The card without its golden rows, by the types that the card itself is read with."""
    text, number = {"type": "string"}, {"type": "number"}
    lists = {"features": "Feature", "classes": "TargetClass", "scores": "Score"}
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys(("name", "version", "created", "graph", "sha256"), text),
            **{
                name: {"type": "array", "items": reference(component)}
                for name, component in lists.items()
            },
            "format": {"const": 1},
            "tolerance": number,
            "parity": reference("Parity"),
            "provenance": reference("Provenance"),
            "golden_rows": {"type": "integer"},
            "proof": {"type": "object"},
        },
        "required": ["name", "version", "features", "classes", "sha256", "proof"],
    }


def _infer_schema() -> Schema:
    """What JSON Schema can say of tensors: not that shape and data belong together.

    What may be left out may be null, too: some clients write that.
    """
    parameters = {"type": ["object", "null"]}
    tensor = {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "parameters": parameters,
        "data": {"type": ["array", "null"]},
    }
    output = _object({"name": {"type": "string"}, "parameters": parameters}, required=("name",))
    return _object(
        {
            "id": {"type": ["string", "null"]},
            "model_name": {"type": ["string", "null"]},
            "parameters": parameters,
            "inputs": {
                "type": "array",
                "minItems": 1,
                "items": _object(tensor, required=("name", "shape", "datatype")),
            },
            "outputs": {"type": ["array", "null"], "items": output},
        },
        required=("inputs",),
    )


def _number(feature: Feature, largest_value: float) -> Schema:
    return {
        "type": "number",
        "minimum": -largest_value,
        "maximum": largest_value,
        "description": f"{_described(feature)}; in training {feature.minimum:g} to "
        f"{feature.maximum:g}",
        "examples": [feature.example],
    }


def _object(properties: Mapping[str, Any], required: tuple[str, ...] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def _value_schema(card: Card) -> Schema:
    return {"enum": [target.value for target in card.classes]}


def _described(feature: Feature) -> str:
    about = feature.description or feature.name
    return f"{about} in {feature.unit}" if feature.unit else about
