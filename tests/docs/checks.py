"""Whether a fence that is not run is at least what its language says."""

import configparser
import csv
import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import yaml

from tests.docs.shells import parse_powershell


def check(language: str, text: str) -> str | None:
    """What is wrong with the text, or None."""
    if language not in _CHECKS:
        return None
    try:
        _CHECKS[language](text)
    except (ValueError, SyntaxError, ElementTree.ParseError, yaml.YAMLError, csv.Error) as error:
        return str(error)
    except configparser.Error as error:
        return str(error)
    return None


def _python(text: str) -> None:
    compile(text, "<fence>", "exec")


def _yaml(text: str) -> None:
    list(yaml.safe_load_all(text))


def _ini(text: str) -> None:
    """INI as systemd writes it: names may come twice."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=False)
    parser.read_string(text)


def _javascript(text: str) -> None:
    done = subprocess.run(
        ["node", "--check", "--input-type=module", "-"], input=text, capture_output=True, text=True
    )
    if done.returncode:
        raise ValueError(done.stderr)


def _html(text: str) -> None:
    """Every element that is opened is closed, in order."""
    _Balanced().check(text)


class _Balanced(HTMLParser):
    _VOID = {"meta", "link", "img", "input", "br", "hr", "source", "wbr"}

    def check(self, text: str) -> None:
        self._open: list[str] = []
        self.feed(text)
        self.close()
        if self._open:
            raise ValueError(f"not closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing")


_INSTRUCTIONS = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL"
    "|USER|VOLUME|WORKDIR"
)


def _dockerfile(text: str) -> None:
    """Every instruction is one of the Dockerfile reference's."""
    for line in text.replace("\\\n", " ").splitlines():
        word = line.split(" ")[0]
        if line.strip() and not line.startswith("#") and not _INSTRUCTIONS.fullmatch(word):
            raise ValueError(f"no instruction: {word}")


def _powershell(text: str) -> None:
    parse_powershell(text)


def _bash(text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr)


_CHECKS: dict[str, Callable[[str], object]] = {
    "python": _python,
    "json": json.loads,
    "yaml": _yaml,
    "toml": tomllib.loads,
    "ini": _ini,
    "xml": ElementTree.fromstring,
    "javascript": _javascript,
    "html": _html,
    "dockerfile": _dockerfile,
    "powershell": _powershell,
    "bash": _bash,
    "csv": lambda text: list(csv.reader(text.splitlines(), strict=True)),
}


LANGUAGES = _CHECKS.keys()

_BY_SUFFIX = {
    ".plist": "xml",
    ".py": "python",
    ".js": "javascript",
    ".ps1": "powershell",
    ".service": "ini",
    ".sh": "bash",
    ".socket": "ini",
    ".yml": "yaml",
}


def check_file(path: Path, text: str) -> str | None:
    """The same by the name of a file."""
    language = _BY_SUFFIX.get(path.suffix, path.suffix.removeprefix("."))
    return check("dockerfile" if path.name == "Dockerfile" else language, text)
