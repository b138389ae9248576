"""The Dockerfile and every shell script are clean by the linters of their kind."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = (".ci", "docs", "examples", "src", "tests")
SHELL = re.compile(rb"#!.*\b(ba|da|)sh\b")


def shell_scripts() -> list[Path]:
    """Every file with a shell's `#!` line or the suffix .sh."""
    return [
        Path(folder, name).relative_to(ROOT)
        for place in PLACES
        for folder, folders, names in os.walk(ROOT / place)
        if "node_modules" not in Path(folder).parts
        for name in names
        if is_shell(Path(folder, name))
    ]


def is_shell(path: Path) -> bool:
    if path.suffix not in ("", ".sh"):
        return False
    with path.open("rb") as file:
        return path.suffix == ".sh" or SHELL.match(file.readline()) is not None


def lint(program: str, *arguments: str | Path) -> str:
    """What a linter prints, nothing if all is well."""
    beside = Path(sys.executable).parent  # where pip puts hadolint
    found = shutil.which(program, path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{program} is not installed")
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_dockerfile() -> None:
    """hadolint, no rule switched off."""
    assert lint("hadolint", "--no-color", "--disable-ignore-pragma", "Dockerfile") == ""


def test_shell_scripts() -> None:
    """shellcheck, on all that `.ci` and the examples hold."""
    scripts = shell_scripts()
    assert {Path(".ci/run"), Path(".ci/windows")} <= set(scripts)
    assert lint("shellcheck", *scripts) == ""


@pytest.mark.parametrize(
    ("program", "name", "text", "rule"),
    [
        ("hadolint", "Dockerfile", "FROM python\n", "DL3006"),
        ("shellcheck", "script.sh", "#!/bin/bash\necho $1\n", "SC2086"),
    ],
)
def test_the_linters_find_faults(
    tmp_path: Path, program: str, name: str, text: str, rule: str
) -> None:
    """A silent linter means something."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert rule in lint(program, tmp_path / name)
