"""Write the generated parts of the reference, from the code that they describe.

    python -m docs._tools.reference            writes them
    python -m docs._tools.reference --check    names the pages that are stale; exit status 1 then

A page is written by hand, but for the parts between `<!-- generated: NAME -->` and `<!-- end -->`.
A part that a page lacks, or that nothing generates, is an error.
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from docs._tools.http_reference import http_parts, sentence
from irisws.cli import build_parser
from irisws.model.model import Model
from irisws.settings import PREFIX, Settings

FOLDER = Path(__file__).parents[1] / "reference"

_PART = re.compile(r"(<!-- generated: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

# Defaults that the code cannot tell: one depends on the system, one stands for a file.
_TOLD = {
    "connection_limit": "2000; 400 on Windows",
    "model": "the packaged iris model",
    "threads": "4, and 32 for a model that is served with scikit-learn",
}

Parts = Mapping[str, str]


class PartsDiffer(ValueError):
    """A page and its generator do not have the same parts; the message names them."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs._tools.reference")
    parser.add_argument("--check", action="store_true", help="write nothing, name stale pages")
    is_check = parser.parse_args(arguments).check
    stale = {path: text for path, text in pages().items() if _read(path) != text}
    for path, text in stale.items():
        if not is_check:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{'stale' if is_check else 'wrote'} {path.relative_to(FOLDER.parents[1])}")
    return 1 if is_check and stale else 0


def pages() -> dict[Path, str]:
    """What each page should hold, by its path.

    Raises:
        PartsDiffer: A page lacks a part, or has one that nothing generates.
    """
    model = Model.load()
    generators: dict[str, Callable[[], Parts]] = {
        "cli.md": lambda: cli_parts(build_parser(model.card.features)),
        "settings.md": settings_parts,
        "http-api.md": lambda: http_parts(model),
    }
    return {
        FOLDER / name: filled_in(name, _read(FOLDER / name), parts())
        for name, parts in generators.items()
    }


def filled_in(name: str, page: str, parts: Parts) -> str:
    """The page with its parts as they are generated now.

    Raises:
        PartsDiffer: A part is on one side only.
    """
    on_page = [part for _, part, _, _ in _PART.findall(page)]
    missing, unknown = parts.keys() - on_page, set(on_page) - parts.keys()
    if missing or unknown or len(on_page) != len(parts):
        raise PartsDiffer(
            f"{name} must have each of these parts once: {', '.join(parts)}; "
            f"missing: {sorted(missing)}, unknown: {sorted(unknown)}"
        )
    return _PART.sub(lambda found: f"{found[1]}\n{parts[found[2]].strip()}\n\n{found[4]}", page)


def cli_parts(parser: argparse.ArgumentParser) -> Parts:
    """One part for each command, and `commands`, the list of them."""
    [commands] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    about = {choice.dest: choice.help or "" for choice in commands._choices_actions}
    listed = [f"`irisws {name}`\n: {sentence(about[name])}" for name in commands.choices]
    return {
        "commands": "\n\n".join(listed),
        **{name: _command(name, sub) for name, sub in commands.choices.items()},
    }


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    actions = [action for action in parser._actions if "--help" not in action.option_strings]
    words = " ".join(_word(action) for action in actions)
    described = [f"{_terms(action)}\n: {_meaning(action, name)}" for action in actions]
    return "\n\n".join([f"`irisws {name} {words}`", *described])


def _word(action: argparse.Action) -> str:
    """The action in a synopsis: `FILE`, `[DATA]`, `[--json]`, `--sl CM`."""
    if not action.option_strings:
        return f"[{action.metavar}]" if action.nargs == "?" else str(action.metavar)
    flag = _with_value(action.option_strings[0], action)
    return flag if action.required else f"[{flag}]"


def _terms(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar}`"
    return ", ".join(f"`{_with_value(flag, action)}`" for flag in action.option_strings)


def _with_value(flag: str, action: argparse.Action) -> str:
    return flag if action.nargs == 0 else f"{flag} {action.metavar}"


def _meaning(action: argparse.Action, command: str) -> str:
    text = (action.help or "") % {**vars(action), "prog": "irisws"}
    if action.dest in _TOLD:
        text = re.sub(r"\(default: .*\)", f"(default: {_TOLD[action.dest]})", text)
    is_setting = command == "serve" and action.dest in Settings.__dataclass_fields__
    link = f" [{PREFIX}{action.dest.upper()}](settings.md#{_anchor(action.dest)})"
    is_required = action.required and action.option_strings
    return sentence(text) + (" Required." if is_required else "") + (link if is_setting else "")


def settings_parts() -> Parts:
    """One part for each setting."""
    return {name: _setting(name) for name in Settings.__dataclass_fields__}


def _setting(name: str) -> str:
    field = Settings.__dataclass_fields__[name]
    variable, flag = PREFIX + name.upper(), "--" + name.replace("_", "-")
    default = _TOLD.get(name) or ("none" if field.default in (None, ()) else f"`{field.default}`")
    return (
        f"### `{variable}` {{ #{_anchor(name)} }}\n\n"
        f"{sentence(field.metadata['doc'])}\n\n"
        f"- Flag: `{flag}`\n- Value: {_kind(name)}\n- Default: {default}"
    )


def _kind(name: str) -> str:
    """The type, unit and range of a setting, in words."""
    field = Settings.__dataclass_fields__[name]
    if "wanted" in field.metadata:
        return str(field.metadata["wanted"])
    kind = {int: "a whole number", float: "a number"}[field.metadata["kind"]]
    unit = name.rsplit("_", 1)[-1]
    of = f" of {unit}" if unit in ("bytes", "rows", "seconds") else ""
    least, most = (f"{int(field.metadata[end]):,}" for end in ("least", "most"))
    return f"{kind}{of}, {least} to {most}"


def _anchor(name: str) -> str:
    return name.replace("_", "-")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PartsDiffer as error:
        sys.exit(f"docs._tools.reference: {error}")
