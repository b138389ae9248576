"""`irisws.wsgi:app`, as a WSGI server imports it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_waitress(tmp_path: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Start waitress-serve on irisws.wsgi:app, for settings with which it must not come up."""
    return subprocess.run(
        [sys.executable, "-m", "waitress", "--listen=127.0.0.1:0", "irisws.wsgi:app"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, **environ},
    )


def test_missing_model_ends_the_server_with_one_line(tmp_path: Path) -> None:
    """A model that cannot be used ends the process with status 4, and no traceback."""
    result = run_waitress(tmp_path, IRISWS_MODEL="nowhere.onnx")
    assert (result.returncode, result.stderr) == (4, "irisws: no such file: nowhere.onnx\n")


def test_bad_setting_ends_the_server_with_one_line(tmp_path: Path) -> None:
    """A setting that cannot be used ends the process with status 2, and no traceback."""
    result = run_waitress(tmp_path, IRISWS_MAX_ROWS="many")
    assert result.returncode == 2
    assert result.stderr == (
        "irisws: IRISWS_MAX_ROWS=many is not usable: expected a whole number from 1 to 1e+12\n"
    )


def test_app_takes_its_model_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """IRISWS_MODEL is the file that is served."""
    from irisws.model.model import DEFAULT_MODEL

    copy = tmp_path / "copy.onnx"
    copy.write_bytes(DEFAULT_MODEL.read_bytes())
    monkeypatch.setenv("IRISWS_MODEL", str(copy))
    sys.modules.pop("irisws.wsgi", None)
    from irisws.wsgi import app

    assert app.model.path == copy
