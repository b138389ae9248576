"""What is in the image, and what is not."""

import json
import re
import stat
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.container import wheels
from tests.container.conftest import INDEX_URL, ROOT, Image, Source
from tests.container.engine import Engine

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST_MEGABYTES = 190
COMPILERS = {"as", "c++", "cc", "clang", "cpp", "g++", "gcc", "gcc-14", "ld", "make", "rustc"}


@pytest.fixture(scope="module")
def added(image: Image, base_image: Image) -> set[str]:
    """The files that the image has and its base has not."""
    return image.paths() - base_image.paths()


def distributions(image: Image) -> set[tuple[str, str]]:
    """The names and versions of what is installed in the image's environment."""
    folders = image.root.glob("opt/irisws/lib/python3*/site-packages/*.dist-info")
    named = (re.fullmatch(r"(.+)-(.+)\.dist-info", folder.name) for folder in folders)
    return {(found[1].replace("_", "-").lower(), found[2]) for found in named if found}


def pinned(name: str, python: str) -> set[tuple[str, str]]:
    text = wheels.choose((ROOT / "requirements" / name).read_text(encoding="utf-8"), python)
    pins = map(Requirement, re.findall(r"^([a-z0-9][^ ]*)", text, re.MULTILINE))
    return {(pin.name, str(pin.specifier).removeprefix("==")) for pin in pins}


def test_it_holds_the_pinned_serving_set_and_nothing_else(image: Image, source: Source) -> None:
    """irisws and requirements/serving.txt: no scikit-learn, no pip, no build tool."""
    expected = pinned("serving.txt", source.python) | {("irisws", PROJECT["version"])}
    assert distributions(image) == expected


def test_train_holds_the_training_libraries_besides(
    train_image: Image, image: Image, source: Source
) -> None:
    """The second target is the first with scikit-learn, skops and what they need."""
    added = distributions(train_image) - distributions(image)
    assert added == pinned("train.txt", source.python) - pinned("serving.txt", source.python)
    assert {"scikit-learn", "skops"} <= {name for name, _ in added}


def test_only_the_environment_and_compiled_modules_are_added(added: set[str]) -> None:
    """Nothing of the build is left: no cache, no settings of pip, no sources."""
    library = re.compile(r"usr/lib/python3[^/]*/(.+/)?__pycache__(/[^/]+\.pyc)?")
    strange = {
        path for path in added if not path.startswith("opt/irisws") and not library.fullmatch(path)
    }
    assert strange == set()
    assert "opt/irisws/bin/irisws" in added


def test_every_module_is_compiled(image: Image) -> None:
    """A start with a read-only root compiles nothing: neither irisws nor the standard library."""
    for pattern in ("opt/irisws/lib/python3*/site-packages/irisws", "usr/lib/python3.*/logging"):
        (folder,) = image.root.glob(pattern)
        sources = {path.stem for path in folder.glob("*.py")}
        compiled = {path.name.split(".")[0] for path in (folder / "__pycache__").glob("*.pyc")}
        assert sources == compiled


def test_there_is_no_compiler(image: Image) -> None:
    """Nothing in it turns source into programs."""
    folders = ("usr/bin", "usr/sbin", "usr/local/bin", "opt/irisws/bin")
    programs = {path.name for folder in folders for path in (image.root / folder).iterdir()}
    assert "python3" in programs
    assert programs & COMPILERS == set()


def test_the_program_cannot_change_itself(image: Image, added: set[str]) -> None:
    """Every file that is added belongs to root and nobody else may write it."""
    modes = [(image.root / path).lstat() for path in added]
    assert {entry.st_uid for entry in modes} == {0}
    writable = stat.S_IWGRP | stat.S_IWOTH
    assert not [m for m in modes if m.st_mode & writable and not stat.S_ISLNK(m.st_mode)]


def test_no_trace_of_where_packages_come_from(
    engine: Engine, image: Image, added: set[str]
) -> None:
    """The address of the index stays in the build: not in a file, a setting, or the history."""
    described = json.dumps(engine.inspect(image.name))
    for trace in (INDEX_URL, "/mnt", "http://", "PIP_"):
        assert trace not in described
    files = [path for name in added if (path := image.root / name).is_file()]
    assert len(files) > 1000
    assert not [path for path in files if INDEX_URL.encode() in path.read_bytes()]
    origins = [path for path in files if path.name == "direct_url.json"]
    assert origins == []


def test_configuration(engine: Engine, image: Image) -> None:
    """A numeric user who is not root, no shell in the way, and no setting but two."""
    config = engine.inspect(image.name)["Config"]
    assert config["User"] == "65532:65532"
    assert (config["Entrypoint"], config["Cmd"]) == (["/opt/irisws/bin/irisws"], ["serve"])
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["ExposedPorts"]) == ["8080/tcp"]
    own = {entry for entry in config["Env"] if not entry.startswith("PATH=")}
    assert own == {"IRISWS_HOST=0.0.0.0", "OPENBLAS_NUM_THREADS=1"}


def test_labels_say_what_pyproject_says(engine: Engine, image: Image) -> None:
    """The labels are those of the OCI image specification, and true."""
    prefix = "org.opencontainers.image."
    labels = engine.inspect(image.name)["Config"]["Labels"]
    found = {
        key.removeprefix(prefix): value for key, value in labels.items() if key.startswith(prefix)
    }
    assert found == {
        "title": PROJECT["name"],
        "version": PROJECT["version"],
        "description": PROJECT["description"],
        "licenses": PROJECT["license"],
        "documentation": "https://irisws.readthedocs.io/en/stable/",
    }


def test_both_targets_have_the_same_configuration(
    engine: Engine, image: Image, train_image: Image
) -> None:
    """They differ by libraries alone."""
    assert engine.inspect(image.name)["Config"] == engine.inspect(train_image.name)["Config"]


def test_size(engine: Engine, image: Image, base_image: Image, train_image: Image) -> None:
    """What comes on top of the base is within its budget."""
    base, serving, train = (
        engine.inspect(kind.name)["Size"] / 1e6 for kind in (base_image, image, train_image)
    )
    print(
        f"\nbase {base:.0f} MB; layers beyond it {serving - base:.0f} MB, train {train - base:.0f}"
    )
    assert serving - base <= MOST_MEGABYTES


def test_the_default_base_is_what_is_tested() -> None:
    """The tests' base has the Debian of the default base image."""
    from tests.container.base import SUITE

    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE_IMAGE=python:3\.13-slim-(\w+)$", text, re.MULTILINE)[1] == SUITE  # type: ignore[index]


def test_what_is_uploaded_is_what_is_copied() -> None:
    """The Dockerfile's sources are in the allow-lists of both ignore files."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    names = {name.rstrip("/") for copy in copies for name in copy.split()}
    assert names == {"requirements", "pyproject.toml", "README.md", "LICENSE", "src"}
    for file in (".dockerignore", ".gcloudignore"):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        kept = {line[1:].strip("/").removesuffix("/*.txt") for line in lines if line[:1] == "!"}
        assert names <= kept, Path(file)
