"""The manifests, built and read once."""

import os
import shutil
import sysconfig

import pytest

from tests.deploy import manifests
from tests.deploy.manifests import Manifest, Workload


@pytest.fixture(scope="session")
def kubectl() -> str:
    """kubectl, which has kustomize in it: the environment's own or the system's."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    found = shutil.which("kubectl", path=path)
    if found is None:
        (pytest.fail if "CI" in os.environ else pytest.skip)("there is no kubectl")
    return found


@pytest.fixture(scope="session")
def dev(kubectl: str, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return manifests.build(kubectl, "dev", tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(kubectl: str, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    return manifests.build(kubectl, "prod", tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def monitored(kubectl: str, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """Production for a cluster with the Prometheus Operator: two lines have lost their #."""

    def take_in(text: str) -> str:
        return text.replace("# components:\n#   -", "components:\n  -")

    return manifests.build(kubectl, "prod", tmp_path_factory.mktemp("monitored"), take_in)


@pytest.fixture(params=["dev", "prod", "kserve", "cloud-run"])
def workload(request: pytest.FixtureRequest) -> Workload:
    """irisws as each of the examples runs it."""
    if request.param == "kserve":
        return manifests.of_kserve()
    if request.param == "cloud-run":
        return manifests.of_cloud_run()
    return manifests.of_deployment(request.getfixturevalue(request.param))
