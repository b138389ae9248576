"""What is imported when: serving and `--help` stay light."""

import os
import subprocess
import sys
from pathlib import Path


def modules_after(statements: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running `statements`."""
    code = f"{statements}\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(result.stderr.split())


def test_serving_imports_no_training_library() -> None:
    """The served application answers without scikit-learn, skl2onnx, onnx, SciPy or pandas."""
    loaded = modules_after(
        "import io, irisws.wsgi, irisws.server\n"
        "body = b'{\"instances\": [[2, 1, 2, 3], [5, 3, 1, 0.2]]}'\n"
        "irisws.wsgi.app({'REQUEST_METHOD': 'POST', 'PATH_INFO': '/v1/predict',"
        " 'CONTENT_TYPE': 'application/json', 'CONTENT_LENGTH': str(len(body)),"
        " 'wsgi.input': io.BytesIO(body)}, lambda status, headers: print(status))"
    )
    assert "onnxruntime" in loaded
    assert not loaded & {"sklearn", "skl2onnx", "onnx", "scipy", "pandas", "joblib"}
    assert not loaded & {"fsspec", "platformdirs", "gcsfs", "s3fs", "aiohttp", "asyncio"}
    assert "irisws.model.remote" not in loaded
    assert not loaded & {"prometheus_client", "http.server"}  # only where somebody asks for metrics


def test_help_imports_nothing_heavy() -> None:
    """`irisws --help` imports neither NumPy nor ONNX Runtime nor the server."""
    loaded = modules_after(
        "from irisws.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    )
    assert not loaded & {"numpy", "onnxruntime", "msgspec", "waitress", "logging"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import irisws` is cheap: its names are loaded on first use."""
    assert not modules_after("import irisws") & {"numpy", "onnxruntime", "msgspec", "waitress"}


def test_nothing_is_kept_in_the_home(tmp_path: Path) -> None:
    """A prediction leaves no file behind: ONNX Runtime's telemetry is off."""
    command = [sys.executable, "-m", "irisws", "predict"]
    flower = ["--sl", "5.1", "--sw", "3.5", "--pl", "1.4", "--pw", "0.2"]
    environ = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environ |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([*command, *flower], env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "setosa\n")
    assert list(tmp_path.rglob("*")) == []
