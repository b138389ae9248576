"""Chapter 4.4: what it hands to kubectl and KServe is what those take."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from irisws.model.model import DEFAULT_MODEL
from tests.deploy import validators
from tests.deploy.manifests import DEPLOY, KSERVE, ROOT, Manifest, read, the
from tests.deploy.validators import faults
from tests.docs.matching import assert_text

CHAPTER = ROOT / "examples" / "tutorial" / "44-kubernetes"
CHECKED = ROOT / "tests" / "docs" / "checked" / "kubectl.toml"
FORMS: list[dict[str, Any]] = tomllib.loads(CHECKED.read_text(encoding="utf-8"))["form"]

NO_CLUSTER = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader's folder: the repository's examples, and the chapter's files."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(DEPLOY, folder / "examples" / "deploy")
    shutil.copytree(CHAPTER, folder, dirs_exist_ok=True)
    model = folder / "examples" / "deploy" / "kubernetes" / "overlays" / "prod" / "model.onnx"
    shutil.copy(DEFAULT_MODEL, model)
    return folder


@pytest.mark.parametrize("form", FORMS, ids=lambda form: " ".join(form["arguments"]))
def test_kubectl_understands(kubectl: str, folder: Path, form: dict[str, Any]) -> None:
    """The real kubectl reads the command and its files, and lacks nothing but a cluster."""
    command = [kubectl, "--server", NO_CLUSTER, *form["arguments"]]
    environ = {**os.environ, "KUBECONFIG": str(folder / "none"), "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, encoding="utf-8")
    if form["arguments"][0] == "kustomize":
        assert_text(form["output"], done.stdout, "kubectl.toml")
    else:
        assert done.returncode == 1
        assert "refused" in done.stderr.splitlines()[-1], done.stderr


def test_callers_fit_kubernetes() -> None:
    """The pod of the callers is one, and the NetworkPolicy lets it in."""
    pod = the("Pod", read(CHAPTER / "callers" / "pod.yaml"))
    assert kubernetes_validate.validate(pod, "1.37", strict=True) == "1.37"
    policy = the("NetworkPolicy", read(DEPLOY / "kubernetes" / "base" / "network-policy.yaml"))
    (source,) = policy["spec"]["ingress"][0]["from"]
    assert source["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@pytest.fixture
def predictor() -> Manifest:
    service = the("InferenceService", read(CHAPTER / "inference-service.yaml"))
    assert faults(validators.of_kserve("inferenceservices"), service) == []
    spec: Manifest = service["spec"]["predictor"]
    return spec


def test_inference_service_mounts_what_the_runtime_opens(predictor: Manifest) -> None:
    """The chapter's service fits KServe's schema, and its ConfigMap is where the runtime looks."""
    runtime = the("ServingRuntime", read(KSERVE / "serving-runtime.yaml"))
    (container,) = runtime["spec"]["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    (mount,) = predictor["model"]["volumeMounts"]
    (volume,) = predictor["volumes"]
    assert variables["IRISWS_MODEL"] == f"{mount['mountPath']}/model.onnx"
    assert (mount["name"], volume["configMap"]["name"]) == (volume["name"], "iris-model")
    assert predictor["model"]["runtime"] == runtime["metadata"]["name"]


@pytest.mark.parametrize("folder", [CHAPTER, KSERVE], ids=["chapter", "example"])
def test_inference_service_stays_in_the_cluster(folder: Path) -> None:
    """irisws has no keys: KServe gives it no address outside."""
    service = the("InferenceService", read(folder / "inference-service.yaml"))
    assert service["metadata"]["labels"] == {"networking.kserve.io/visibility": "cluster-local"}


def test_inference_service_is_that_of_the_examples_but_for_the_model(predictor: Manifest) -> None:
    """Chapter and example ask for the same pod, apart from where the model comes from."""
    service = the("InferenceService", read(KSERVE / "inference-service.yaml"))
    example = service["spec"]["predictor"]
    for key in ("securityContext", "terminationGracePeriodSeconds", "scaleMetric", "scaleTarget"):
        assert predictor[key] == example[key]
    same = ("runtime", "protocolVersion", "modelFormat")
    assert [predictor["model"][key] for key in same] == [example["model"][key] for key in same]
