"""What chapter 4.6 tells other platforms is what irisws does, and has the form that they read.

The files and commands for AWS are held to Amazon's own models of its API, as botocore carries them.
Nothing here reaches a platform.
"""

import json
import os
import re
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.validate import validate_parameters
from webtest import TestApp

from irisws.app import create_app
from irisws.model.model import Model
from irisws.settings import Settings
from tests.cloud.conftest import IRIS, free_port
from tests.server.conftest import ServerProcess

ROOT = Path(__file__).parent.parent.parent
CHAPTER = ROOT / "examples" / "tutorial" / "46-elsewhere"
FORMS = [
    form["arguments"]
    for form in tomllib.loads((ROOT / "tests/docs/checked/aws.toml").read_text("utf-8"))["form"]
]
BY_THE_PAGE_ALONE = ["ecr", "get-login-password"]  # a command of the AWS CLI, not of an API
AZURE_STOPS_AFTER = re.compile(r"WEBSITES_CONTAINER_STOP_TIME_LIMIT=(\d+)")


def file(name: str) -> Any:
    return yaml.safe_load((CHAPTER / name).read_text("utf-8"))  # JSON is YAML


def operation(service: str, command: str) -> Any:
    """Amazon's model of a command of the AWS CLI."""
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    return model.operation_model(names[command])


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_commands_of_aws_are_of_its_api(form: list[str]) -> None:
    """Service, command and flags; required ones are there; a file has the shape that is read."""
    service, command, *arguments = form
    if [service, command] == BY_THE_PAGE_ALONE:
        return
    shape = operation(service, command).input_shape
    flags = {xform_name(name, "-"): name for name in shape.members}
    used = {word.removeprefix("--") for word in arguments if word.startswith("--")}
    if used == {"cli-input-json"}:
        validate_parameters(file(arguments[1].removeprefix("file://")), shape)
    else:
        assert used <= flags.keys()
        assert set(shape.required_members) <= {flags[flag] for flag in used}


def test_a_wrong_file_for_aws_is_found() -> None:
    """The models refuse a name that does not exist and one that is missing."""
    shape = operation("ecs", "create-express-gateway-service").input_shape
    wrong = {**file("express.json"), "healthCheck": "/"}
    del wrong["infrastructureRoleArn"]
    with pytest.raises(ParamValidationError, match="infrastructureRoleArn") as caught:
        validate_parameters(wrong, shape)
    assert "healthCheck" in str(caught.value)


def test_every_named_port_is_where_the_image_listens() -> None:
    """8080, if nothing else is said."""
    routes = file("deployment.yaml")["environment"]["inference_config"].values()
    ports = {route["port"] for route in routes}
    ports.add(file("express.json")["primaryContainer"]["containerPort"])
    page = (ROOT / "docs/tutorial/46-elsewhere.md").read_text("utf-8")
    ports |= {int(port) for port in re.findall(r"(?:--target-port |WEBSITES_PORT=)(\d+)", page)}
    assert ports == {Settings().port}


def test_every_named_path_is_answered(iris: Model) -> None:
    """Health paths with 200; Azure ML's scoring path with predictions, in its environment."""
    deployment = file("deployment.yaml")
    settings = Settings.from_environment(deployment["environment_variables"])
    client = TestApp(create_app(iris, settings))
    routes = deployment["environment"]["inference_config"]
    app_engine = file("app.yaml")
    adapter = (CHAPTER / "lambda.Dockerfile").read_text("utf-8").split("CHECK_PATH=")[1].strip()
    for path in (
        "/ping",
        adapter,
        routes["liveness_route"]["path"],
        routes["readiness_route"]["path"],
        file("express.json")["healthCheckPath"],
        app_engine["liveness_check"]["path"],
        app_engine["readiness_check"]["path"],
    ):
        assert client.get(path).status_code == 200, path
    reply = client.post_json(routes["scoring_route"]["path"], file("flowers.json"))
    assert [answer["label"] for answer in reply.json["predictions"]] == ["setosa", "virginica"]


def test_app_service_waits_longer_than_irisws_takes() -> None:
    """Its own 5 s would not do."""
    page = (ROOT / "docs/tutorial/46-elsewhere.md").read_text("utf-8")
    seconds = {int(found) for found in AZURE_STOPS_AFTER.findall(page)}
    assert len(seconds) == 1
    assert Settings().grace_seconds < seconds.pop() <= 120


@pytest.fixture
def on_sagemaker(tmp_path: Path) -> Iterator[ServerProcess]:
    """The image's program with the word `serve`, its model where SageMaker unpacks it.

    The port is SageMaker's in the image only: here another one may have it.
    """
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.MULTILINE)
    assert json.loads(entrypoint) == ["/opt/irisws/bin/irisws"]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.onnx").write_bytes(IRIS)
    environ = {"IRISWS_MODEL": f"{tmp_path}/model/", "IRISWS_PORT": str(free_port())}
    command = [sys.executable, "-m", "irisws", "serve"]
    server = ServerProcess(command, env={**os.environ, **environ})
    yield server
    server.end()


def test_the_contract_of_sagemaker(on_sagemaker: ServerProcess) -> None:
    """A ping within 2 s, invocations in JSON and CSV, and an end within 30 s of SIGTERM.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
    """
    began = time.monotonic()
    assert on_sagemaker.get("/ping")[0] == 200
    assert time.monotonic() - began < 2
    for name, media_type in (("flowers.json", "application/json"), ("flowers.csv", "text/csv")):
        connection = on_sagemaker.connect()
        body = (CHAPTER / name).read_bytes()
        connection.request("POST", "/invocations", body, {"Content-Type": media_type})
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (200, b'{"predictions":[0,2]}')
        connection.close()
    began = time.monotonic()
    assert on_sagemaker.stop(signal.SIGTERM)[0] == 0
    assert time.monotonic() - began < 30
