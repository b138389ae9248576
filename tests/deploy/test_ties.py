"""What the manifests say and what the program does are the same: neither can drift alone."""

import base64
import json
import re
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from webtest import TestApp as WebClient

import irisws
from examples.capacity.plan import read_toml
from examples.capacity.service import Service
from irisws.model.model import Model
from irisws.settings import Settings
from tests.deploy import manifests
from tests.deploy.manifests import (
    CLOUD_RUN,
    KSERVE,
    KUBERNETES,
    ROOT,
    Manifest,
    Workload,
    read,
    the,
)


@pytest.fixture
def application(workload: Workload, iris: Model) -> Any:
    """The application with the workload's settings, around the packaged model."""
    return irisws.create_app(iris, workload.settings)


def test_environment_is_known(workload: Workload) -> None:
    """Every variable of the program's prefix is a setting, every value one that it takes."""
    names = {setting.name for setting in fields(Settings)}
    ours = [name for name in workload.environment if name.startswith("IRISWS_")]
    assert {name.removeprefix("IRISWS_").lower() for name in ours} <= names
    assert workload.settings.host == "0.0.0.0"


def test_ports_are_one(workload: Workload) -> None:
    """The process listens where the platform looks."""
    (port,) = workload.container["ports"]
    asked = {probe["httpGet"]["port"] for probe in workload.probes.values()}
    assert asked <= {port["name"], port["containerPort"]}
    assert workload.settings.port == port["containerPort"]


def test_probes_are_answered(workload: Workload, application: Any) -> None:
    """Every probe asks for a path that says yes while all is well."""
    assert {"startupProbe", "livenessProbe"} <= workload.probes.keys()
    for probe in workload.probes.values():
        WebClient(application).get(probe["httpGet"]["path"], status=200)


def test_draining_is_alive_and_not_ready(workload: Workload, application: Any) -> None:
    """A drain is told to balancers, and is no reason to restart."""
    application.draining = True
    client = WebClient(application)
    client.get(workload.probes["livenessProbe"]["httpGet"]["path"], status=200)
    for name in workload.probes.keys() - {"livenessProbe"}:
        client.get(workload.probes[name]["httpGet"]["path"], status=503)


def test_drain_ends_before_the_kill(workload: Workload) -> None:
    """What comes after SIGTERM fits into the time until SIGKILL, with a second to spare."""
    before_stop = workload.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
    settings = workload.settings
    drain = before_stop.get("seconds", 0) + settings.lame_duck_seconds + settings.grace_seconds
    assert drain + 1 <= workload.stop_seconds


def test_liveness_is_patient(workload: Workload) -> None:
    """A drain, its closed port included, lasts less than liveness waits, wherever it asks then."""
    probe = workload.probes["livenessProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] > workload.stop_seconds
    assert all(p["timeoutSeconds"] <= p["periodSeconds"] for p in workload.probes.values())


@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_kubernetes_finds_the_pods(request: pytest.FixtureRequest, overlay: str) -> None:
    """Service, policy and budget mean the pods of the Deployment, and the port that they have."""
    built = request.getfixturevalue(overlay)
    template = the("Deployment", built)["spec"]["template"]
    policy = the("NetworkPolicy", built)["spec"]
    (port,) = the("Service", built)["spec"]["ports"]
    (allowed,) = policy["ingress"][0]["ports"]
    assert the("Service", built)["spec"]["selector"] == template["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"] == template["metadata"]["labels"]
    (listened,) = manifests.of_deployment(built).container["ports"]
    assert port["targetPort"] == allowed["port"] == listened["name"]


def test_balancers_have_time_to_notice(prod: list[Manifest]) -> None:
    """Between SIGTERM and the closed port, readiness fails as often as it takes to be noticed."""
    workload = manifests.of_deployment(prod)
    probe = workload.probes["readinessProbe"]
    noticed = probe["periodSeconds"] * probe["failureThreshold"]
    assert workload.settings.lame_duck_seconds >= noticed


def test_production_scales_and_stays(prod: list[Manifest]) -> None:
    """Autoscaler and budget mean the Deployment; the one can measure, the other lets one go."""
    scaler, budget = the("HorizontalPodAutoscaler", prod), the("PodDisruptionBudget", prod)
    deployment = the("Deployment", prod)
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert budget["spec"]["maxUnavailable"] < scaler["spec"]["minReplicas"]
    assert "cpu" in manifests.of_deployment(prod).container["resources"]["requests"]


def test_autoscalers_act_at_one_use_and_say_what_it_is(prod: list[Manifest]) -> None:
    """All at what chapter 4.5 reckons with; files and pages say what of a core's capacity it is."""
    (metric,) = the("HorizontalPodAutoscaler", prod)["spec"]["metrics"]
    kserve = the("InferenceService", read(KSERVE / "inference-service.yaml"))["spec"]["predictor"]
    tutorial = ROOT / "examples" / "tutorial"
    express = json.loads((tutorial / "46-elsewhere" / "express.json").read_text(encoding="utf-8"))
    in_use = read_toml("fleet.toml")["cloud_run_in_use"]
    assert (metric["resource"]["name"], kserve["scaleMetric"]) == ("cpu", "cpu")
    assert {
        metric["resource"]["target"]["averageUtilization"],
        kserve["scaleTarget"],
        express["scalingTarget"]["autoScalingTargetValue"],
        round(100 * in_use),
    } == {60}
    share = f"{Service.read().share_at(in_use):.0%}".replace("%", " % of its capacity")
    for place in (
        KUBERNETES / "base" / "horizontal-pod-autoscaler.yaml",
        KUBERNETES / "README.md",
        KSERVE / "inference-service.yaml",
        ROOT / "docs" / "tutorial" / "44-kubernetes.md",
        ROOT / "docs" / "tutorial" / "46-elsewhere.md",
    ):
        assert share in place.read_text(encoding="utf-8"), place


def dockerfile_user() -> str:
    """The numeric user of the image: `USER 65532:65532` is 65532."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (user,) = set(re.findall(r"^USER ([0-9]+)", text, re.MULTILINE))
    return str(user)


@pytest.mark.parametrize("name", ["dev", "prod", "kserve"])
def test_user_is_the_one_of_the_image(request: pytest.FixtureRequest, name: str) -> None:
    """Files of the image belong to its user: no other one runs it."""
    if name == "kserve":
        used = manifests.of_kserve()
        context = used.container["securityContext"]
    else:
        context = manifests.of_deployment(request.getfixturevalue(name)).pod["securityContext"]
    assert str(context["runAsUser"]) == str(context["runAsGroup"]) == dockerfile_user()


def test_images_are_of_this_version(workload: Workload) -> None:
    """An example names the version that it was written for; development has its own tag."""
    assert workload.container["image"].rpartition(":")[2] in (irisws.__version__, "dev")


def mounted_at(workload: Workload, path: str) -> str:
    """The name of the volume that holds the path, "" if the path is the image's own."""
    parents = {str(parent) for parent in PurePosixPath(path).parents}
    mounts = {mount["mountPath"]: mount["name"] for mount in workload.container["volumeMounts"]}
    return next((name for place, name in mounts.items() if place in parents), "")


def test_production_serves_the_model_of_its_map(prod: list[Manifest], tmp_path: Path) -> None:
    """The model in the ConfigMap is whole, and is where IRISWS_MODEL says."""
    workload = manifests.of_deployment(prod)
    place = PurePosixPath(workload.environment["IRISWS_MODEL"])
    volume = mounted_at(workload, str(place))
    (source,) = [v for v in workload.pod["volumes"] if v["name"] == volume]
    model_map = the("ConfigMap", prod)
    assert source["configMap"]["name"] == model_map["metadata"]["name"]
    file = tmp_path / place.name
    file.write_bytes(base64.b64decode(model_map["binaryData"][place.name]))
    assert irisws.load(file).card.name == "iris"


def test_cloud_run_serves_the_model_of_its_bucket() -> None:
    """IRISWS_MODEL is in the mounted bucket, and the bucket can only be read."""
    workload = manifests.of_cloud_run()
    volume = mounted_at(workload, workload.environment["IRISWS_MODEL"])
    (source,) = [v for v in workload.pod["volumes"] if v["name"] == volume]
    assert source["csi"]["readOnly"] is True


def test_models_from_a_bucket_are_pinned() -> None:
    """Others may write to it. The placeholder fits no file, and READMEs say how to fill it."""
    kserve = manifests.of_kserve().pod["model"]["env"]
    pins = [manifests.of_cloud_run().environment, {e["name"]: e["value"] for e in kserve}]
    for environment, folder in zip(pins, (CLOUD_RUN, KSERVE), strict=True):
        settings = Settings.from_environment(environment)
        assert settings.model_sha256 == "0" * 64
        assert r"s/0\{64\}/$sha256/" in (folder / "README.md").read_text(encoding="utf-8")


def build_of(file: Path) -> tuple[str, Manifest]:
    """The one image that a file for Cloud Build makes, and the file."""
    (build,) = read(file)
    (image,), (step,) = build["images"], build["steps"]
    assert step["args"] == ["build", "--tag", image, "."]
    return image, build


@pytest.mark.parametrize(
    "file",
    [
        CLOUD_RUN / "cloudbuild.yaml",
        ROOT / "examples" / "tutorial" / "43-vertex-ai" / "own" / "cloudbuild.yaml",
    ],
    ids=["cloud-run", "vertex-ai"],
)
def test_builds_act_as_an_account_that_may_do_little(file: Path) -> None:
    """It may write its log to Cloud Logging, and to no bucket."""
    _, build = build_of(file)
    name, _, domain = build["serviceAccount"].partition("@")
    assert name == "projects/$PROJECT_ID/serviceAccounts/irisws-build"
    assert domain == "$PROJECT_ID.iam.gserviceaccount.com"
    assert build["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_cloud_run_starts_the_image_that_was_built() -> None:
    """Under one name, in whatever region and project."""
    image, _ = build_of(CLOUD_RUN / "cloudbuild.yaml")
    written = image.replace("europe-west1", "REGION").replace("$PROJECT_ID", "PROJECT_ID")
    assert manifests.of_cloud_run().container["image"] == written


def test_cloud_run_sends_as_much_as_threads_take() -> None:
    """Concurrency is four for each thread, and what the README's figures were measured with."""
    workload = manifests.of_cloud_run()
    concurrency, threads = workload.pod["containerConcurrency"], workload.settings.threads
    assert threads is not None
    assert concurrency == 4 * threads
    assert "IRISWS_THREADS" in workload.environment
    assert f"{concurrency} connections" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_cloud_run_starts_within_its_limits() -> None:
    """Cloud Run allows a startup probe 240 s in all."""
    probe = manifests.of_cloud_run().probes["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] <= 240


def test_kserve_finds_runtime_and_model(iris: Model) -> None:
    """The service asks for what the runtime offers, under the name that the model has."""
    runtime = the("ServingRuntime", read(KSERVE / "serving-runtime.yaml"))
    service = the("InferenceService", read(KSERVE / "inference-service.yaml"))
    model = service["spec"]["predictor"]["model"]
    offered = [(f["name"], f["version"]) for f in runtime["spec"]["supportedModelFormats"]]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert (model["modelFormat"]["name"], model["modelFormat"]["version"]) in offered
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    assert service["metadata"]["name"] == iris.card.name


def test_kserve_speaks_the_protocol(iris: Model) -> None:
    """Protocol v2 is what irisws answers under the InferenceService's name."""
    service = the("InferenceService", read(KSERVE / "inference-service.yaml"))
    client = WebClient(irisws.create_app(iris))
    client.get(f"/v2/models/{service['metadata']['name']}/ready", status=200)


def test_kserve_downloads_what_irisws_opens() -> None:
    """The storage initializer keeps a file's name, in the folder that KServe fixes."""
    workload = manifests.of_kserve()
    model = workload.pod["model"]
    opened = PurePosixPath(workload.environment["IRISWS_MODEL"])
    assert str(opened.parent) == "/mnt/models"
    assert PurePosixPath(model["storageUri"]).name == opened.name
    assert workload.container["name"] == "kserve-container"
    assert workload.settings.port == 8080


def test_monitor_asks_every_pod_for_what_there_is(monitored: list[Manifest], iris: Model) -> None:
    """It finds the Service by its labels, the port by its name, and the metrics by their path."""
    monitor, service = the("ServiceMonitor", monitored), the("Service", monitored)
    (endpoint,) = monitor["spec"]["endpoints"]
    labels = service["metadata"]["labels"].items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels
    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    settings = manifests.of_deployment(monitored).settings
    WebClient(irisws.create_app(iris, settings)).get(endpoint["path"], status=200)


def test_prometheus_is_let_in(monitored: list[Manifest]) -> None:
    """The second policy is for the same pods and the same port, and only adds who may come."""
    callers, prometheus = (m["spec"] for m in monitored if m["kind"] == "NetworkPolicy")
    assert prometheus["podSelector"] == callers["podSelector"]
    assert prometheus["policyTypes"] == ["Ingress"]
    assert prometheus["ingress"][0]["ports"] == callers["ingress"][0]["ports"]
    (source,) = prometheus["ingress"][0]["from"]
    assert source.keys() == {"namespaceSelector", "podSelector"}  # both, and not either


def test_secrets_come_with_keys() -> None:
    """Cloud Run hands over a secret exactly if there is a setting that is one."""
    secret = re.compile("key|secret|token|password")
    wanted = any(secret.search(setting.name) for setting in fields(Settings))
    text = (CLOUD_RUN / "service.yaml").read_text(encoding="utf-8")
    assert ("secretKeyRef" in text) == wanted
