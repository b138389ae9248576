"""Settings: one table, read from the environment, checked whole.

Every field of `Settings` is the environment variable `IRISWS_` + its name in capitals, and where
`irisws serve` has a flag of that name, the flag wins.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

PREFIX = "IRISWS_"
DEFAULT_THREADS = 4

# Variables of the prefix that are not settings: the clients' address of a service, and what
# Kubernetes sets in every container for a Service that is called irisws or irisws-something.
_FOREIGN = re.compile(r"IRISWS_(URL|(.+_)?(SERVICE_(HOST|PORT.*)|PORT_[0-9]+_(TCP|UDP|SCTP).*))")
_KUBERNETES_LINK = "tcp://"  # IRISWS_PORT=tcp://10.0.0.1:80

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_TYPE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")  # sklearn.tree._tree.Tree
_ROUTE = re.compile(r"/[\w.~:@!$&'()*+,;=/-]*", re.ASCII)  # RFC 3986, 3.3, and nothing escaped


class InvalidSettings(ValueError):
    """Settings that cannot be used; the message names each with its value and what was wanted."""


def _setting(
    default: Any, doc: str, *, least: float = 0, most: float = 1e12, kind: type | None = None
) -> Any:
    """A setting that is a number, of the type of its default if no other is given."""
    about = {"doc": doc, "least": least, "most": most, "kind": kind or type(default)}
    return field(default=default, metadata=about)


def _text(default: Any, doc: str, *, wanted: str, read: Callable[[str], Any]) -> Any:
    """A setting that is text; `read` converts it, or returns None for what is not `wanted`."""
    return field(default=default, metadata={"doc": doc, "wanted": wanted, "read": read})


def _model(text: str) -> Path | str | None:
    """A URL, or a folder that ends with a slash, as it is; else a path."""
    if "://" in text or text.endswith("/"):
        return text
    return Path(text) if text.strip() else None


def _sha256(text: str) -> str | None:
    return text.lower() if _SHA256.fullmatch(text) else None


def _route(text: str) -> str | None:
    return text if _ROUTE.fullmatch(text) else None


def _type_names(text: str) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in text.split(","))
    return names if all(map(_TYPE_NAME.fullmatch, names)) else None


def _switch(text: str) -> str | None:
    return text if text in ("on", "off") else None


def _address(text: str) -> str | None:
    return text if text.strip() else None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a process serves a model."""

    model: Path | str | None = _text(
        None,
        "model file, or its URL; the packaged iris model by default",
        wanted="a file or a URL",
        read=_model,
    )
    model_sha256: str | None = _text(
        None,
        "SHA-256 of the model file; no other file is served",
        wanted="64 hexadecimal digits",
        read=_sha256,
    )
    trust: tuple[str, ...] = _text(
        (),
        "types that the estimator in a .skops file may be made of, by their full names, beside "
        "those that skops trusts by itself",
        wanted="full names of types such as sklearn.tree._tree.Tree, with commas between",
        read=_type_names,
    )
    host: str = _text(
        "127.0.0.1",
        "address to listen on; 0.0.0.0 for every interface",
        wanted="an address",
        read=_address,
    )
    port: int = _setting(8080, "port to listen on; 0 takes a free one", most=65535)
    threads: int | None = _setting(
        None,
        "worker threads; by default 4, and 32 for a model that is served with scikit-learn",
        least=1,
        most=1024,
        kind=int,
    )
    connection_limit: int = _setting(
        400 if os.name == "nt" else 2000, "most open connections", least=10, most=100_000
    )
    max_body_bytes: int = _setting(8 << 20, "largest request body, in bytes", least=1024)
    max_rows: int = _setting(100_000, "most rows in one request", least=1)
    max_model_bytes: int = _setting(1 << 30, "largest model file, in bytes", least=1)
    health_route: str | None = _text(
        None,
        "a further path for what /health/ready answers",
        wanted="a path that begins with /",
        read=_route,
    )
    predict_route: str | None = _text(
        None,
        "a further path for what /v1/predict answers",
        wanted="a path that begins with /",
        read=_route,
    )
    metrics: Literal["on", "off"] = _text(
        "on", "whether GET /metrics is answered, on or off", wanted="on or off", read=_switch
    )
    lame_duck_seconds: float = _setting(
        0.0, "after a stop signal, how long to accept requests while not ready", most=3600
    )
    grace_seconds: float = _setting(
        9.0, "after a stop signal, how long to finish the requests that are there", most=3600
    )

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
    ) -> "Settings":
        """Read the settings of a process.

        Args:
            environ: Usually `os.environ`; an empty variable is as good as none. What cloud
                platforms set (`PORT`, and Vertex AI's `AIP_…`) counts where the variable of the
                setting itself is not set.
            overrides: Values by field name, as text or already of the right type; None is unset.

        Returns:
            The settings, each from the override, else the variable, else its default.

        Raises:
            InvalidSettings: Any value cannot be used, or a name is not known.
        """
        given: dict[str, tuple[str, Any]] = {}
        for name, variable, value in _set_by_platforms(environ):
            if value:
                given[name] = (variable, value)
        for key, value in environ.items():
            if value and key.startswith(PREFIX) and not _is_foreign(key, value):
                given[key.removeprefix(PREFIX).lower()] = (key, value)
        for name, value in (overrides or {}).items():
            if value is not None:
                given[name] = ("--" + name.replace("_", "-"), value)
        return cls._checked(given)

    @classmethod
    def _checked(cls, given: Mapping[str, tuple[str, Any]]) -> "Settings":
        known = {f.name: f for f in fields(cls)}
        problems, values = [], {}
        for name, (source, value) in given.items():
            if name not in known:
                problems.append(_unknown(source, known))
                continue
            try:
                values[name] = _convert(value, known[name])
            except ValueError as error:
                problems.append(f"{source}={value!s:.100} is not usable: expected {error}")
        if problems:
            raise InvalidSettings("; ".join(problems))
        return cls(**values)


def _is_foreign(key: str, value: str) -> bool:
    return bool(_FOREIGN.fullmatch(key)) or value.startswith(_KUBERNETES_LINK)


def _unknown(source: str, known: Mapping[str, Any]) -> str:
    names = [PREFIX + name.upper() for name in known]
    near = get_close_matches(source, names, n=1)
    return f"{source} is not a setting" + (f", did you mean {near[0]}?" if near else "")


def _set_by_platforms(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str | None]]:
    """Yield setting, variable and value of what cloud platforms tell a container.

    `PORT` is Cloud Run's and many others'. `AIP_HTTP_PORT`, the more special, is after it and so
    wins. `AIP_STORAGE_URI` is a folder: gs://, or a path where Vertex AI's SDK runs the container
    on one's own machine.

    Source: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
    """
    yield "port", "PORT", environ.get("PORT")
    yield "port", "AIP_HTTP_PORT", environ.get("AIP_HTTP_PORT")
    yield "health_route", "AIP_HEALTH_ROUTE", environ.get("AIP_HEALTH_ROUTE")
    yield "predict_route", "AIP_PREDICT_ROUTE", environ.get("AIP_PREDICT_ROUTE")
    folder = environ.get("AIP_STORAGE_URI")
    yield "model", "AIP_STORAGE_URI", f"{folder.rstrip('/')}/" if folder else None


def _convert(value: Any, setting: Any) -> Any:
    """Convert to the setting's type; the ValueError says what was expected."""
    about = setting.metadata
    if "read" not in about:
        return _number(value, about["kind"], about["least"], about["most"])
    text = about["read"](str(value))
    if text is None:
        raise ValueError(about["wanted"])
    return text


def _number(value: Any, kind: type, least: float, most: float) -> Any:
    wanted = f"{'a whole number' if kind is int else 'a number'} from {least:g} to {most:g}"
    try:
        number = kind(str(value).replace("_", "?"))  # int("1_8") would be 18
    except ValueError:
        raise ValueError(wanted) from None
    if not least <= number <= most:
        raise ValueError(wanted)
    return number
