"""Files, pipes and terminals: whole or not at all, and told in one line."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irisws.bulk.progress import Progress, progress_line
from irisws.bulk.run import Job, predict_file
from irisws.model.engine import RefusedRow
from irisws.model.model import Model
from tests.bulk.conftest import ANSWERS, FLOWERS, Run

posix = pytest.mark.skipif(os.name != "posix", reason="signals and devices of POSIX")
COMMAND = [sys.executable, "-m", "irisws", "predict"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input", "x.csv"], "a file of rows needs both --input and --output"),
        (["--output", "x.csv"], "a file of rows needs both --input and --output"),
        (["--on-error", "skip"], "a file of rows needs both --input and --output"),
        (["--input", "x.csv", "--output", "y.csv", "--sl", "1"], "a file of rows or one row"),
        (["--input", "x.csv", "--output", "y.csv", "--json"], "a file of rows or one row"),
        (["--input", "x", "--output", "y.csv"], "--input x: its suffix tells no format"),
        (["--input", "x.csv", "--output", "y.csv", "--on-error", "hope"], "invalid choice"),
        (["--input", "x.csv", "--output", "y.csv", "--input-format", "xml"], "invalid choice"),
    ],
)
def test_wrong_usage(capsys: Any, flags: list[str], message: str) -> None:
    """Flags that do not fit each other have status 2."""
    from irisws import cli

    try:
        status: Any = cli.main(["predict", *flags])
    except SystemExit as error:
        status = error.code
    captured = capsys.readouterr()
    assert (status, captured.out, message in captured.err) == (2, "", True)


def test_output_that_is_the_input(flowers: Path, predict: Run) -> None:
    """The input is not replaced, whatever it is called."""
    other = flowers.parent / "." / "link.csv"
    os.link(flowers, other)
    for output in (flowers, other):
        assert predict(flowers, output) == (
            2,
            "irisws: --output is the input itself: name another file\n",
        )
    assert flowers.read_text(encoding="utf-8") == FLOWERS


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("none.csv", "out.csv", "no such file: {0}none.csv"),
        ("folder.csv", "out.csv", "cannot read {0}folder.csv: it is a directory"),
        ("flowers.csv", "folder.csv", "cannot write {0}folder.csv: it is a directory"),
        ("flowers.csv", "no/out.csv", "cannot write {0}no/out.csv: No such file or directory"),
    ],
)
def test_files_that_are_no_files(
    flowers: Path, predict: Run, tmp_path: Path, source: str, target: str, message: str
) -> None:
    """What cannot be read or written is a failure in one line."""
    (tmp_path / "folder.csv").mkdir()
    status, told = predict(tmp_path / source, tmp_path / target)
    assert (status, told) == (1, f"irisws: {message.format(f'{tmp_path}{os.sep}')}\n")
    assert names_in(tmp_path) == ["flowers.csv", "folder.csv"]


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(
    flowers: Path, predict: Run, tmp_path: Path
) -> None:
    """A failure leaves the old output; success replaces it and keeps who may read it."""
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")
    out.chmod(0o600)
    flowers.write_text(FLOWERS + "1,2,3,x\n", encoding="utf-8")
    assert predict(flowers)[0] == 3
    assert (out.read_text(encoding="utf-8"), names_in(tmp_path)) == (
        "old",
        ["flowers.csv", "out.csv"],
    )
    assert predict(flowers, None, "--on-error", "skip")[0] == 0
    assert (len(out.read_text(encoding="utf-8").splitlines()), out.stat().st_mode & 0o777) == (
        4,
        0o600 if os.name == "posix" else 0o666,
    )


@posix
def test_link_stays_a_link(flowers: Path, predict: Run, tmp_path: Path) -> None:
    """Of a link as output, the file that it leads to is replaced."""
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert predict(flowers, tmp_path / "link.csv")[0] == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8").count("\n") == 4


def test_bad_rows_of_every_kind_are_reported(flowers: Path, predict: Run, tmp_path: Path) -> None:
    """A row of another width is made to fit, so that what is wrong with it finds its column."""
    rows = '1,2\n"a,b",2,3,4,5\n'
    flowers.write_text(FLOWERS + rows, encoding="utf-8")
    assert predict(flowers, None, "--on-error", "report")[0] == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[3:] == [
        f"6.3,3.3,6.0,2.5,{ANSWERS[2]},",
        '1,2,,,,,,,,"expected 4 cells, got 2"',
        '"a,b",2,3,4,,,,,,"expected 4 cells, got 5"',
    ]


def run(*flags: str, stdin: bytes = b"", status: int = 0) -> "subprocess.CompletedProcess[bytes]":
    done = subprocess.run([*COMMAND, *flags], input=stdin, capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done


def test_pipes() -> None:
    """Data goes from standard input to standard output, messages to standard error."""
    done = run("--input", "-", "--output", "-", stdin=FLOWERS.encode())
    given = FLOWERS.splitlines()[1:]
    rows = [f"{row},{answer}" for row, answer in zip(given, ANSWERS, strict=True)]
    assert done.stdout.decode().splitlines()[1:] == rows
    assert done.stderr.startswith(b"irisws: answered 3 rows in ")


def test_parquet_through_pipes(flowers: Path, tmp_path: Path) -> None:
    """Parquet can be written to a pipe, and not be read from one."""
    done = run("--input", str(flowers), "--output", "-", "--output-format", "parquet")
    (tmp_path / "p.parquet").write_bytes(done.stdout)
    run("--input", str(tmp_path / "p.parquet"), "--output", str(tmp_path / "o.csv"), "--prefix=a")
    failed = run("--input", "-", "--input-format", "parquet", "--output", "-", stdin=b"P", status=1)
    assert failed.stderr == (
        b"irisws: cannot read Parquet from standard input: it is read from its end\n"
    )


@posix
@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ("--output - >/dev/full", 1, "irisws: cannot write the output: No space left on device\n"),
        (
            "--output /dev/full --output-format csv",
            1,
            "irisws: cannot write /dev/full: No space left on device\n",
        ),
        ("--output - | head -0", 0, ""),
        ("--output - <&- --input -", 1, "irisws: cannot read standard input: it is closed\n"),
    ],
)
def test_streams_that_are_full_or_closed(
    flowers: Path, words: str, status: int, message: str
) -> None:
    """A full disk is a failure in one line, and a reader that goes away is none."""
    command = f"{sys.executable} -m irisws predict --input {flowers} {words}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr[: len(message)]) == (status, message)
    assert Path("/dev/full").is_char_device()


@posix
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_disk_that_runs_full(tmp_path: Path, suffix: str) -> None:
    """A file that cannot grow leaves nothing behind."""
    rows = "".join(f"{at / 7},3.5,1.4,0.2\n" for at in range(20_000))
    (tmp_path / "in.csv").write_text(FLOWERS + rows, encoding="utf-8")
    out = tmp_path / f"out.{suffix}"
    command = f"ulimit -f 8; exec {' '.join(COMMAND)} --input {tmp_path}/in.csv --output {out}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, env=own
    )
    assert (done.returncode, done.stderr) == (1, f"irisws: cannot write {out}: File too large\n")
    assert names_in(tmp_path) == ["in.csv"]


@posix
def test_interrupt_leaves_no_half_file(tmp_path: Path) -> None:
    """Ctrl-C in the middle has status 130, says so and leaves nothing."""
    out = tmp_path / "out.csv"
    command = [*COMMAND, "--input", "-", "--output", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(FLOWERS.encode() + b"5.1,3.5,1.4,0.2\n" * 200_000)
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while not any(path.stat().st_size > 1_000_000 for path in tmp_path.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert names_in(tmp_path) != ["out.csv"]
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    assert (process.returncode, errors, names_in(tmp_path)) == (130, b"irisws: interrupted\n", [])


def peak_bytes(path: Path, rows: int) -> int:
    """The peak of the memory of a process that answers so many rows, in bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.write(FLOWERS + "5.1,3.5,1.4,0.2\n" * rows)
    code = (
        "import sys; from pathlib import Path; from irisws import cli; cli.main(sys.argv[1:]);"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    words = ["predict", "--input", str(path), "--output", str(path.with_name("out.csv"))]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, timeout=60)
    assert done.returncode == 0
    return int(done.stdout) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_flat(tmp_path: Path) -> None:
    """Ten times the rows need no more memory: not half of what they are long."""
    few, many = (peak_bytes(tmp_path / "in.csv", rows) for rows in (100_000, 1_000_000))
    assert many - few < (tmp_path / "in.csv").stat().st_size / 2


def test_rows_that_the_estimator_refuses_are_found(
    iris: Model, flowers: Path, tmp_path: Path
) -> None:
    """Rows that fit the card and that the estimator refuses are bad rows like others."""

    class Choosy:
        """The model's engine, which refuses rows of large petals."""

        largest_value = iris.largest_value

        def predict(self, rows: Any) -> Any:
            if (rows[:, 3] > 2).any():
                raise RefusedRow("too large a petal")
            return iris._engine.predict(rows)

    model = Model.load()
    model._engine = Choosy()
    model._trees = None
    flowers.write_text(FLOWERS + "1,1,1,3\n5.1,3.5,1.4,0.2\n", encoding="utf-8")
    job = Job(
        input=str(flowers),
        output=str(tmp_path / "o.csv"),
        input_format="csv",
        output_format="csv",
        on_error="report",
    )
    summary = predict_file(model, job)
    problem = "the model cannot answer: too large a petal"
    assert (summary.rows, summary.bad, summary.first_problem) == (
        5,
        2,
        f"row 3 (line 4): {problem}",
    )
    lines = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[4] for line in lines] == ["setosa", "versicolor", "", "", "setosa"]
    assert [line.split(",")[-1] for line in lines] == ["", "", problem, problem, ""]


def test_what_is_unlike_training_is_counted(flowers: Path, predict: Run) -> None:
    """Rows of values outside the training range are answered, and their number is told."""
    flowers.write_text(FLOWERS + "51,35,14,2\n" * 2, encoding="utf-8")
    assert predict(flowers)[1].endswith("; 2 hold values unlike those of training\n")


def test_progress_line() -> None:
    """Rows, rows a second and the time left, as far as the length is known."""
    assert progress_line(1_000_000, 0.25, 2.0) == (
        "######                    25 %  1,000,000 rows  500,000 rows/s  0:06 left"
    )
    assert progress_line(10, 0.001, 100.0).endswith("  10 rows  0 rows/s  27:45:00 left")
    assert progress_line(3_000, None, 1.5) == "3,000 rows  2,000 rows/s"
    assert progress_line(0, None, 0.0) == "0 rows  0 rows/s"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shows"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_is_for_terminals(stream: io.StringIO, shows: bool) -> None:
    """A terminal sees the line, and none of it at the end; nothing else sees anything."""
    with Progress(stream) as progress:
        progress.update(10, 0.5)  # too early to be worth a line
        time.sleep(0.21)
        progress.update(1_000, 0.5)
    written = stream.getvalue()
    assert (written.startswith("\r############ "), "1,000 rows" in written) == (shows, shows)
    if shows:
        assert written.rsplit("\r", 2)[1].isspace()


def test_positions_of_the_good() -> None:
    """The positions of the good rows are those that no problem names."""
    from irisws.bulk.batch import Batch

    batch = Batch(
        size=5,
        rows=np.empty((3, 1)),
        problems={1: ["x"], 3: ["y"]},
        first=11,
        lines=None,
        source=[],
        values=list,
    )
    assert (batch.good.tolist(), list(batch.told())) == ([0, 2, 4], ["row 12: x", "row 14: y"])
