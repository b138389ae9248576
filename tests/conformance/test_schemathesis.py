"""The live service against its own OpenAPI document: no 5xx, nothing undocumented, no breach."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from irisws.model.model import Model
from tests.server.conftest import Start, serve, start  # noqa: F401  # fixtures

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.parametrize(
    ("model", "examples", "phases", "least"),
    [("iris", 8, "examples,coverage,fuzzing,stateful", 1_000), ("mixed", 8, "fuzzing", 100)],
)
def test_service_keeps_its_own_document(
    model: str,
    examples: int,
    phases: str,
    least: int,
    serve: Start,  # noqa: F811
    request: pytest.FixtureRequest,
) -> None:
    """Many generated requests, valid and not, with all checks on; to columns of every kind, too."""
    served: Model = request.getfixturevalue(model)
    server = serve("--model", str(served.path))
    url = f"http://{server.host}:{server.port}/openapi.json"
    result = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION),
            *("run", url, "--max-examples", str(examples), "--phases", phases),
            *("--seed", "1", "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout
    cases = re.search(r"(\d+) generated", result.stdout)
    assert cases is not None
    assert int(cases[1]) > least
    print(f"schemathesis: {cases[1]} cases")
