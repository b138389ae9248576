"""The platforms' own schemas as JSON Schema, strict: a field that is not known is an error."""

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml

SCHEMAS = Path(__file__).with_name("schemas")

Schema = dict[str, Any]


def of_kserve(plural: str) -> Any:
    """A validator of a custom resource of KServe."""
    return _of_custom_resource(f"serving.kserve.io_{plural}")


def of_service_monitor() -> Any:
    """A validator of the Prometheus Operator's ServiceMonitor."""
    return _of_custom_resource("monitoring.coreos.com_servicemonitors")


def _of_custom_resource(name: str) -> Any:
    """A validator by the openAPIV3Schema of a CustomResourceDefinition."""
    text = gzip.decompress((SCHEMAS / f"{name}.yaml.gz").read_bytes())
    definition = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # 2 MB
    (version,) = definition["spec"]["versions"]
    return jsonschema.Draft202012Validator(_strict(version["schema"]["openAPIV3Schema"]))


def of_cloud_run() -> Any:
    """A validator of `Service` by the discovery document of Cloud Run's API, version 1."""
    definitions = {name: _strict(s) for name, s in cloud_run_schemas().items()}
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/Service", "$defs": definitions})


def cloud_run_schemas() -> dict[str, Schema]:
    document = json.loads(gzip.decompress((SCHEMAS / "run.v1.json.gz").read_bytes()))
    schemas: dict[str, Schema] = document["schemas"]
    return schemas


def faults(validator: Any, instance: Any) -> list[str]:
    """Everything that is wrong: `spec.predictor: Additional properties are not allowed …`."""
    errors = validator.iter_errors(instance)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in errors]


def _strict(schema: Schema) -> Schema:
    """The same schema, closed: no field but those that it names and the platform supports."""
    if "$ref" in schema:  # a discovery document names the schema alone
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    closed = {key: value for key, value in schema.items() if key not in ("id", "readOnly")}
    if "properties" in schema:
        fields = schema["properties"].items()
        closed["properties"] = {name: _strict(field) for name, field in fields if _is_taken(field)}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            closed["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            closed[key] = _strict(schema[key])
    return closed


def _is_taken(field: Schema) -> bool:
    """False for what Google's schema has, in words, for other platforms only."""
    return not field.get("description", "").startswith("Not supported")
