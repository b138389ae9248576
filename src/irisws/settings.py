"""Settings: one table, read from the environment, checked whole.

Every field of `Settings` is the environment variable `IRISWS_` + its name in capitals, and where
`irisws serve` has a flag of that name, the flag wins.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

PREFIX = "IRISWS_"

# Variables of the prefix that are not settings: the clients' address of a service, and what
# Kubernetes sets in every container for a Service that is called irisws or irisws-something.
_FOREIGN = re.compile(r"IRISWS_(URL|(.+_)?(SERVICE_(HOST|PORT.*)|PORT_[0-9]+_(TCP|UDP|SCTP).*))")
_KUBERNETES_LINK = "tcp://"  # IRISWS_PORT=tcp://10.0.0.1:80


class InvalidSettings(ValueError):
    """Settings that cannot be used; the message names each with its value and what was wanted."""


def _setting(default: Any, doc: str, *, least: float = 0, most: float = 1e12) -> Any:
    return field(default=default, metadata={"doc": doc, "least": least, "most": most})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a process serves a model."""

    model: Path | None = _setting(None, "model file; the packaged iris model by default")
    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 for every interface")
    port: int = _setting(8080, "port to listen on; 0 takes a free one", most=65535)
    threads: int = _setting(4, "worker threads", least=1, most=1024)
    connection_limit: int = _setting(
        400 if os.name == "nt" else 2000, "most open connections", least=10, most=100_000
    )
    max_body_bytes: int = _setting(8 << 20, "largest request body, in bytes", least=1024)
    max_rows: int = _setting(100_000, "most rows in one request", least=1)
    max_model_bytes: int = _setting(1 << 30, "largest model file, in bytes", least=1)
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
            environ: Usually `os.environ`; an empty variable is as good as none. `PORT`, the
                convention of cloud platforms, is the port unless `IRISWS_PORT` is set.
            overrides: Values by field name, as text or already of the right type; None is unset.

        Raises:
            InvalidSettings: Any value cannot be used, or a name is not known.
        """
        given: dict[str, tuple[str, Any]] = {}
        if environ.get("PORT"):
            given["port"] = ("PORT", environ["PORT"])
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


def _convert(value: Any, setting: Any) -> Any:
    """Convert to the setting's type; the ValueError says what was expected."""
    if setting.name in ("model", "host"):
        if not str(value).strip():
            raise ValueError("a file" if setting.name == "model" else "an address")
        return Path(value) if setting.name == "model" else str(value)
    kind = type(setting.default)
    least, most = setting.metadata["least"], setting.metadata["most"]
    wanted = f"{'a whole number' if kind is int else 'a number'} from {least:g} to {most:g}"
    try:
        number = kind(str(value).replace("_", "?"))  # int("1_8") would be 18
    except ValueError:
        raise ValueError(wanted) from None
    if not least <= number <= most:
        raise ValueError(wanted)
    return number
