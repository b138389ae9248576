"""A model by its URL: fetched from real services, kept, pinned, and refused in one line."""

import contextlib
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import fsspec
import pytest

import irisws
from irisws import cli
from irisws.model import remote
from irisws.model.cache import find, store
from irisws.model.model import DEFAULT_MODEL, UnusableModel
from irisws.model.model_file import is_url
from irisws.model.remote import CannotFetch, fetch
from tests.cloud.conftest import IRIS, SECRET, Bucket, WebServer, free_port
from tests.server.conftest import Start, wait_until

DIGEST = hashlib.sha256(IRIS).hexdigest()
OTHER = "0" * 64
MOST = 1 << 20
NEWER = IRIS.replace(b"versicolor", b"versicolos")  # another file of the same size


def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Run the command: status, standard output, standard error."""
    result = subprocess.run(
        [sys.executable, "-m", "irisws", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, **environ},
    )
    return result.returncode, result.stdout, result.stderr


def refusal(url: str, **options: Any) -> str:
    with pytest.raises(CannotFetch) as error:
        fetch(url, **{"max_bytes": MOST, **options})
    return str(error.value)


@pytest.fixture(params=["s3_bucket", "gcs_bucket"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Each of the two services in turn."""
    found: Bucket = request.getfixturevalue(request.param)
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    return found


def test_any_file_system_of_fsspec_will_do() -> None:
    """What fsspec knows by its URL can hold a model."""
    fsspec.filesystem("memory").pipe_file("/m/iris.onnx", IRIS)
    model = irisws.load("memory://m/iris.onnx")
    assert (model.digest, model.source) == (DIGEST, "memory://m/iris.onnx")
    assert str(model.path) == "iris.onnx"


def test_object_is_fetched(bucket: Bucket) -> None:
    """A bucket's object is fetched whole."""
    url = bucket.put("fetched/iris.onnx", IRIS)
    assert fetch(url, MOST) == (url, IRIS)


def test_folder_holds_model_onnx(bucket: Bucket) -> None:
    """Of several files, the one of that name is the model."""
    bucket.put("several/a.onnx", NEWER)
    url = bucket.put("several/model.onnx", IRIS)
    assert fetch(bucket.url("several/"), MOST) == (url, IRIS)


@pytest.mark.parametrize("suffix", ["onnx", "skops"])
def test_folder_holds_one_model(bucket: Bucket, suffix: str) -> None:
    """Whatever it is called, and whatever else there is."""
    bucket.put(f"one-{suffix}/notes.txt", b"-")
    url = bucket.put(f"one-{suffix}/iris.{suffix}", IRIS)
    assert fetch(bucket.url(f"one-{suffix}/"), MOST) == (url, IRIS)


def test_folder_of_several_models_is_refused(bucket: Bucket) -> None:
    """None of several is taken at random."""
    bucket.put("two/a.onnx", IRIS)
    url = bucket.put("two/b.onnx", IRIS).removesuffix("b.onnx")
    assert refusal(url) == (
        f"{url} must hold model.onnx, or one file *.onnx or *.skops; "
        "it has 2 of them: a.onnx, b.onnx"
    )


@pytest.mark.parametrize("name", ["nothing.onnx", "nothing/", "fetched"])
def test_missing_object(bucket: Bucket, name: str) -> None:
    """Neither an object, nor a folder that is empty, nor one that is not called so."""
    bucket.put("fetched/iris.onnx", IRIS)
    url = bucket.url(name)
    assert refusal(url) == f"no such object, or no such bucket: {url}"


def test_missing_bucket(bucket: Bucket) -> None:
    """Likewise a bucket."""
    url = f"{bucket.scheme}://nowhere/iris.onnx"
    assert refusal(url) == f"no such object, or no such bucket: {url}"


def test_object_that_was_replaced_is_fetched_again(bucket: Bucket, own_caches: Path) -> None:
    """The copy is of another version then, and both are kept."""
    url = bucket.put("replaced.onnx", IRIS)
    assert fetch(url, MOST).data == IRIS
    bucket.put("replaced.onnx", NEWER)
    assert fetch(url, MOST).data == NEWER
    assert len(list(own_caches.iterdir())) == 2


def test_too_large_object(bucket: Bucket) -> None:
    """The size that the service tells decides."""
    url = bucket.put("large.onnx", bytes(1001))
    assert refusal(url, max_bytes=1000) == f"{url} is larger than the limit of 1,000 bytes"


def test_unchanged_object_is_not_fetched_again(web: WebServer) -> None:
    """With a copy of this version at hand, only the version is asked for."""
    assert fetch(web.url("iris.onnx"), MOST, OTHER).data == IRIS
    web.asked.clear()
    assert fetch(web.url("iris.onnx"), MOST, OTHER).data == IRIS
    assert web.asked == ["HEAD /iris.onnx"]


def test_damaged_copy_is_not_used(web: WebServer, own_caches: Path) -> None:
    """A copy that was cut off is fetched again, and replaced."""
    fetch(web.url("iris.onnx"), MOST, OTHER)
    [copy] = own_caches.iterdir()
    copy.write_bytes(IRIS[:100])
    assert fetch(web.url("iris.onnx"), MOST, DIGEST).data == IRIS
    assert copy.read_bytes() == IRIS


def test_copy_of_a_pinned_digest_needs_no_network(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the digest known, nobody has to be asked."""
    url = s3.put("pinned.onnx", IRIS)
    fetch(url, MOST)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    assert fetch(url, MOST, DIGEST).data == IRIS
    assert refusal(url) == f"cannot fetch {url}: the server cannot be reached"


def test_nothing_is_kept_where_nothing_can_be(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a read-only file system the model is read into memory alone."""
    file = tmp_path / "file"
    file.write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))  # no folder can be made below a file
    assert fetch(s3.put("kept.onnx", IRIS), MOST).data == IRIS


def test_without_a_home_nothing_is_kept(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user whom the system does not know has no caches; no folder called ~ is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert fetch(s3.put("homeless.onnx", IRIS), MOST).data == IRIS
    assert list(tmp_path.iterdir()) == []


def test_size_that_is_told_is_refused_before_reading(web: WebServer) -> None:
    """Not a byte of the content is asked for."""
    url = web.url("huge.onnx")
    assert refusal(url, digest=OTHER) == f"{url} is larger than the limit of 1,048,576 bytes"
    assert web.asked == ["HEAD /huge.onnx"]


def test_endless_object_is_not_read_to_its_end(web: WebServer) -> None:
    """Where no size is told, reading stops at the limit."""
    url = web.url("endless.onnx")
    assert refusal(url, digest=OTHER) == f"{url} is larger than the limit of 1,048,576 bytes"
    assert web.bytes_sent < 100 << 20


def test_object_that_changes_while_it_is_read(web: WebServer, own_caches: Path) -> None:
    """What may be of two versions is neither served nor kept."""
    versions = itertools.count()
    web.etag = lambda: f'"{next(versions)}"'
    url = web.url("iris.onnx")
    assert refusal(url, digest=OTHER) == f"{url} is being replaced again and again"
    assert not own_caches.exists()


def test_time_that_an_answer_may_take(web: WebServer) -> None:
    """A server that accepts and says nothing is not waited for without end."""
    url = web.url("hangs.onnx")
    began = time.monotonic()
    assert refusal(url, digest=OTHER, answer_seconds=0.5) == (
        f"cannot fetch {url}: no answer within 0.5 s"
    )
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_plain_http_needs_a_digest(web: WebServer, scheme: str) -> None:
    """Nothing else would tell whether somebody on the way has put another file in place."""
    url = web.url("iris.onnx").replace("http", scheme)
    assert refusal(url) == (
        f"{url} can be changed by anyone on the way: take https://, or say which SHA-256 the file "
        "must have"
    )
    assert web.asked == []


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_no_credentials(s3: Bucket, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Neither none nor one without the other."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    url = s3.put("iris.onnx", IRIS)
    monkeypatch.delenv(variable)
    assert refusal(url) == f"cannot fetch {url}: no credentials were found"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST"])
def test_no_permission(
    s3: Bucket, web: WebServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A service that refuses is told from one that has nothing."""
    monkeypatch.setenv(variable, web.address)
    url = {"AWS_ENDPOINT_URL": "s3", "STORAGE_EMULATOR_HOST": "gs"}[variable] + "://models/x.onnx"
    assert refusal(url) == f"cannot fetch {url}: permission denied"


def test_secrets_of_a_url_are_not_told(web: WebServer) -> None:
    """A presigned URL is a key: neither query nor password is in a message."""
    url = web.url(f"denied.onnx?X-Amz-Signature={SECRET}").replace("//", f"//me:{SECRET}@", 1)
    assert refusal(url, digest=OTHER) == (
        f"cannot fetch {web.url('denied.onnx')}: permission denied"
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("foo://[x/y", "cannot fetch foo://[x/y: no file system is known for foo://"),
        ("foo://x/y.onnx", "cannot fetch foo://x/y.onnx: no file system is known for foo://"),
        ("az://x/y", "az://x/y needs fsspec, platformdirs, and what fsspec names for az://"),
        (
            "https://127.0.0.1:1/x",
            "cannot fetch https://127.0.0.1:1/x: the server cannot be reached",
        ),
    ],
)
def test_url_that_leads_nowhere(url: str, reason: str) -> None:
    """Each in words that say what to do."""
    assert refusal(url) == reason


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:key@example.org/a.onnx?sig=0#x", "https://example.org/a.onnx"),
        ("gs://bucket/a@b.onnx", "gs://bucket/a@b.onnx"),
        ("https://example.org?sig=a/b", "https://example.org"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    """Scheme, host and path."""
    assert remote.without_secrets(url) == shown


@pytest.mark.parametrize(
    "location", ["C:\\iris.onnx", "C:/iris.onnx", "/a://b", "iris.onnx", "./gs:/"]
)
def test_what_is_no_url(location: str) -> None:
    """Paths stay paths."""
    assert not is_url(location)


@pytest.mark.parametrize(("scheme", "extra"), [("gs", "gcs"), ("s3", "s3")])
def test_without_the_extra(tmp_path: Path, scheme: str, extra: str) -> None:
    """The message says what to install."""
    (tmp_path / "fsspec.py").write_text("raise ModuleNotFoundError(name='fsspec')")
    assert run("verify", f"{scheme}://b/iris.onnx", PYTHONPATH=str(tmp_path)) == (
        4,
        "",
        f'irisws: {scheme}://b/iris.onnx needs the extra {extra}: pip install "irisws[{extra}]"\n',
    )


def test_commands_take_urls(s3: Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    """`verify`, `inspect` and `predict --model` do what they do with a path."""
    url = s3.put("commands/iris.onnx", IRIS)
    flower = ["--sl", "5.1", "--sw", "3.5", "--pl", "1.4", "--pw", "0.2"]
    assert cli.main(["predict", "--model", url, *flower]) == 0
    assert capsys.readouterr().out == "setosa\n"
    assert cli.main(["inspect", url]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == DIGEST
    assert cli.main(["verify", url]) == 0
    assert "verdict        proved" in capsys.readouterr().out


def test_command_refuses_in_one_line(gcs: Bucket) -> None:
    """Status 4, no traceback, nothing of the libraries' own logs."""
    url = gcs.put("spoilt.onnx", b"no model")
    assert run("verify", url) == (4, "", f"irisws: {url} is not an ONNX file\n")


def test_serve_with_the_digest_that_is_wanted(s3: Bucket, serve: Start) -> None:
    """The URL and the digest are settings like the others; capitals do not matter."""
    environ = {"IRISWS_MODEL": s3.put("a.onnx", IRIS), "IRISWS_MODEL_SHA256": DIGEST.upper()}
    server = serve("--port", "0", **environ)
    assert server.get("/health/ready")[0] == 200
    assert DIGEST.encode() in server.get("/v1/model")[1]


@pytest.mark.parametrize("command", [["irisws", "serve"], ["waitress", "irisws.wsgi:app"]])
def test_wrong_digest_is_not_served(command: list[str]) -> None:
    """The start ends with status 4 and names both digests, under any server."""
    url = DEFAULT_MODEL.as_uri()
    result = subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "IRISWS_MODEL": url, "IRISWS_MODEL_SHA256": OTHER},
    )
    assert (result.returncode, result.stderr) == (
        4,
        f"irisws: {url} has the SHA-256 {DIGEST}, and {OTHER} is wanted\n",
    )


def test_digest_is_checked_before_the_file_is_parsed(tmp_path: Path) -> None:
    """Of a file that is no model at all, the digest is told."""
    path = tmp_path / "any.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(UnusableModel, match=f"any.onnx has the SHA-256 .*, and {OTHER} is wanted"):
        irisws.load(path, sha256=OTHER)


def test_local_folder(tmp_path: Path) -> None:
    """A folder on this machine follows the same rule; without the slash it is no file."""
    (tmp_path / "iris.onnx").write_bytes(IRIS)
    assert irisws.load(f"{tmp_path}/").path == tmp_path / "iris.onnx"
    with pytest.raises(UnusableModel, match="it is a directory"):
        irisws.load(tmp_path)


def test_starts_at_the_same_time(web: WebServer, own_caches: Path) -> None:
    """Processes that fetch the same object all get it, and leave one whole copy."""
    url = web.url("iris.onnx")
    code = f"from irisws.model.remote import fetch; fetch({url!r}, {MOST}, {OTHER!r})"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    [copy] = own_caches.iterdir()
    assert copy.read_bytes() == IRIS


def test_what_libraries_print_is_no_part_of_the_model(web: WebServer, tmp_path: Path) -> None:
    """The process that fetches may have been set up to print."""
    (tmp_path / "sitecustomize.py").write_text("print('hello')", encoding="utf-8")
    fetched = f"fetch({web.url('iris.onnx')!r}, {MOST}, {OTHER!r})"
    code = f"from irisws.model.remote import fetch; print({fetched}.data)"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == f"hello\n{IRIS!r}\n"


def test_copy_that_cannot_take_its_place(tmp_path: Path) -> None:
    """Nothing half done stays behind, and what stands in the way is no copy."""
    (tmp_path / f"key-{DIGEST}.onnx").mkdir()
    store(tmp_path, "key", IRIS)
    assert len(list(tmp_path.iterdir())) == 1
    assert find(tmp_path, "key", None, MOST) is None


def test_copies_stored_at_the_same_time(tmp_path: Path) -> None:
    """Whoever looks meanwhile finds a whole copy or none."""
    data = bytes(1 << 20)
    writers = [threading.Thread(target=store, args=(tmp_path, "key", data)) for _ in range(8)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert find(tmp_path, "key", None, len(data)) in (None, data)
    assert find(tmp_path, "key", None, len(data)) == data
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_stop_signal_while_the_model_is_fetched(web: WebServer) -> None:
    """Nobody is served yet: the process ends at once, and with it the one that fetches.

    The command line of that one, which other users can see, has no keys in it.
    """
    url = web.url(f"hangs.onnx?X-Amz-Signature={SECRET}")
    environ = {**os.environ, "IRISWS_MODEL": url, "IRISWS_MODEL_SHA256": OTHER}
    command = [sys.executable, "-m", "irisws", "serve"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environ)
    wait_until(lambda: bool(web.asked))
    child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().strip()
    assert "irisws.model.remote" in command_line(child)
    assert SECRET not in command_line(child)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=10)[1] == b""
    assert process.returncode == 130
    wait_until(lambda: command_line(child) == "")


def command_line(pid: str) -> str:
    """The command line of a process, empty if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


HEAVY = {"fsspec", "gcsfs", "s3fs", "google", "aiohttp", "asyncio"}


def load_in_new_process(line: str) -> set[str]:
    """Run a line after `import irisws, sys`; the modules that are there afterwards."""
    code = f"import irisws, sys; {line}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    return set(
        subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    )


def test_what_fetches_does_not_stay(bucket: Bucket, own_caches: Path) -> None:
    """A process of its own does it: none of its modules and threads is in the one that serves."""
    url = bucket.put("light.onnx", IRIS)
    assert not HEAVY & load_in_new_process(f"irisws.load({url!r})")
    [copy] = own_caches.iterdir()
    assert copy.read_bytes() == IRIS


def test_pinned_copy_imports_no_file_system(s3: Bucket) -> None:
    """With its copy at hand, a URL costs the start and the memory nothing."""
    url = s3.put("pinned.onnx", IRIS)
    fetch(url, MOST)
    assert not HEAVY & load_in_new_process(f"irisws.load({url!r}, sha256={DIGEST!r})")


def test_without_a_home_and_in_a_process_of_its_own(s3: Bucket, own_caches: Path) -> None:
    """What cannot be kept comes through the pipe all the same."""
    own_caches.parents[1].mkdir(exist_ok=True)
    own_caches.parent.write_bytes(b"")  # a file where the folder would be
    url = s3.put("unkept.onnx", IRIS)
    assert "onnxruntime" in load_in_new_process(f"assert irisws.load({url!r}).digest == {DIGEST!r}")


def test_python_inside_of_another_program_fetches_by_itself(s3: Bucket) -> None:
    """sys.executable is no Python there: to start it would start that program again."""
    url = s3.put("embedded.onnx", IRIS)
    line = f"sys.executable = '/usr/sbin/uwsgi'; irisws.load({url!r})"
    assert "s3fs" in load_in_new_process(line)


def test_where_no_process_can_be_started(s3: Bucket, tmp_path: Path) -> None:
    """Likewise."""
    url = s3.put("alone.onnx", IRIS)
    line = f"sys.executable = {str(tmp_path / 'python')!r}; irisws.load({url!r})"
    assert "s3fs" in load_in_new_process(line)


def test_process_that_fetches_is_killed(tmp_path: Path) -> None:
    """By the system, for want of memory: one line all the same."""
    (tmp_path / "fsspec.py").write_text("import os; os._exit(137)")
    assert run("verify", "s3://b/iris.onnx", PYTHONPATH=str(tmp_path)) == (
        4,
        "",
        "irisws: cannot fetch s3://b/iris.onnx: what fetches ended with 137\n",
    )
