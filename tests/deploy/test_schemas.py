"""Every manifest fits the schema of the API that it is for; what does not fit is seen."""

import copy
import gzip
import hashlib
import re
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from tests.deploy import manifests, validators
from tests.deploy.manifests import CLOUD_RUN, KSERVE, Manifest, read, the
from tests.deploy.validators import SCHEMAS, faults

KUBERNETES_VERSIONS = ("1.33", "1.37")


def sums() -> list[tuple[str, str]]:
    text = (SCHEMAS / "SHA256SUMS").read_text(encoding="utf-8")
    return [(name, digest) for digest, name in (line.split("  ") for line in text.splitlines())]


def test_vendored_schemas_are_as_they_were_published() -> None:
    """The files are the publishers', unpacked to the byte."""
    files = {path.stem: gzip.decompress(path.read_bytes()) for path in SCHEMAS.glob("*.gz")}
    assert {name: hashlib.sha256(text).hexdigest() for name, text in files.items()} == dict(sums())


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_overlays_fit_kubernetes(
    request: pytest.FixtureRequest, overlay: str, version: str
) -> None:
    """What kustomize builds is what the API takes, field by field."""
    for manifest in request.getfixturevalue(overlay):
        assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_overlays_differ_in_what_they_say(dev: list[Manifest], prod: list[Manifest]) -> None:
    """The development overlay has one replica and nothing that would set or keep another count."""
    both = {"Namespace", "Deployment", "Service", "NetworkPolicy"}
    kept = {"HorizontalPodAutoscaler", "PodDisruptionBudget", "ConfigMap"}
    assert {manifest["kind"] for manifest in dev} == both
    assert {manifest["kind"] for manifest in prod} == both | kept
    assert the("Deployment", dev)["spec"]["replicas"] == 1
    assert "replicas" not in the("Deployment", prod)["spec"]


def test_service_account_of_kserve_fits_kubernetes() -> None:
    """The account beside the InferenceService is Kubernetes' own kind."""
    account = the("ServiceAccount", read(KSERVE / "inference-service.yaml"))
    assert kubernetes_validate.validate(account, "1.37", strict=True) == "1.37"


@pytest.mark.parametrize(
    ("file", "kind", "plural"),
    [
        ("serving-runtime.yaml", "ServingRuntime", "servingruntimes"),
        ("inference-service.yaml", "InferenceService", "inferenceservices"),
    ],
)
def test_kserve_fits_its_custom_resources(file: str, kind: str, plural: str) -> None:
    """The manifests fit the CustomResourceDefinitions, and a misspelt field would not."""
    validator = validators.of_kserve(plural)
    manifest = the(kind, read(KSERVE / file))
    assert faults(validator, manifest) == []
    misspelt = manifest | {"spec": manifest["spec"] | {"protocolVersoins": ["v2"]}}
    assert "'protocolVersoins' was unexpected" in faults(validator, misspelt)[0]


def test_monitor_fits_its_custom_resource(monitored: list[Manifest]) -> None:
    """The ServiceMonitor fits its CustomResourceDefinition, and a misspelt one would not."""
    monitor = the("ServiceMonitor", monitored)
    assert faults(validators.of_service_monitor(), monitor) == []
    (endpoint,) = monitor["spec"]["endpoints"]
    misspelt = monitor | {"spec": monitor["spec"] | {"endpoints": [endpoint | {"pth": "/"}]}}
    assert "'pth' was unexpected" in faults(validators.of_service_monitor(), misspelt)[0]


def test_monitor_adds_to_production(prod: list[Manifest], monitored: list[Manifest]) -> None:
    """With the component there are a monitor and a policy more, and nothing else is different."""
    added = [manifest for manifest in monitored if manifest not in prod]
    assert [manifest["kind"] for manifest in added] == ["ServiceMonitor", "NetworkPolicy"]
    assert {manifest["metadata"]["namespace"] for manifest in added} == {"irisws"}
    assert len(monitored) == len(prod) + len(added)
    assert kubernetes_validate.validate(added[1], "1.37", strict=True) == "1.37"


@pytest.fixture
def service() -> Manifest:
    return the("Service", read(CLOUD_RUN / "service.yaml"))


def test_cloud_run_fits_its_api(service: Manifest) -> None:
    """The service fits Google's schema of it."""
    assert service["apiVersion"] == "serving.knative.dev/v1"
    assert faults(validators.of_cloud_run(), service) == []


def with_field(service: Manifest, **fields: Any) -> Manifest:
    changed = copy.deepcopy(service)
    changed["spec"]["template"]["spec"] |= fields
    return changed


@pytest.mark.parametrize(
    ("field", "value"),
    [("containerConcurency", 16), ("enableServiceLinks", False), ("timeoutSeconds", "30")],
)
def test_cloud_run_would_refuse(service: Manifest, field: str, value: Any) -> None:
    """A misspelt field, one of other platforms, and a wrong type are seen."""
    changed = with_field(service, **{field: value})
    assert len(faults(validators.of_cloud_run(), changed)) == 1


def accepted_annotations() -> dict[str, set[str]]:
    """Where Google's schema says that each annotation belongs."""
    metadata = validators.cloud_run_schemas()["ObjectMeta"]["properties"]
    text = metadata["annotations"]["description"]
    found = re.findall(r"\* `([^`]+)`: ([A-Za-z, ]+)", text)
    return {name: set(places.replace(" ", "").split(",")) for name, places in found}


def test_cloud_run_takes_the_annotations(service: Manifest) -> None:
    """Annotations are free text for a schema; the platform takes these, at these places."""
    accepted = accepted_annotations()
    for manifest, place in ((service, "Service"), (service["spec"]["template"], "Revision")):
        for name, value in manifest["metadata"]["annotations"].items():
            assert place in accepted[name]
            assert isinstance(value, str)


def test_kubernetes_validator_would_refuse(dev: list[Manifest]) -> None:
    """A field in the wrong place is seen: the validation is not a formality."""
    deployment = copy.deepcopy(the("Deployment", dev))
    manifests.of_deployment([deployment]).container["terminationGracePeriodSeconds"] = 30
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGracePeriod"):
        kubernetes_validate.validate(deployment, "1.37", strict=True)
