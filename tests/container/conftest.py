"""The image, really built, and containers, really run.

Building and running needs podman and mmdebstrap, and root. The base takes most of the time: keep it
from one run to the next with CONTAINER_BASE_CACHE=FOLDER.
"""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.container import base, wheels
from tests.container.engine import Container, Engine, create, wait_for_answer

ROOT = Path(__file__).parents[2]

# /mnt is in every base: another folder would be made for the mount, and stay.
INDEX_URL = "file:///mnt/simple"


@dataclass(frozen=True)
class Image:
    """An image and its files."""

    name: str
    root: Path  # where they can be read

    def paths(self) -> set[str]:
        """Every file and folder, from its root."""
        found = set()
        for folder, folders, files in os.walk(self.root):
            here = Path(folder).relative_to(self.root)
            found |= {(here / name).as_posix() for name in (*folders, *files)}
        return found


@dataclass(frozen=True)
class Source:
    """What images are built of."""

    engine: Engine
    folder: Path
    python: str  # the full version in the base

    def build(self, tag: str, *requirements: str, options: Sequence[str] = ()) -> Image:
        """Build the Dockerfile from an index that holds these requirements and earlier ones."""
        folder = self.folder / "wheels"
        for name in requirements:
            wheels.fetch(ROOT / "requirements" / name, self.python, folder)
        name = f"localhost/irisws-{tag}"
        self.engine.podman(
            *("build", "--format=docker", f"--tag={name}", f"--volume={folder}:/mnt:ro"),
            *(f"--build-arg=BASE_IMAGE={base.NAME}", f"--build-arg=PIP_INDEX_URL={INDEX_URL}"),
            *options,
            ROOT,
        )
        return _mounted(self.engine, name)


def _mounted(engine: Engine, name: str) -> Image:
    return Image(name, Path(engine.podman("image", "mount", name)))


@pytest.fixture(scope="package")
def engine() -> Iterator[Engine]:
    missing = [name for name in ("podman", "mmdebstrap") if shutil.which(name) is None]
    reason = f"{' and '.join(missing)} not installed" if missing else ""
    if sys.platform != "linux" or os.geteuid() != 0:
        reason = "needs Linux and root"
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        engine = Engine(Path(folder))
        yield engine
        engine.remove_all()


@pytest.fixture(scope="package")
def source(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("image")
    name = base.make(engine, folder)
    version = "import platform; print(platform.python_version())"
    return Source(engine, folder, engine.podman("run", "--rm", name, "python3", "-c", version))


@pytest.fixture(scope="package")
def base_image(engine: Engine, source: Source) -> Image:
    return _mounted(engine, base.NAME)


@pytest.fixture(scope="package")
def image(source: Source) -> Image:
    """What `docker build .` makes: the last stage, here as the classic builder makes it.

    It makes every stage, and images in Docker's own format.
    """
    options = ["--skip-unused-stages=false"]
    return source.build("serving", "build.txt", "serving.txt", "train.txt", options=options)


@pytest.fixture(scope="package")
def train_image(source: Source, image: Image) -> Image:
    return source.build("train", options=["--target=train"])


@pytest.fixture(scope="package")
def gcs_image(source: Source, image: Image) -> Image:
    return source.build("gcs", "gcs.txt", options=["--build-arg=REQUIREMENTS=gcs.txt"])


Run = Callable[..., Container]
RunToItsEnd = Callable[..., tuple[int, str]]


@pytest.fixture
def new(engine: Engine, image: Image) -> Iterator[Run]:
    """Create containers on free ports, not started; all of them are removed after the test."""
    created: list[Container] = []

    def new_container(*options: str, of: Image = image, **more: tuple[str, ...]) -> Container:
        created.append(create(engine, of.name, free_port(), *options, **more))
        return created[-1]

    yield new_container
    for container in created:
        engine.podman("rm", "--force", "--time=0", container.name)


@pytest.fixture
def run(engine: Engine, new: Run) -> Run:
    """Start containers, and wait until they answer."""

    def run_container(*options: str, **more: object) -> Container:
        container = new(*options, **more)
        engine.podman("start", container.name)
        wait_for_answer(container)
        return container

    return run_container


@pytest.fixture
def run_to_its_end(engine: Engine, new: Run) -> RunToItsEnd:
    """Run containers that end by themselves: the exit status and what was printed."""

    def run_container(*options: str, **more: object) -> tuple[int, str]:
        container = new(*options, **more)
        engine.podman("start", container.name)
        return container.wait(), container.logs()

    return run_container


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
