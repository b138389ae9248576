"""Every page does what it says, from top to bottom, in an empty directory."""

import fcntl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.docs.fences import ROOT, Page, pages
from tests.docs.reader import DEFAULT_PORT, is_free

PORTS = (DEFAULT_PORT, DEFAULT_PORT + 1)
# Loopback and nothing else: ports are free, and nothing is fetched unsaid. And processes of its
# own: whatever the page has started ends with it.
UNSHARE = ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
ISOLATED = (*UNSHARE, "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def has_steps(page: Page) -> bool:
    return any(fence.kind == "run" for fence in page.fences)


@cache
def can_isolate() -> bool:
    try:
        return subprocess.run([*ISOLATED, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def free_ports() -> Iterator[None]:
    """The ports that pages name, for one page at a time, whoever else runs these tests."""
    with open(Path(tempfile.gettempdir()) / "irisws-pages.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        deadline = time.monotonic() + 60
        while taken := [port for port in PORTS if not is_free(port)]:
            assert time.monotonic() < deadline, f"in use, and needed by the pages: {taken}"
            time.sleep(0.2)
        yield


def follow(page: Page, directory: Path, *prefix: str) -> None:
    command = [*prefix, sys.executable, "-m", "tests.docs.reader", page.name, str(directory)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", [p for p in pages() if has_steps(p)], ids=lambda page: page.name)
def test_page(page: Page, tmp_path: Path) -> None:
    """Each command succeeds and prints what the page shows."""
    if can_isolate() and not page.front_matter.get("network"):
        follow(page, tmp_path, *ISOLATED)
    else:
        with free_ports():
            follow(page, tmp_path)
