"""A container of the image behaves as a platform expects."""

import json
import os
import socket
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib import metadata
from pathlib import Path

from irisws.model.model import DEFAULT_MODEL, Model
from tests.container.conftest import Image, Run, RunToItsEnd
from tests.container.engine import Engine, wait_for_answer
from tests.server.conftest import wait_until
from tests.server.test_drain import Load

FLOWER = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
ANSWER = b'{"prediction":[1]}'

# Generous: the machine may be busy. What is measured is printed.
MOST_SECONDS = 5.0
MOST_MEGABYTES = 75.0


def test_it_answers_on_port(run: Run) -> None:
    """PORT is listened on, with a read-only root, no temporary directory and no capability."""
    container = run()
    assert container.post("/", FLOWER) == (200, ANSWER)
    assert container.get("/health/ready")[0] == 200
    assert f":{container.port}" in container.logs()


def test_it_listens_on_every_interface(run: Run) -> None:
    """The platform comes from outside: 127.0.0.1 would not do."""
    container = run()
    with socket.create_connection(("127.0.0.2", container.port), timeout=10):
        pass
    assert f"http://0.0.0.0:{container.port}" in container.logs()


def test_the_process(run: Run) -> None:
    """It is PID 1, runs as 65532, has no capability, and cannot gain any."""
    container = run()
    assert container.status("NSpid").split()[-1] == "1"
    assert container.status("Uid").split() == ["65532"] * 4
    assert container.status("Gid").split() == ["65532"] * 4
    assert {int(container.status(name), 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {0}
    assert container.status("NoNewPrivs") == "1"
    command = Path(f"/proc/{container.pid}/cmdline").read_bytes().split(b"\0")
    assert command[1:3] == [b"/opt/irisws/bin/irisws", b"serve"]  # no shell before it


def test_nothing_can_be_written(run: Run) -> None:
    """The root is read-only, /tmp too, and a large body is answered all the same."""
    container = run()
    mounts = Path(f"/proc/{container.pid}/mounts").read_text(encoding="utf-8").splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options["/"]
    assert options.keys() & {"/tmp", "/var/tmp", "/run"} == set()
    status, body = container.post(
        "/v1/predict", rows(100_000)
    )  # more than waitress keeps in memory
    assert (status, body.count(b'"label"')) == (200, 100_000)


def rows(count: int) -> bytes:
    return b'{"instances":[' + b",".join([b"[5.1,3.5,1.4,0.2]"] * count) + b"]}"


def test_a_mounted_model(run: Run, forest: Model) -> None:
    """IRISWS_MODEL names a file of a volume, here a forest's."""
    container = run(
        f"--volume={forest.path}:/models/forest.onnx:ro",
        "--env=IRISWS_MODEL=/models/forest.onnx",
    )
    assert json.loads(container.get("/v1/model")[1])["name"] == "forest"
    body = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
    assert json.loads(container.post("/v1/predict", body)[1])["predictions"][0]["label"] == "setosa"


def test_a_broken_model_ends_it(run_to_its_end: RunToItsEnd, tmp_path: Path) -> None:
    """Half a model file: status 4 and one line that says which and why."""
    whole = DEFAULT_MODEL.read_bytes()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(whole[: len(whole) // 2])
    status, printed = run_to_its_end(
        f"--volume={broken}:/models/broken.onnx:ro", "--env=IRISWS_MODEL=/models/broken.onnx"
    )
    (line,) = printed.splitlines()
    assert (status, line.startswith("irisws: /models/broken.onnx ")) == (4, True), printed


def test_a_missing_model_ends_it(run_to_its_end: RunToItsEnd) -> None:
    """Likewise where the volume was forgotten."""
    assert run_to_its_end("--env=IRISWS_MODEL=/models/none.onnx") == (
        4,
        "irisws: no such file: /models/none.onnx\n",
    )


def test_a_wrong_setting_ends_it(run_to_its_end: RunToItsEnd) -> None:
    """Status 2, and every wrong setting in one line."""
    status, printed = run_to_its_end("--env=IRISWS_THREADS=many", "--env=IRISWS_GRACE=9")
    assert (status, printed.count("\n")) == (2, 1)
    assert "IRISWS_THREADS=many" in printed
    assert "IRISWS_GRACE is not a setting" in printed


def test_other_commands(run_to_its_end: RunToItsEnd) -> None:
    """The image is the program: what stands behind its name is the command."""
    row = ("predict", "--sl", "3.0", "--sw", "2.0", "--pl", "1.0", "--pw", "1.0")
    status, printed = run_to_its_end(arguments=row)
    assert (status, printed.splitlines()[0]) == (0, "versicolor")


def test_a_stop_signal_loses_nothing_that_is_there(run: Run) -> None:
    """PID 1 gets SIGTERM while ten large requests run or wait: all of them are answered."""
    container = run()
    body = rows(100_000)
    with ThreadPoolExecutor(10) as pool:
        futures: list[Future[tuple[int, bytes]]] = [
            pool.submit(container.post, "/v1/predict", body) for _ in range(10)
        ]
        wait(futures, return_when=FIRST_COMPLETED)
        container.signal("SIGTERM")
        unanswered = sum(not future.done() for future in futures)
        replies = [future.result() for future in futures]
    print(f"\nat SIGTERM {unanswered} of 10 requests were not answered yet")
    assert unanswered > 0
    assert [status for status, _ in replies] == [200] * 10
    assert container.wait() == 0


def test_a_stop_signal_under_load_loses_nothing(run: Run) -> None:
    """Eight callers, and a balancer that sends them elsewhere once readiness is off."""
    container = run("--env=IRISWS_LAME_DUCK_SECONDS=2")
    load = Load("127.0.0.1", container.port, callers=8)
    try:
        time.sleep(1)
        before = load.answered
        container.signal("SIGTERM")
        wait_until(lambda: container.get("/health/ready")[0] == 503)
        time.sleep(0.3)
    finally:
        load.stop()
    after, lost = load.answered - before, len(load.lost)
    print(f"\nanswered {before} before SIGTERM and {after} after; lost {lost}")
    assert load.lost == []
    assert load.answered > before > 100
    assert container.wait() == 0


def test_the_train_image_serves_too(run: Run, train_image: Image) -> None:
    """The second target is the same service."""
    assert run(of=train_image).post("/", FLOWER) == (200, ANSWER)


def test_the_train_image_has_working_libraries(
    run_to_its_end: RunToItsEnd, train_image: Image
) -> None:
    """scikit-learn and skops can be imported by its user, with a read-only root."""
    code = "import sklearn.tree, skops.io, skl2onnx; print(sklearn.__version__)"
    status, printed = run_to_its_end(
        "--entrypoint=/opt/irisws/bin/python", of=train_image, arguments=("-c", code)
    )
    assert (status, printed.strip()) == (0, metadata.version("scikit-learn"))


def test_start_and_memory(engine: Engine, new: Run) -> None:
    """Measured, and printed with -s: from the program's start to its first answer, and PSS."""
    container = new()
    asked = time.clock_gettime(time.CLOCK_BOOTTIME)
    engine.podman("start", container.name)
    answered = wait_for_answer(container)
    started = start_of(container.pid)
    assert container.post("/", FLOWER) == (200, ANSWER)
    megabytes = pss(container.pid)
    print(
        f"\nfirst answer {answered - started:.2f} s after the program's start, "
        f"{answered - asked:.2f} s after podman's; PSS {megabytes:.1f} MB"
    )
    assert 0 < answered - started < MOST_SECONDS
    assert 10 < megabytes < MOST_MEGABYTES


def start_of(pid: int) -> float:
    """When a process was started, by CLOCK_BOOTTIME; proc(5)."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    ticks = int(text.rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss(pid: int) -> float:
    """The memory of a process in MB, what it shares divided among those who share it."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    (line,) = (line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024 / 1e6
