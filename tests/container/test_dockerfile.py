"""The Dockerfile is one that Docker's classic builder can read, too.

`gcloud run deploy --source` builds with it, as `az acr build` does, and nothing switches BuildKit
on there. What it takes is from its source: daemon/builder/dockerfile/dispatchers.go of moby/moby.
"""

import re
from collections.abc import Iterator

import pytest

from tests.container.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

# The flags that it takes; of any other it says "the … option requires BuildKit", or worse.
FLAGS = {
    "FROM": {"platform"},
    "ADD": {"chown"},
    "COPY": {"chown", "from"},
    "HEALTHCHECK": {"interval", "retries", "start-interval", "start-period", "timeout"},
}

# These are set by BuildKit alone: elsewhere they are empty.
_PLATFORM = re.compile(r"\b(BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT)\b")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction and what follows it, its continued lines in one."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


def needs_buildkit(text: str) -> list[str]:
    """What the classic builder would refuse, or read as something else."""
    found = re.findall(r"^#\s*syntax\s*=.*", text, re.MULTILINE)
    for name, rest in instructions(text):
        flags = re.match(r"(?:--\S+\s+)*", rest)
        assert flags
        given = re.findall(r"--([\w-]+)", flags[0])
        found += [f"{name} --{flag}" for flag in given if flag not in FLAGS.get(name, set())]
        if name in ("ADD", "COPY", "RUN") and "<<" in rest:
            found.append(f"{name} <<")
        found += [match[0] for match in _PLATFORM.finditer(rest)]
    return found


def test_nothing_needs_buildkit() -> None:
    """Or `gcloud run deploy --source .` would end with "the --mount option requires BuildKit"."""
    assert needs_buildkit(DOCKERFILE) == []
    assert {"ARG", "FROM", "RUN", "COPY"} <= {name for name, _ in instructions(DOCKERFILE)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# syntax=docker/dockerfile:1\nFROM a\n", ["# syntax=docker/dockerfile:1"]),
        ("RUN --mount=type=cache,target=/c \\\n    make\n", ["RUN --mount"]),
        ("RUN --network=none make --jobs=2\n", ["RUN --network"]),
        ("COPY --from=build --link --chmod=755 a /a\n", ["COPY --link", "COPY --chmod"]),
        ("ADD --checksum=sha256:0 https://example.org/a /a\n", ["ADD --checksum"]),
        ("RUN <<END\nmake\nEND\n", ["RUN <<"]),
        ("FROM --platform=$BUILDPLATFORM a\n", ["BUILDPLATFORM"]),
        ("RUN make --mount\nCOPY --chown=1 a /a\nHEALTHCHECK --interval=9s CMD a --b\n", []),
    ],
)
def test_what_needs_it_is_found(text: str, found: list[str]) -> None:
    """Each kind by itself, and nothing else."""
    assert needs_buildkit(text) == found
