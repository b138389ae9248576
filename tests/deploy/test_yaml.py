"""The files themselves: tidy, and without anything secret."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.manifests import CLOUD_RUN, DEPLOY, KSERVE, KUBERNETES, ROOT

CONFIGURATION = Path(__file__).with_name("yamllint.yaml")
FILES = sorted(
    path for folder in (KUBERNETES, KSERVE, CLOUD_RUN) for path in folder.rglob("*.yaml")
)

# Private keys, access keys of AWS, keys and tokens of Google, tokens of GitHub, long random words.
_SECRET = re.compile(
    r"-----BEGIN|AKIA[0-9A-Z]{16}|AIza[\w-]{35}|ya29\.|gh[pousr]_\w{36}|[A-Za-z0-9+]{40,}"
)


def test_yamllint_has_no_complaint() -> None:
    """Warnings count, too."""
    command = [sys.executable, "-m", "yamllint", "--strict", "-c", str(CONFIGURATION)]
    result = subprocess.run(
        [*command, *map(str, FILES)], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_no_credential(path: Path) -> None:
    """Nothing that looks like a key, and no Secret written out."""
    text = path.read_text(encoding="utf-8").replace("0" * 64, "")  # a digest to be filled in
    assert not _SECRET.search(text)
    assert "kind: Secret\n" not in text
