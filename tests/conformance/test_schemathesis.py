"""The live service against its own OpenAPI document: no 5xx, nothing undocumented, no breach."""

import re
import subprocess
import sys
from pathlib import Path

from tests.server.conftest import Start, serve, start  # noqa: F401  # fixtures

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def test_service_keeps_its_own_document(serve: Start) -> None:  # noqa: F811
    """Over a thousand generated requests, valid and not, with all checks on."""
    server = serve()
    url = f"http://{server.host}:{server.port}/openapi.json"
    result = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION),
            *("run", url, "--max-examples", "25", "--seed", "1", "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
    cases = re.search(r"(\d+) generated", result.stdout)
    assert cases is not None
    assert int(cases[1]) > 1000
    print(f"schemathesis: {cases[1]} cases")
