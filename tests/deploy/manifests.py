"""The manifests of examples/deploy, as what they describe: containers of irisws and their end."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from irisws.model.model import DEFAULT_MODEL
from irisws.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "examples" / "deploy"
KUBERNETES, KSERVE, CLOUD_RUN = DEPLOY / "kubernetes", DEPLOY / "kserve", DEPLOY / "cloud-run"

# What Cloud Run leaves a container from SIGTERM to SIGKILL, its container runtime contract.
CLOUD_RUN_STOP_SECONDS = 10

_UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}

Manifest = dict[str, Any]
Change = Callable[[str], str]


@dataclass(frozen=True)
class Workload:
    """One container of irisws, and what its platform does with it."""

    container: Manifest
    pod: Manifest
    stop_seconds: int  # from SIGTERM to SIGKILL

    @property
    def environment(self) -> dict[str, str]:
        """What the process finds in its environment, without the image's own."""
        (port,) = self.container["ports"]
        given = {entry["name"]: entry["value"] for entry in self.container["env"]}
        return {"PORT": str(port["containerPort"])} | given

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(self.environment)

    @property
    def probes(self) -> dict[str, Manifest]:
        return {name: probe for name, probe in self.container.items() if name.endswith("Probe")}

    @property
    def memory_limit_bytes(self) -> int:
        return in_bytes(self.container["resources"]["limits"]["memory"])


def in_bytes(quantity: str) -> int:
    """A quantity of memory: "64Mi" is 67108864."""
    match = re.fullmatch(r"([0-9]+)(Mi|Gi)", quantity)
    assert match, f"{quantity} is not in Mi or Gi"
    return int(match[1]) * _UNITS[match[2]]


def read(path: Path) -> list[Manifest]:
    """Every document of a YAML file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def build(kubectl: str, overlay: str, scratch: Path, change: Change = str) -> list[Manifest]:
    """Build an overlay by kustomize, as its README says: with a model beside it.

    Args:
        kubectl: The program.
        overlay: The name of its folder.
        scratch: An empty folder for the copy that is built.
        change: What the reader does to the text of the overlay's kustomization.yaml before.
    """
    copy = scratch / "kubernetes"
    shutil.copytree(KUBERNETES, copy)
    shutil.copy(DEFAULT_MODEL, copy / "overlays" / "prod" / "model.onnx")
    kustomization = copy / "overlays" / overlay / "kustomization.yaml"
    kustomization.write_text(change(kustomization.read_text(encoding="utf-8")), encoding="utf-8")
    command = [kubectl, "kustomize", str(copy / "overlays" / overlay)]
    built = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert (built.returncode, built.stderr) == (0, "")
    return list(yaml.safe_load_all(built.stdout))


def the(kind: str, manifests: list[Manifest]) -> Manifest:
    """The only manifest of a kind."""
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def of_deployment(manifests: list[Manifest]) -> Workload:
    return _of_pod(the("Deployment", manifests)["spec"]["template"]["spec"])


def of_kserve() -> Workload:
    """The pod that KServe makes of the runtime and the service: each gives a part of it."""
    runtime = the("ServingRuntime", read(KSERVE / "serving-runtime.yaml"))["spec"]
    service = the("InferenceService", read(KSERVE / "inference-service.yaml"))["spec"]
    return _of_pod(runtime | service["predictor"])


def of_cloud_run() -> Workload:
    service = the("Service", read(CLOUD_RUN / "service.yaml"))
    return _of_pod(service["spec"]["template"]["spec"], CLOUD_RUN_STOP_SECONDS)


def _of_pod(pod: Mapping[str, Any], stop_seconds: int | None = None) -> Workload:
    (container,) = pod["containers"]
    seconds = pod["terminationGracePeriodSeconds"] if stop_seconds is None else stop_seconds
    return Workload(container, dict(pod), seconds)
