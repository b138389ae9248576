"""Vertex AI's contract for a container, kept by a real process that has its environment.

Source: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements, and what
Vertex AI's own SDK sets when it runs a container on one's machine:
https://github.com/googleapis/python-aiplatform/blob/main/google/cloud/aiplatform/docker_utils/run.py
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from irisws.settings import InvalidSettings, Settings
from tests.cloud.conftest import IRIS, Bucket, free_port
from tests.server.conftest import ServerProcess, Start, wait_until

# What the platform chooses where the model's upload does not: ModelContainerSpec.
PREDICT = "/v1/endpoints/4711/deployedModels/42:predict"
HEALTH = "/v1/endpoints/4711/deployedModels/42"

FLOWER = {"sl": 5.1, "sw": 3.5, "pl": 1.4, "pw": 0.2}


@pytest.fixture(scope="module")
def deployed() -> Iterator[ServerProcess]:
    """A container without artifacts, on the port that it was told."""
    environ = environment()
    command = [sys.executable, "-m", "irisws", "serve"]
    server = ServerProcess(command, env={**os.environ, **environ})
    assert server.port == int(environ["AIP_HTTP_PORT"])
    yield server
    server.end()


def environment(**changed: str) -> dict[str, str]:
    """The variables of a deployed container."""
    return {
        "AIP_MODE": "PREDICTION",
        "AIP_HTTP_PORT": str(free_port()),
        "AIP_HEALTH_ROUTE": HEALTH,
        "AIP_PREDICT_ROUTE": PREDICT,
        "AIP_STORAGE_URI": "",  # a model without artifacts
        "AIP_ENDPOINT_ID": "4711",
        "IRISWS_HOST": "127.0.0.1",  # an image would say 0.0.0.0
        **changed,
    }


def predict(server: ServerProcess, body: Any, path: str = PREDICT) -> tuple[int, Any]:
    """POST as the platform does: status and document."""
    connection = server.connect()
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    document = json.loads(reply.read())
    connection.close()
    return reply.status, document


def test_healthy_when_ready(deployed: ServerProcess) -> None:
    """The health route answers 200 as soon as the port is open: the model has proved itself."""
    assert deployed.get(HEALTH) == (200, b'{"status":"ready"}')


def test_predictions_in_the_order_of_the_instances(deployed: ServerProcess) -> None:
    """One for each instance, whichever form it has."""
    instances = [FLOWER, [6.0, 3.0, 4.8, 1.8]]
    status, document = predict(deployed, {"instances": instances})
    assert status == 200
    assert [answer["label"] for answer in document["predictions"]] == ["setosa", "virginica"]


def test_parameters_reach_the_model(deployed: ServerProcess) -> None:
    """`parameters` comes through as the caller wrote it."""
    body = {"instances": [FLOWER], "parameters": {"probabilities": False, "warnings": False}}
    status, document = predict(deployed, body)
    assert (status, document["predictions"]) == (200, [{"label": "setosa", "index": 0}])


def test_bad_instances_are_the_callers_fault(deployed: ServerProcess) -> None:
    """The platform hands on status and body; every problem stands in it."""
    status, document = predict(deployed, {"instances": [{"sl": "5.1"}, [1, 2]]})
    assert (status, len(document["errors"])) == (422, 5)


def test_limits_hold(serve: Start) -> None:
    """More rows than allowed are refused on the platform's route, too."""
    server = serve(**environment(IRISWS_MAX_ROWS="2", IRISWS_MAX_BODY_BYTES="2000"))
    assert predict(server, {"instances": [FLOWER] * 3})[0] == 422
    assert predict(server, {"instances": [FLOWER] * 100})[0] == 413


@pytest.mark.parametrize(("method", "path"), [("GET", PREDICT), ("POST", HEALTH)])
def test_each_route_has_its_method(deployed: ServerProcess, method: str, path: str) -> None:
    """The two paths differ; neither answers the other's method."""
    connection = deployed.connect()
    connection.request(method, path)
    assert connection.getresponse().status == 405
    connection.close()


def test_not_healthy_while_draining(serve: Start) -> None:
    """Any other status than 200 takes the container out; what comes meanwhile is answered."""
    server = serve("--lame-duck-seconds", "20", **environment())
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get(HEALTH)[0] == 503)
    assert predict(server, {"instances": [FLOWER]})[0] == 200
    assert server.stop(signal.SIGTERM)[0] == 0


def test_routes_that_are_there_already(serve: Start) -> None:
    """One path may be both, and one that has a meaning of its own gets the platform's."""
    server = serve(**environment(AIP_HEALTH_ROUTE="/", AIP_PREDICT_ROUTE="/"))
    assert server.get("/")[1] == b'{"status":"ready"}'
    assert predict(server, {"instances": [FLOWER]}, "/")[0] == 200


def test_routes_are_listed_once(serve: Start) -> None:
    """`GET /` tells what is where; a route that was there is not told twice."""
    server = serve(**environment(AIP_HEALTH_ROUTE="/health/ready"))
    endpoints = json.loads(server.get("/")[1])["endpoints"]
    assert (endpoints["/health/ready"], endpoints[PREDICT]) == (["GET"], ["POST"])


def test_model_comes_from_the_storage_uri(gcs: Bucket, serve: Start) -> None:
    """The folder in Cloud Storage to which the platform has copied the artifacts."""
    gcs.put("artifacts/7/model/iris.onnx", IRIS)
    server = serve(**environment(AIP_STORAGE_URI=gcs.url("artifacts/7/model")))
    assert predict(server, {"instances": [FLOWER]})[1]["predictions"][0]["label"] == "setosa"


def test_model_comes_from_a_mounted_folder(serve: Start, tmp_path: Path) -> None:
    """So the SDK runs a container on one's own machine."""
    (tmp_path / "model.onnx").write_bytes(IRIS)
    server = serve(**environment(AIP_STORAGE_URI=str(tmp_path)))
    assert server.get(HEALTH)[0] == 200


@pytest.mark.parametrize("uri", ["gs://b/m", "gs://b/m/"])
def test_storage_uri_is_a_folder(uri: str) -> None:
    """With or without a slash at its end."""
    assert Settings.from_environment({"AIP_STORAGE_URI": uri}).model == "gs://b/m/"


def test_settings_of_its_own_come_first() -> None:
    """What is written for irisws counts before what the platform says."""
    environ = environment(
        PORT="1",
        AIP_STORAGE_URI="gs://b/m",
        IRISWS_PORT="2",
        IRISWS_MODEL="mine.onnx",
        IRISWS_HEALTH_ROUTE="/h",
        IRISWS_PREDICT_ROUTE="/p",
    )
    settings = Settings.from_environment(environ)
    assert (settings.port, settings.model) == (2, Path("mine.onnx"))
    assert (settings.health_route, settings.predict_route) == ("/h", "/p")


def test_more_special_port_comes_first() -> None:
    """AIP_HTTP_PORT before PORT."""
    assert Settings.from_environment({"PORT": "1", "AIP_HTTP_PORT": "2"}).port == 2


def test_every_bad_variable_is_named_at_once() -> None:
    """By the name that it has in the platform's environment."""
    with pytest.raises(InvalidSettings) as error:
        Settings.from_environment(
            {
                "AIP_HTTP_PORT": "http",
                "AIP_HEALTH_ROUTE": "health",
                "AIP_PREDICT_ROUTE": "/predict?x=1",
                "IRISWS_MODEL_SHA256": "abc",
            }
        )
    assert str(error.value) == (
        "AIP_HTTP_PORT=http is not usable: expected a whole number from 0 to 65535; "
        "AIP_HEALTH_ROUTE=health is not usable: expected a path that begins with /; "
        "AIP_PREDICT_ROUTE=/predict?x=1 is not usable: expected a path that begins with /; "
        "IRISWS_MODEL_SHA256=abc is not usable: expected 64 hexadecimal digits"
    )
