"""The command line: `irisws predict | serve | train | verify | inspect | openapi`.

Data goes to standard output, messages to standard error. Exit status: 0 success, 1 failure, 2 wrong
usage, 3 invalid data, 4 the model cannot be used, 130 interrupted.

Everything heavy is imported by the command that needs it, so that `irisws --help` is quick.
"""

import argparse
import contextlib
import io
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from irisws import __version__
from irisws.bulk import flags as bulk
from irisws.settings import InvalidSettings, Settings
from irisws.training import command as training
from irisws.training.problems import InvalidData, Problems, WrongOptions

if TYPE_CHECKING:
    from irisws.model.card import Feature, Value
    from irisws.model.model import Model
    from irisws.model.model_file import ModelFile
    from irisws.server import Server

EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_INVALID_DATA, EXIT_MODEL = 0, 1, 2, 3, 4
EXIT_INTERRUPTED = 130

_MOST_CATEGORIES = 10  # in a help text

_NEGATIVE = re.compile(r"-\.?[0-9]")
_METAVARS = {"model": "FILE", "trust": "TYPES"}
_LONGEST_REASON = 200  # characters
_THREADS_WHEN_BATCHING = 32  # they wait for their batch, so that as many requests are in it

Command = Callable[[argparse.Namespace], int]


class _CommandFailed(Exception):
    """Ends the command with a status and one line."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def run() -> NoReturn:
    """The console script's entry point."""
    for name in ("stdout", "stderr"):  # None where the parent has closed them
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for good
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that cannot show a letter is no error
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words after the program's name; by default those of this process.

    Returns:
        The exit status. Wrong usage and `--help` raise SystemExit, as argparse does.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _parse(arguments)
        command: Command = options.command
        status = command(options)
        sys.stdout.flush()  # here, where a closed pipe can still be answered
        return status
    except _CommandFailed as error:
        _say(f"irisws: {error}")
        return error.status
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:  # of standard output: all else is caught where it happens
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `irisws inspect … | head`: nobody reads on
            return EXIT_OK
        _say(f"irisws: cannot write the output: {error.strerror}")
        return EXIT_FAILURE


def _say(message: str) -> None:
    """Print a message; that nobody reads messages is no reason to stop."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)


def build_parser(
    features: Sequence["Feature"] = (), needs_row: bool = True
) -> argparse.ArgumentParser:
    """The parser of every command; `predict` has one flag for each of the model's features.

    Args:
        features: Of the model.
        needs_row: Whether `predict` requires their values, because no file holds them.
    """
    parser = argparse.ArgumentParser(
        prog="irisws",
        description="Ship a trained scikit-learn classifier as a REST API that proves its answers.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"irisws {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command: Command, help_text: str) -> argparse.ArgumentParser:
        subparser: argparse.ArgumentParser = commands.add_parser(
            name,
            help=help_text,
            description=f"{help_text[0].upper()}{help_text[1:]}.",
            allow_abbrev=False,
        )
        subparser.set_defaults(command=command)
        return subparser

    predict = add("predict", _predict, "answer one row, or a file of rows")
    _add_predict_flags(predict, features, needs_row)
    _add_serve_flags(add("serve", _serve, "serve a model over HTTP, under waitress"))
    train = add("train", _train, "train a classifier with a table, measure it and pack it")
    training.add_flags(train)
    for name, command, help_text in (
        ("verify", _verify, "prove a model file here, and show the proof"),
        ("inspect", _inspect, "print a model file's card as JSON"),
    ):
        subparser = add(name, command, help_text)
        subparser.add_argument("file", metavar="FILE", help="a model file, or its URL")
        if command is _verify:  # inspect makes no objects
            _add_trust_flag(subparser)
    openapi = add("openapi", _openapi, "print the OpenAPI document of a service")
    _add_model_flag(openapi)
    _add_trust_flag(openapi)
    return parser


def _parse(arguments: list[str]) -> argparse.Namespace:
    if arguments[:1] != ["predict"]:
        return build_parser().parse_args(arguments)
    arguments = _with_negatives(arguments)
    only_model = argparse.ArgumentParser("irisws predict", add_help=False, allow_abbrev=False)
    _add_model_flag(only_model)
    bulk.add_flags(only_model)
    known = only_model.parse_known_args(arguments[1:])[0]
    file = _read(known.model)
    options = build_parser(file.card.features, not bulk.is_bulk(known)).parse_args(arguments)
    options.file = file
    return options


def _with_negatives(arguments: list[str]) -> list[str]:
    """`--flag -1e-5` as `--flag=-1e-5`: argparse takes such a number for a flag itself."""
    joined: list[str] = []
    for word in arguments:
        before = joined[-1] if joined else ""
        if _NEGATIVE.match(word) and before.startswith("--") and "=" not in before:
            joined[-1] = f"{before}={word}"
        else:
            joined.append(word)
    return joined


def _add_model_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="a model file, or its URL; the packaged iris model by default",
    )


def _add_trust_flag(parser: argparse.ArgumentParser) -> None:
    about = {setting.name: setting.metadata["doc"] for setting in fields(Settings)}
    parser.add_argument("--trust", metavar="TYPES", help=about["trust"])


def _add_predict_flags(
    parser: argparse.ArgumentParser, features: Sequence["Feature"], needs_row: bool
) -> None:
    _add_model_flag(parser)
    _add_trust_flag(parser)
    parser.add_argument(
        "--json", action="store_true", help="print label, index, probabilities and warnings"
    )
    bulk_flags = bulk.add_flags(parser)
    values = parser.add_argument_group("the row, every value required")
    taken = {"--help", "--model", "--trust", "--json", *bulk_flags}
    for position, feature in enumerate(features):
        hyphenated = feature.name.replace("_", "-")
        flags = [f"--{name}" for name in (feature.alias, hyphenated, feature.name) if name]
        free = [flag for flag in dict.fromkeys(flags) if flag not in taken and " " not in flag]
        free = free or [f"--feature-{position}"]
        taken.update(free)
        values.add_argument(
            *free,
            dest=_value_of(position),
            metavar=(feature.unit or "value").upper(),
            required=needs_row and not feature.missing,
            help=_about(feature).replace("%", "%%"),
        )


def _about(feature: "Feature") -> str:
    """The feature's name, and what it was in training."""
    if feature.is_numeric:
        return f"{feature.name}; in training {feature.minimum:g} to {feature.maximum:g}"
    if feature.categories:
        shown = ", ".join(map(str, feature.categories[:_MOST_CATEGORIES]))
        more = ", …" if len(feature.categories) > _MOST_CATEGORIES else ""
        return f"{feature.name}; in training {shown}{more}"
    return f"{feature.name}, {'true or false' if feature.kind == 'boolean' else 'a text'}"


def _add_serve_flags(parser: argparse.ArgumentParser) -> None:
    for setting in fields(Settings):
        default = "" if setting.default in (None, ()) else f" (default: {setting.default})"
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}",
            metavar=_METAVARS.get(setting.name) or setting.name.split("_")[-1].upper(),
            help=f"{setting.metadata['doc']}{default}",
        )


def _predict(options: argparse.Namespace) -> int:
    from irisws.model.model import InvalidRow

    model = _prove(options.file, _trusted(options))
    values = [getattr(options, _value_of(at)) for at in range(len(model.card.features))]
    if bulk.is_bulk(options):
        if options.json or any(value is not None for value in values):
            raise _CommandFailed(EXIT_USAGE, "give a file of rows or one row, not both")
        return _predict_file(model, options)
    row = _row(values, model.card.features, model.largest_value)
    try:
        prediction = model.predict([row])[0]
    except InvalidRow as error:
        raise _CommandFailed(EXIT_INVALID_DATA, str(error)) from None
    if options.json:
        _print_json(prediction)
        return EXIT_OK
    print(prediction.label, flush=True)  # before the warnings, wherever the two meet
    for warning in prediction.warnings:
        _say(f"warning: {warning.detail}")
    return EXIT_OK


def _predict_file(model: "Model", options: argparse.Namespace) -> int:
    from irisws.bulk.failures import FileFailure, InvalidInput
    from irisws.bulk.run import predict_file

    try:
        job = bulk.read_job(options)
        summary = predict_file(model, job)
    except bulk.WrongUsage as error:
        raise _CommandFailed(EXIT_USAGE, str(error)) from None
    except FileFailure as error:
        raise _CommandFailed(EXIT_FAILURE, str(error)) from None
    except InvalidInput as error:
        problems = _listed(error.problems)
        raise _CommandFailed(EXIT_INVALID_DATA, f"{options.input}: {problems}") from None
    except KeyboardInterrupt:
        raise _CommandFailed(EXIT_INTERRUPTED, "interrupted") from None
    _say(f"irisws: {summary.told(job)}")
    return EXIT_OK


def _serve(options: argparse.Namespace) -> int:
    import logging

    from irisws.server import CannotListen, Server, StopSignals

    signals = StopSignals()
    from irisws.app import create_app

    overrides = {setting.name: getattr(options, setting.name) for setting in fields(Settings)}
    try:
        settings = Settings.from_environment(os.environ, overrides)
    except InvalidSettings as error:
        raise _CommandFailed(EXIT_USAGE, str(error)) from None
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    signals.wake = _interrupt  # a model may be long in coming, and nobody is served yet
    file = _read(settings.model, settings.max_model_bytes, settings.model_sha256)
    signals.wake = lambda: None
    model = _prove(file, settings.trust)
    application = create_app(model, settings := _with_threads(settings, model))
    try:
        server = Server(application, settings)
    except CannotListen as error:
        raise _CommandFailed(EXIT_FAILURE, str(error)) from None
    _announce(model, server)
    return server.run(signals, on_drain=lambda: setattr(application, "draining", True))


def _with_threads(settings: Settings, model: "Model") -> Settings:
    """The settings with as many threads as the model can use, unless a number is given."""
    if settings.threads is None and model.is_batching:
        return replace(settings, threads=_THREADS_WHEN_BATCHING)
    return settings


def _interrupt() -> None:
    raise KeyboardInterrupt


def _announce(model: "Model", server: "Server") -> None:
    about = f"{model.card.name} {model.card.version} ({model.short_digest})"
    for host in server.reachable_hosts:
        _say(
            f"irisws: warning: {host} is reachable from other machines, "
            "and there are no API keys: anyone who reaches it may call it"
        )
    for url in server.urls:
        _say(f"irisws {__version__} serving {about} on {url}")


def _train(options: argparse.Namespace) -> int:
    try:
        print(training.run(options))
    except Problems as error:
        status = {WrongOptions: EXIT_USAGE, InvalidData: EXIT_INVALID_DATA}.get(type(error))
        raise _CommandFailed(status or EXIT_FAILURE, _listed(error.problems)) from None
    return EXIT_OK


def _listed(problems: Sequence[str]) -> str:
    """One problem on the line, several on lines of their own."""
    if len(problems) == 1:
        return problems[0]
    return "\n  ".join([f"{len(problems)} problems:", *problems])


def _verify(options: argparse.Namespace) -> int:
    model = _prove(_read(options.file), _trusted(options))
    card, proof = model.card, model.proof
    trained_with = {"python": card.provenance.python, **card.provenance.libraries}
    for title, text in (
        ("model", f"{card.name} {card.version} ({model.short_digest}), {card.created}"),
        ("golden rows", f"{proof.rows} replayed, {proof.labels_agreeing} labels agree"),
        (
            "probabilities",
            f"differ by {proof.largest_probability_difference:.1g} at most, "
            f"{proof.tolerance:g} allowed",
        ),
        ("engine", _clipped(model.engine)),
        ("trained on", _environment(card.provenance.platform, trained_with)),
        ("running on", _environment(*_here())),
        ("verdict", "proved: it answers here as scikit-learn answered there"),
    ):
        print(f"{title:<14} {''.join(c if c.isprintable() else '?' for c in text)}")
    return EXIT_OK


def _inspect(options: argparse.Namespace) -> int:
    file = _read(options.file)
    _print_json({**file.card.summary(), "sha256": file.digest}, indent=2)
    return EXIT_OK


def _openapi(options: argparse.Namespace) -> int:
    from irisws.app import describe

    _print_json(describe(_prove(_read(options.model), _trusted(options)), Settings()), indent=2)
    return EXIT_OK


def _read(
    path: str | Path | None, max_bytes: int | None = None, sha256: str | None = None
) -> "ModelFile":
    from irisws.model import model_file as models

    try:
        return models.read_model_file(
            models.DEFAULT_MODEL if path is None else path,
            max_bytes=max_bytes or models.DEFAULT_MAX_MODEL_BYTES,
            sha256=sha256,
        )
    except models.UnusableModel as error:
        raise _CommandFailed(EXIT_MODEL, str(error)) from None


def _trusted(options: argparse.Namespace) -> tuple[str, ...]:
    """The types that may be made, of `--trust`, else of IRISWS_TRUST."""
    environ = {"IRISWS_TRUST": os.environ.get("IRISWS_TRUST", "")}
    try:
        return Settings.from_environment(environ, {"trust": options.trust}).trust
    except InvalidSettings as error:
        raise _CommandFailed(EXIT_USAGE, str(error)) from None


def _prove(file: "ModelFile", trust: Sequence[str] = ()) -> "Model":
    from irisws.model.model import Model, UnusableModel

    try:
        return Model(file, trust)
    except UnusableModel as error:
        raise _CommandFailed(EXIT_MODEL, str(error)) from None


def _row(
    texts: Sequence[str | None], features: Sequence["Feature"], largest_value: float
) -> list["Value"]:
    """Read the values of a row; every one that its feature does not take is named."""
    from irisws.model.cells import CellReader
    from irisws.model.rows import accepts

    values: list[Value] = []
    problems = []
    for text, feature in zip(texts, features, strict=True):
        value = None if text is None else CellReader(feature).read(text)
        values.append(value)
        if not accepts(value, feature, largest_value):
            why = _refusal(text or "", value, feature, largest_value)
            problems.append(f"{feature.name}: {why}")
    if problems:
        raise _CommandFailed(EXIT_INVALID_DATA, "; ".join(problems))
    return values


def _refusal(text: str, value: "Value", feature: "Feature", largest_value: float) -> str:
    from irisws.model.rows import expected

    if isinstance(value, float) and largest_value < abs(value) < math.inf:
        return f"{value} is not a finite number of at most {largest_value:.2g}"
    wanted = "a finite number" if feature.kind == "number" else expected(feature)
    return f"expected {wanted}, got {text[:40]!r}"


def _value_of(position: int) -> str:
    return f"value_{position}"


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON] + "…"


def _here() -> tuple[str, dict[str, str]]:
    import platform
    from importlib.metadata import version

    versions = {name: version(name) for name in ("onnxruntime", "numpy")}
    where = f"{platform.system()} {platform.machine()}"
    return where, {"python": platform.python_version(), **versions}


def _environment(where: str, versions: dict[str, str]) -> str:
    return ", ".join([where, *(f"{name} {version}" for name, version in versions.items())])


def _print_json(value: Any, indent: int = 0) -> None:
    """Print for the next program, in UTF-8 (RFC 8259, 8.1) whatever the terminal's code page."""
    import msgspec

    encoded = msgspec.json.encode(value)
    document = msgspec.json.format(encoded, indent=indent) if indent else encoded
    sys.stdout.buffer.write(document + b"\n")
