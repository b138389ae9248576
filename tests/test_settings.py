"""Settings: read from the environment, checked whole."""

from pathlib import Path

import pytest

from irisws.settings import InvalidSettings, Settings


def test_defaults_bind_to_loopback() -> None:
    """Without settings the service listens where only this machine reaches it."""
    settings = Settings.from_environment({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)


def test_environment_names_a_setting_by_prefix_and_capitals() -> None:
    """IRISWS_MAX_ROWS is max_rows, converted to its type."""
    settings = Settings.from_environment({"IRISWS_MAX_ROWS": "7", "IRISWS_MODEL": "a.onnx"})
    assert (settings.max_rows, settings.model) == (7, Path("a.onnx"))


@pytest.mark.parametrize(
    ("environ", "flag", "port"),
    [
        ({"PORT": "1"}, None, 1),
        ({"PORT": "1", "IRISWS_PORT": "2"}, None, 2),
        ({"PORT": "1", "IRISWS_PORT": "2"}, "3", 3),
        ({"PORT": ""}, None, 8080),
    ],
)
def test_nearest_source_wins(environ: dict[str, str], flag: str | None, port: int) -> None:
    """A flag wins over IRISWS_PORT, which wins over the platform's PORT."""
    assert Settings.from_environment(environ, {"port": flag}).port == port


def test_every_problem_is_named_at_once() -> None:
    """Each bad setting is named with its value and what was wanted."""
    environ = {"IRISWS_PORT": "http", "IRISWS_THREADS": "0", "IRISWS_GRACE_SECONDS": "nan"}
    with pytest.raises(InvalidSettings) as error:
        Settings.from_environment(environ)
    assert str(error.value) == (
        "IRISWS_PORT=http is not usable: expected a whole number from 0 to 65535; "
        "IRISWS_THREADS=0 is not usable: expected a whole number from 1 to 1024; "
        "IRISWS_GRACE_SECONDS=nan is not usable: expected a number from 0 to 3600"
    )


def test_unknown_setting_is_refused_with_a_suggestion() -> None:
    """A misspelt setting is not silently ignored."""
    with pytest.raises(InvalidSettings, match="IRISWS_PROT is not a setting, did you mean IRISWS"):
        Settings.from_environment({"IRISWS_PROT": "1"})


@pytest.mark.parametrize(
    ("flag", "wanted"),
    [("host", "an address"), ("model", "a file or a URL"), ("port", "a whole number")],
)
def test_empty_flag_is_refused(flag: str, wanted: str) -> None:
    """An empty address would listen everywhere, an empty file name be the packaged model."""
    with pytest.raises(InvalidSettings, match=f"--{flag}= is not usable: expected {wanted}"):
        Settings.from_environment({}, {flag: ""})


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("gs://bucket/iris.onnx", "gs://bucket/iris.onnx"),
        ("models/", "models/"),
        ("models/iris.onnx", Path("models/iris.onnx")),
        ("C:\\models\\iris.onnx", Path("C:\\models\\iris.onnx")),
    ],
)
def test_model_is_a_path_unless_a_path_would_spoil_it(text: str, model: Path | str) -> None:
    """A path has one slash where a URL has two, and none at its end."""
    assert Settings.from_environment({"IRISWS_MODEL": text}).model == model


@pytest.mark.parametrize("text", ["abc", "g" * 64, "0" * 63, "0" * 65, " " + "0" * 63])
def test_digest_that_is_none(text: str) -> None:
    """A digest that could never match is told before the model is read."""
    with pytest.raises(InvalidSettings, match="SHA256=.* is not usable: expected 64 hexadecimal"):
        Settings.from_environment({"IRISWS_MODEL_SHA256": text})


@pytest.mark.parametrize(
    "text", ["health", "/a b", "/a?b=1", "/a#b", "/ä", "/a%20b", " /a", "/a\n"]
)
def test_route_that_is_none(text: str) -> None:
    """What no path of a request could be equal to is refused."""
    with pytest.raises(InvalidSettings, match="expected a path that begins with /"):
        Settings.from_environment({"IRISWS_HEALTH_ROUTE": text})


@pytest.mark.parametrize("text", ["yes", "ON", "0", " on"])
def test_switch_is_on_or_off(text: str) -> None:
    """There is one way to write either, which every listing shows."""
    assert Settings.from_environment({"IRISWS_METRICS": "off"}).metrics == "off"
    with pytest.raises(InvalidSettings, match=f"METRICS={text} is not usable: expected on or off"):
        Settings.from_environment({"IRISWS_METRICS": text})


def test_empty_variable_is_as_good_as_none() -> None:
    """`IRISWS_MODEL=` in a container's configuration leaves the default."""
    assert Settings.from_environment({"IRISWS_MODEL": "", "IRISWS_PORT": ""}) == Settings()


def test_digits_are_not_grouped() -> None:
    """Python would read 1_8 as 18, which nobody means."""
    with pytest.raises(InvalidSettings, match="--port=1_8 is not usable"):
        Settings.from_environment({}, {"port": "1_8"})


def test_variables_of_kubernetes_and_of_the_clients_are_passed_over() -> None:
    """A Service called irisws makes Kubernetes set variables that look like settings."""
    environ = {
        "IRISWS_PORT": "tcp://10.0.0.1:80",
        "IRISWS_PORT_80_TCP_ADDR": "10.0.0.1",
        "IRISWS_SERVICE_HOST": "10.0.0.1",
        "IRISWS_CANARY_SERVICE_PORT_HTTP": "80",
        "IRISWS_CANARY_PORT_80_TCP_PROTO": "tcp",
        "IRISWS_URL": "http://127.0.0.1:8080",
    }
    assert Settings.from_environment(environ) == Settings()


def test_trust_is_empty_unless_given() -> None:
    """No type is trusted by default, and names are taken one by one."""
    assert Settings().trust == ()
    assert Settings.from_environment({"IRISWS_TRUST": "a.B, c.d.E"}).trust == ("a.B", "c.d.E")


@pytest.mark.parametrize("names", ["Tree", "a.B,", "a.B c.D", "a..B", "a.1", "a.B;", ","])
def test_trust_takes_full_names_of_types(names: str) -> None:
    """What cannot be the full name of a type is refused."""
    with pytest.raises(InvalidSettings, match="IRISWS_TRUST=.* expected full names of types"):
        Settings.from_environment({"IRISWS_TRUST": names})


def test_threads_are_a_whole_number_or_none_is_given() -> None:
    """Without a number the server chooses by the model."""
    assert Settings().threads is None
    assert Settings.from_environment({"IRISWS_THREADS": "7"}).threads == 7
