"""The README's commands and its Python do what the README says."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

README = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
SERVERS = ("irisws serve", "waitress-serve")


class Step(NamedTuple):
    """A command of a `console` block, with the output that stands under it."""

    command: str
    output: str

    def assert_output(self, text: str) -> None:
        """`...` in the README stands for what varies."""
        pattern = re.escape(self.output.rstrip()).replace(r"\.\.\.", ".*?")
        assert re.fullmatch(pattern, text.rstrip(), re.DOTALL), f"$ {self.command}\n{text}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def steps() -> list[Step]:
    text = "".join(blocks("console"))
    return [
        Step(*found) for found in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    ]


class Reader:
    """Follows the README in an empty directory, servers in the background."""

    def __init__(self, directory: Path) -> None:
        scripts = str(Path(sys.executable).parent)
        self._options = {
            "cwd": directory,
            "env": {**os.environ, "PATH": scripts + os.pathsep + os.environ["PATH"]},
            "text": True,
        }
        self._servers: list[subprocess.Popen[str]] = []

    def follow(self, step: Step) -> None:
        if step.command.startswith(SERVERS):
            self._start(step)
            return
        result = subprocess.run(
            ["bash", "-c", step.command], stdout=subprocess.PIPE, timeout=60, **self._options
        )  # type: ignore[call-overload]
        step.assert_output(result.stdout)

    def _start(self, step: Step) -> None:
        server = subprocess.Popen(
            shlex.split(step.command), stderr=subprocess.PIPE, **self._options
        )  # type: ignore[call-overload]
        self._servers.append(server)
        if step.output:
            step.assert_output(server.stderr.readline())

    def close(self) -> None:
        for server in self._servers:
            server.terminate()
            server.communicate(timeout=30)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(tmp_path_factory.mktemp("reader"))
    yield reader
    reader.close()


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.command[:40])
def test_commands_print_what_is_shown(reader: Reader, step: Step) -> None:
    """Each command, in the README's order, prints the output that stands under it."""
    reader.follow(step)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_runs(code: str, tmp_path: Path) -> None:
    """The README's Python runs as it stands."""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)


def test_blocks_are_of_known_languages() -> None:
    """Nothing escapes these tests: bash is run by .ci/run, and PowerShell stands for it."""
    languages = re.findall(r"^```(\S+)$", README, re.MULTILINE)
    assert set(languages) == {"bash", "powershell", "console", "python"}
    assert len(blocks("bash")) == len(blocks("powershell")) == README.count("<!-- command: ")
