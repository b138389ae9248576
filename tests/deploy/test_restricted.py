"""The pods fit the restricted profile of Kubernetes' Pod Security Standards, and a bit more.

Source: kubernetes.io, Pod Security Standards, "Restricted".
"""

import pytest

from tests.deploy import manifests
from tests.deploy.manifests import Manifest, Workload, the

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


@pytest.fixture(params=["dev", "prod", "kserve"])
def pod(request: pytest.FixtureRequest) -> Workload:
    if request.param == "kserve":
        return manifests.of_kserve()
    return manifests.of_deployment(request.getfixturevalue(request.param))


def test_nothing_of_the_host(pod: Workload) -> None:
    """No namespace, port or folder of the machine."""
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.pod.keys()
    assert "hostPort" not in pod.container["ports"][0]
    assert all(volume.keys() - {"name"} <= VOLUMES for volume in pod.pod["volumes"])


def test_an_ordinary_user_without_privileges(pod: Workload) -> None:
    """Not root, no capability, no way to more, and the runtime's filter of system calls."""
    context = pod.pod["securityContext"] | pod.container["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert "privileged" not in context


def test_more_than_the_profile_asks(pod: Workload) -> None:
    """A root that cannot be written, a place for large bodies, no token, no service links."""
    assert pod.container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "/tmp" in {mount["mountPath"] for mount in pod.container["volumeMounts"]}
    assert pod.pod["automountServiceAccountToken"] is False
    assert pod.pod["enableServiceLinks"] is False


def test_kubernetes_itself_insists(prod: list[Manifest]) -> None:
    """The namespace refuses any pod that does not fit."""
    labels = the("Namespace", prod)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_only_callers_get_in_and_nothing_out(prod: list[Manifest]) -> None:
    """The policy names who may call, and allows irisws itself nothing."""
    policy = the("NetworkPolicy", prod)["spec"]
    (rule,) = policy["ingress"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["egress"] == []
    assert all(source["podSelector"]["matchLabels"] for source in rule["from"])
