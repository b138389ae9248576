"""JSON Schemas of what a request may hold and of what comes back, from the card."""

import re
from collections.abc import Mapping
from typing import Any

from irisws.api.diagnosis import PARAMETERS
from irisws.api.values import bound
from irisws.model.card import Card, Feature
from irisws.web.openapi import Schema, reference

_MOST_SHOWN = 10  # categories in a description

# Cells of CSV, as regular expressions. More can be read than these say.
_CELLS = {
    "number": r"-?[0-9]{1,9}(\.[0-9]{1,20})?(e-[0-9]{2})?",
    "integer": r"-?[0-9]{1,15}",
    "boolean": r"(true|false)",
    "string": r'([^\s",][^",\r\n]*|"[^\s"]([^"]|"")*")',
}


def schemas(card: Card, largest_value: float, max_rows: int) -> dict[str, Schema]:
    """The components, by name.

    Args:
        card: The model's card.
        largest_value: The largest absolute value that a number of a row may have.
        max_rows: How many rows one request may hold.
    """
    names = {feature.name: _value(feature, largest_value) for feature in card.features}
    is_explained = bool(card.leaves or card.sample)
    explain: Schema = {"type": "boolean"} if is_explained else {"const": False}
    aliases = {
        feature.alias or feature.name: _value(feature, largest_value) for feature in card.features
    }
    rows = {"anyOf": [reference("NamedRow"), reference("Row")]}
    counts = {"minItems": 1, "maxItems": max_rows}
    return {
        "NamedRow": {"anyOf": [closed_object(names), closed_object(aliases)]},
        "Row": {
            "description": "The values in the card's order.",
            "type": "array",
            "prefixItems": [*names.values()],
            "minItems": len(names),
            "maxItems": len(names),  # not `"items": false`, which not every generator takes
        },
        "Instances": closed_object(
            {
                "instances": {"type": "array", "items": rows, **counts},
                "parameters": closed_object(
                    {**dict.fromkeys(PARAMETERS, {"type": "boolean"}), "explain": explain},
                    required=(),
                ),
            },
            required=("instances",),
        ),
        "Frame": _frame_schema(names, {"type": "array", "items": rows, **counts}, counts),
        "Predictions": _predictions_schema(card),
        "Values": closed_object({"predictions": {"type": "array", "items": value_schema(card)}}),
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
    records = {"type": "array", "items": closed_object(names), **counts}
    return {
        "anyOf": [
            closed_object({"dataframe_split": closed_object({"columns": columns, "data": data})}),
            closed_object({"dataframe_records": records}),
            closed_object({"instances": rows}),
            closed_object({"inputs": rows}),
        ]
    }


def csv_schema(card: Card) -> Schema:
    """CSV without a header."""
    line = ",".join(_cell(feature, len(card.features)) for feature in card.features)
    return {"type": "string", "pattern": f"^{line}(\\n{line})*\\n?$"}


def _cell(feature: Feature, width: int) -> str:
    if not feature.closed:
        pattern = _CELLS[feature.kind]
    else:
        pattern = f"({'|'.join(map(_closed_cell, feature.categories or ()))})"
    # A line of one empty cell would be an empty line.
    return f"({pattern})?" if feature.missing and width > 1 else pattern


def _closed_cell(category: str | float) -> str:
    text = str(category)
    quoted = '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text
    return re.sub(r"([\\^$.|?*+(){}\[\]])", r"\\\1", quoted)


def _predictions_schema(card: Card) -> Schema:
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    members = {
        "label": {"type": "string", "enum": [target.name for target in card.classes]},
        "index": {"type": "integer", "minimum": 0, "maximum": len(card.classes) - 1},
        "probabilities": closed_object({target.name: probability for target in card.classes}),
        "warnings": {"type": "array", "items": reference("RangeWarning")},
        "explanation": {"anyOf": [reference("Path"), reference("Neighbours")]},
    }
    if not card.has_probabilities:
        del members["probabilities"]
    prediction = closed_object(members, required=("label", "index"))
    model = closed_object({"name": {"const": card.name}, "version": {"const": card.version}})
    return closed_object({"predictions": {"type": "array", "items": prediction}, "model": model})


def _model_schema() -> Schema:
    """The card without its golden rows, by the types that the card itself is read with."""
    text, number = {"type": "string"}, {"type": "number"}
    lists = {"features": "Feature", "classes": "TargetClass", "scores": "Score"}
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys(("name", "version", "created", "graph", "sha256", "engine"), text),
            **{
                name: {"type": "array", "items": reference(component)}
                for name, component in lists.items()
            },
            "format": {"const": 1},
            "tolerance": number,
            "parity": reference("Parity"),
            "provenance": reference("Provenance"),
            "golden_rows": {"type": "integer"},
            "has_probabilities": {"type": "boolean"},
            "frame": {"type": ["array", "null"], "items": reference("Column")},
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
    output = closed_object(
        {"name": {"type": "string"}, "parameters": parameters}, required=("name",)
    )
    return closed_object(
        {
            "id": {"type": ["string", "null"]},
            "model_name": {"type": ["string", "null"]},
            "parameters": parameters,
            "inputs": {
                "type": "array",
                "minItems": 1,
                "items": closed_object(tensor, required=("name", "shape", "datatype")),
            },
            "outputs": {"type": ["array", "null"], "items": output},
        },
        required=("inputs",),
    )


def _value(feature: Feature, largest_value: float) -> Schema:
    schema: dict[str, Any] = {"type": feature.kind}
    if feature.is_numeric:
        most = bound(feature, largest_value)
        schema |= {"minimum": -most, "maximum": most}
    if feature.closed:
        schema["enum"] = list(feature.categories or ())
    if feature.missing:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"].append(None)
    about = f"{described(feature)}{_in_training(feature)}"
    return {**schema, "description": about, "examples": [feature.example]}


def _in_training(feature: Feature) -> str:
    if feature.is_numeric:
        return f"; in training {feature.minimum:g} to {feature.maximum:g}"
    if not feature.categories:
        return ""
    shown = ", ".join(map(str, feature.categories[:_MOST_SHOWN]))
    more = len(feature.categories) - _MOST_SHOWN
    return f"; in training {shown}" + (f" and {more} more" if more > 0 else "")


def closed_object(properties: Mapping[str, Any], required: tuple[str, ...] | None = None) -> Schema:
    """An object of these members and no others, by default of all of them."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def value_schema(card: Card) -> Schema:
    """What the estimator's own predict() returns for a row."""
    return {"enum": [target.value for target in card.classes]}


def described(feature: Feature) -> str:
    """The feature in words, with its unit."""
    about = feature.description or feature.name
    return f"{about} in {feature.unit}" if feature.unit else about
