"""Follows a page as its reader would: a terminal, a directory, files saved, servers started.

`python -m tests.docs.reader docs/tutorial/12-flower.md [DIRECTORY]` follows one page.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.fences import ROOT, Fence, Page, Stop
from tests.docs.matching import assert_json, assert_text, prefix_length

STEP_SECONDS = 300
SERVER_SECONDS = 60
_LAST_WORDS_SECONDS = 10  # what it started may hold its output open for longer

# What would change what a page shows.
_NOT_FOR_PAGES = re.compile(r"IRISWS_.*|PORT|VIRTUAL_ENV|PYTHON.*|COVERAGE_.*|COV_.*|PYTEST_.*|CI")
DEFAULT_PORT = 8080


class Terminal:
    """One bash that lives as long as the page; every step is sourced in it, so that state stays."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="terminal-"))
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=directory,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> tuple[str, int]:
        """What the command prints, and the status of the first line of it that failed."""
        step, output = self._scratch / "step", self._scratch / "output"
        step.write_text(command, encoding="utf-8")
        line = f"_status=0; trap '_status=$?' ERR; . {step} >{output} 2>&1 </dev/null; trap - ERR"
        status = self._ask(f"{line}; echo $_status")
        return output.read_text(encoding="utf-8", errors="replace"), int(status)

    def directory(self) -> Path:
        return Path(self._ask("pwd -P"))

    def environ(self) -> dict[str, str]:
        file = self._scratch / "environ"
        self._ask(f"env -0 >{file}; echo done")
        pairs = file.read_text(encoding="utf-8").rstrip("\0").split("\0")
        return dict(pair.split("=", 1) for pair in pairs)

    def _ask(self, command: str) -> str:
        assert self._shell.stdin
        assert self._shell.stdout
        timer = threading.Timer(STEP_SECONDS, self._kill)
        timer.start()
        self._shell.stdin.write(command + "\n")
        self._shell.stdin.flush()
        answer = self._shell.stdout.readline()
        timer.cancel()
        assert answer, f"the step ended the shell, or took more than {STEP_SECONDS} s"
        return answer.rstrip("\n")

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)

    def close(self) -> None:
        self._kill()
        self._shell.communicate()
        shutil.rmtree(self._scratch)


class BackgroundServer:
    """A server in a terminal of its own, until it is stopped by Ctrl-C."""

    def __init__(self, command: str, directory: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        found = re.search(r"\b80[89]\d\b", command)
        self._port = int(found[0]) if found else DEFAULT_PORT
        self._printed, self._seen = "", 0
        self._pump = threading.Thread(target=self._read, daemon=True)
        self._pump.start()

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                self._printed += line

    def wait_for(self, shown: str, where: str) -> None:
        """Wait until the server has printed this, or else until its port is open."""
        deadline = time.monotonic() + SERVER_SECONDS
        while not self._is_ready(shown):
            if self._process.poll() is not None:
                self._pump.join()
                assert self._is_ready(shown), f"{where}: it ended and printed\n{self._printed}"
            assert time.monotonic() < deadline, (
                f"{where}: in {SERVER_SECONDS} s it printed\n{self._printed}\nand not\n{shown}"
            )
            time.sleep(0.02)
        self._seen = prefix_length(shown, self._printed) or 0

    def _is_ready(self, shown: str) -> bool:
        return prefix_length(shown, self._printed) is not None if shown else not is_free(self._port)

    def stop(self) -> str:
        """Press Ctrl-C and wait; what was printed since it was ready."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._pump.join(_LAST_WORDS_SECONDS)
        return self._printed[self._seen :]


class Reader:
    """Follows one page from top to bottom."""

    def __init__(self, page: Page, directory: Path) -> None:
        self._page = page
        self._directory = directory
        self._servers: list[BackgroundServer] = []
        self._starting: tuple[BackgroundServer, Fence] | None = None
        self._printed = ""
        start = page.front_matter.get("start")
        if start in ("repository", "copy"):
            copy_of_the_repository(directory)
        environ = reading_environment(active=start != "repository")
        scratch = directory.parent
        if start == "repository":
            environ["PIP_CONSTRAINT"] = str(write_constraints(scratch))
        self._calls = scratch / "calls"  # of the commands that are only checked
        folder = make_stand_ins(page.front_matter.get("checked", []), scratch, self._calls)
        environ["PATH"] = str(folder) + os.pathsep + environ["PATH"]
        self._terminal = Terminal(directory, environ)

    def follow(self) -> None:
        for step in self._page.steps:
            if isinstance(step, Stop):
                self._wait_for_server("")
                assert self._servers, f"{step.where}: no server is running"
                self._printed = self._servers.pop().stop()
            else:
                self._take(step)
        self._wait_for_server("")

    def _take(self, fence: Fence) -> None:
        if fence.kind == "output":
            self._compare(fence)
            return
        self._wait_for_server("")
        if fence.kind == "saved":
            self._save(fence)
        elif fence.kind == "run" and not any(c.startswith("command ") for c in fence.comments):
            if fence.language == "console":
                self._follow_session(fence)
            else:
                self._run(fence)

    def _run(self, fence: Fence) -> None:
        source = fence.source
        if fence.language == "python":
            script = self._directory.parent / "fence.py"
            script.write_text(source, encoding="utf-8")
            source = f"PYTHONPATH=. python {script}"
        if fence.is_server:
            *before, command = source.rstrip("\n").split("\n")
            self._expect("\n".join(before), fence, 0)
            self._start(command, fence)
        else:
            self._expect(source, fence, fence.exit_status)

    def _expect(self, command: str, fence: Fence, wanted: int) -> None:
        self._printed, status = self._terminal.run(command)
        assert status == wanted, (
            f"{fence.where}: exit status {status}, not {wanted}\n$ {command}\n{self._printed}"
        )

    def _start(self, command: str, fence: Fence) -> None:
        terminal = self._terminal
        server = BackgroundServer(command, terminal.directory(), terminal.environ())
        self._servers.append(server)
        self._starting = server, fence

    def _wait_for_server(self, shown: str) -> None:
        if self._starting:
            server, fence = self._starting
            self._starting = None
            server.wait_for(shown, fence.where)

    def _compare(self, fence: Fence) -> None:
        if self._starting:
            self._wait_for_server(fence.source)
        elif fence.language == "json":
            assert_json(fence.source, self._printed, fence.where)
        else:
            assert_text(fence.source, self._printed, fence.where)

    def _save(self, fence: Fence) -> None:
        path = self._terminal.directory() / fence.title
        assert path.resolve().is_relative_to(self._directory.resolve()), fence.where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fence.source.removesuffix("\n") + "\n", encoding="utf-8")

    def _follow_session(self, fence: Fence) -> None:
        """A `console` fence: each `$ command` with what it prints below it."""
        for command, shown in re.findall(
            r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", fence.source, re.MULTILINE
        ):
            self._wait_for_server("")
            if re.match(r"irisws serve|waitress-serve", command):
                self._start(command, fence)
                self._wait_for_server(shown)
                continue
            self._expect(command, fence, fence.exit_status)
            if shown.strip():
                assert_text(shown, self._printed, fence.where)

    def close(self) -> None:
        for server in self._servers:
            server.stop()
        self._terminal.close()

    def assert_all_called(self) -> None:
        """Every command that the page says is only checked has been."""
        called = self._calls.read_text(encoding="utf-8").split() if self._calls.exists() else []
        unused = set(self._page.front_matter.get("checked", [])) - set(called)
        assert not unused, f"{self._page.name}: never called: {unused}"


@contextlib.contextmanager
def reading(page: Page, directory: Path) -> Iterator[Reader]:
    reader = Reader(page, directory)
    try:
        yield reader
    finally:
        reader.close()


def reading_environment(*, active: bool) -> dict[str, str]:
    """The environment of a reader, with the tutorial's environment active or with none."""
    environ = {k: v for k, v in os.environ.items() if not _NOT_FOR_PAGES.fullmatch(k)}
    scripts = str(Path(sys.executable).parent)
    path = [part for part in environ["PATH"].split(os.pathsep) if part != scripts]
    environ["PATH"] = os.pathsep.join([scripts, *path] if active else path)
    as_on_a_terminal = {"PYTHONUNBUFFERED": "1", "COLUMNS": "80"}
    return {**environ, **as_on_a_terminal, "LC_ALL": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1"}


def write_constraints(directory: Path) -> Path:
    """The pinned versions without their hashes, which pip would ask of the project as well."""
    pinned = (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8")
    file = directory / "constraints.txt"
    file.write_text("\n".join(re.findall(r"^[a-z0-9][^\\\n]*", pinned, re.MULTILINE)) + "\n")
    return file


def copy_of_the_repository(directory: Path) -> None:
    """What a download of the repository holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)


def make_stand_ins(names: list[str], directory: Path, calls: Path) -> Path:
    """A folder for PATH with commands that check and record their arguments and do nothing."""
    folder = directory / "stand-ins"
    folder.mkdir()
    stand_in = Path(__file__).parent / "stand_in.py"
    for name in names:
        command = folder / name
        words = " ".join(f'"{word}"' for word in (sys.executable, stand_in, calls, name))
        command.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    return folder


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def main(name: str, directory: str | None = None) -> None:
    with contextlib.ExitStack() as stack:
        scratch = Path(directory or stack.enter_context(tempfile.TemporaryDirectory()))
        (scratch / "reader").mkdir()
        reader = stack.enter_context(reading(Page.read(ROOT / name), scratch / "reader"))
        try:
            reader.follow()
            reader.assert_all_called()
        except AssertionError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
