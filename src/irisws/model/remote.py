"""A model file by its URL: gs://, s3://, https://, or whatever else fsspec knows.

The file systems are fsspec's, which the extras `gcs` and `s3` bring. They stay in memory once they
are imported, with their threads: 60 MB for gs://, more than all the rest of a server. So a process
of its own fetches and ends, `python -m irisws.model.remote`. A process that has fsspec already
fetches by itself, with whatever it has set up there.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import NamedTuple, TypeVar

from irisws.model import cache as copies

ANSWER_SECONDS = 30.0

_CHUNK_BYTES = 8 << 20  # each has to arrive within ANSWER_SECONDS
_MOST_ATTEMPTS = 3

# What file systems call the version of an object's content. Where there is none, nothing tells
# whether a copy is still what the object holds.
_VERSIONS = ("ETag", "etag", "generation", "VersionId")

_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3", "s3a": "s3"}

# By the names of the errors, because importing their classes would import every file system.
_NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError"}
_REFUSED = {"PermissionError", "RefreshError", "UnauthorizedSSOTokenError", "TokenRetrievalError"}
_TOO_SLOW = {"TimeoutError", "ConnectTimeoutError", "ReadTimeoutError", "ServerTimeoutError"}
_UNREACHABLE = {"ConnectionError", "ClientConnectionError", "TransportError", "HTTPClientError"}

# What they log of their retries and fallbacks, with tracebacks, the error tells in one line.
_TALKATIVE = ("gcsfs", "google", "asyncio")

T = TypeVar("T")


class CannotFetch(ValueError):
    """What the URL names cannot be had; the message begins with the URL, without its secrets."""


class Fetched(NamedTuple):
    """A file and where it was."""

    url: str  # without secrets
    data: bytes


def without_secrets(url: str) -> str:
    """The URL without user, password and query, which in a presigned URL is a key.

    https://me:secret@example.org/iris.onnx?X-Amz-Signature=0 -> https://example.org/iris.onnx
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = re.split(r"[?#]", rest)[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def fetch(
    url: str,
    max_bytes: int,
    digest: str | None = None,
    answer_seconds: float = ANSWER_SECONDS,
) -> Fetched:
    """Fetch a file, or take the copy of it that is here.

    Args:
        url: The file's URL. One that ends with a slash is a folder, and means the file `model.onnx`
            in it, else the only one that ends with `.onnx` or `.skops`.
        max_bytes: Refuse a larger file, before it is read where its size is known.
        digest: The SHA-256 that is wanted, in hexadecimal: a copy that has it is as good as the
            original. What is fetched is not compared with it.
        answer_seconds: How long one answer may take; the whole has many.

    Raises:
        CannotFetch: No such file, no permission, no network, too slow, too large, or no file system
            for such a URL.
    """
    shown = without_secrets(url)
    if _scheme(url) == "http" and digest is None:
        raise CannotFetch(
            f"{shown} can be changed by anyone on the way: take https://, or say which SHA-256 "
            "the file must have"
        )
    try:
        place = copies.folder()
    except ImportError as error:
        raise CannotFetch(_sentence(error, url, answer_seconds)) from error
    if digest and (data := copies.find(place, "", digest, max_bytes)) is not None:
        return Fetched(shown, data)
    if "fsspec" not in sys.modules and _is_python():
        with contextlib.suppress(OSError):  # no process can be started
            return _fetch_apart(url, max_bytes, answer_seconds)
    return _fetch_here(url, max_bytes, answer_seconds)


def _is_python() -> bool:
    """Whether this program is Python, and not one that has it inside, as some web servers have."""
    return Path(sys.executable or "").name.startswith("python") and not hasattr(sys, "frozen")


def _fetch_apart(url: str, max_bytes: int, answer_seconds: float) -> Fetched:
    """Fetch in a new process, which has the same modules at hand.

    The URL goes through a pipe: what stands in a command line, every user can see.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__],
        input=json.dumps([url, max_bytes, answer_seconds]).encode(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        found, size, message = json.loads(done.stderr.splitlines()[-1])
    except (IndexError, TypeError, ValueError):  # it did not come to its end
        shown, status = without_secrets(url), done.returncode
        raise CannotFetch(f"cannot fetch {shown}: what fetches ended with {status}") from None
    if message:
        raise CannotFetch(message)
    return Fetched(found, done.stdout[len(done.stdout) - size :])


def _main() -> None:
    """The new process: the data to standard output, and then what there is to say of them."""
    try:
        found, data = _fetch_here(*json.load(sys.stdin))
        sys.stdout.flush()  # of what libraries have printed
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        told = found, len(data), ""
    except CannotFetch as error:
        told = "", 0, str(error)
    print(json.dumps(told), file=sys.stderr, flush=True)
    os._exit(0)  # threads may have been left behind


def _fetch_here(url: str, max_bytes: int, answer_seconds: float) -> Fetched:
    try:
        with _quiet_libraries():
            source = _Source(url, max_bytes, answer_seconds)
            return Fetched(source.shown, source.read(copies.folder()))
    except CannotFetch:
        raise
    except Exception as error:
        raise CannotFetch(_sentence(error, url, answer_seconds)) from error


class _Source:
    """One object of a file system. What it does takes place in time, or raises TimeoutError."""

    def __init__(self, url: str, max_bytes: int, answer_seconds: float) -> None:
        from fsspec.core import url_to_fs

        self._max_bytes, self._seconds = max_bytes, answer_seconds
        # Listings and instances that were kept from another call would be out of date.
        options = {"use_listings_cache": False, "skip_instance_cache": True}
        self._files, self._path = self._in_time(lambda: url_to_fs(url, **options))
        self.shown = without_secrets(url)
        if url.endswith("/"):
            name = only_model(self._names(), self.shown)
            self._path, self.shown = f"{self._path.rstrip('/')}/{name}", self.shown + name

    def read(self, cache: Path | None) -> bytes:
        """The object's content: the copy, if there is one of this version, else a new one."""
        for _ in range(_MOST_ATTEMPTS):
            version = self._version()
            key = hashlib.sha256(f"{self.shown} {version}".encode()).hexdigest()[:32]
            data = copies.find(cache, key, None, self._max_bytes) if version else None
            if data is not None:
                return data
            data = self._download()
            if version == self._version():  # else it was replaced meanwhile: may be of both
                copies.store(cache, key, data)
                return data
        raise CannotFetch(f"{self.shown} is being replaced again and again")

    def _names(self) -> list[str]:
        paths = self._in_time(lambda: self._files.ls(self._path, detail=False))
        return [str(path).rstrip("/").rpartition("/")[2] for path in paths]

    def _version(self) -> str:
        """What identifies the content, empty if nothing does.

        Raises:
            CannotFetch: It is too large, by what the file system says.
        """
        about = self._in_time(lambda: self._files.info(self._path))
        if about.get("type") == "directory":
            raise FileNotFoundError(self._path)
        if (about.get("size") or 0) > self._max_bytes:
            raise self._too_large()
        return " ".join(f"{name}={about[name]}" for name in _VERSIONS if about.get(name))

    def _download(self) -> bytes:
        data = bytearray()
        for chunk in self._chunks():
            data += chunk
            if len(data) > self._max_bytes:  # the size was not told, or not right
                raise self._too_large()
        return bytes(data)

    def _chunks(self) -> Iterator[bytes]:
        file = self._in_time(lambda: self._files.open(self._path, "rb"))
        try:
            while chunk := self._in_time(lambda: file.read(_CHUNK_BYTES)):
                yield chunk
        finally:
            self._in_time(file.close)

    def _too_large(self) -> CannotFetch:
        return CannotFetch(f"{self.shown} is larger than the limit of {self._max_bytes:,} bytes")

    def _in_time(self, call: Callable[[], T]) -> T:
        """Call in a thread of its own, which is left behind if it takes too long.

        Each file system has time-outs of its own, and retries that add up to minutes.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)

        Thread(target=run, daemon=True).start()
        return future.result(self._seconds)


def only_model(names: list[str], folder: str) -> str:
    """The name of the model file in a folder: `model.onnx`, else the only one *.onnx or *.skops.

    Raises:
        CannotFetch: There is none, or more than one.
    """
    models = sorted(name for name in names if name.endswith((".onnx", ".skops")))
    if "model.onnx" in models:
        return "model.onnx"
    if len(models) != 1:
        found = f"{len(models)} of them: {', '.join(models)}"[:200] if models else "none"
        raise CannotFetch(
            f"{folder} must hold model.onnx, or one file *.onnx or *.skops; it has {found}"
        )
    return models[0]


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _sentence(error: BaseException, url: str, seconds: float) -> str:
    """Say what went wrong in words of our own: those of the libraries may repeat a URL's keys."""
    shown, scheme = without_secrets(url), _scheme(url)
    if isinstance(error, ImportError):
        return f"{shown} needs {_what_to_install(scheme)}"
    if "Protocol not known" in str(error):
        return f"cannot fetch {shown}: no file system is known for {scheme}://"
    causes = list(_causes(error))
    reasons = [reason for cause in causes if (reason := _reason(cause, seconds))]
    if reasons:
        return f"cannot fetch {shown}: {reasons[0]}"
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        return f"no such object, or no such bucket: {shown}"
    return f"cannot fetch {shown}: {type(error).__name__}"


def _what_to_install(scheme: str) -> str:
    extra = _EXTRAS.get(scheme)
    if extra is None:
        return f"fsspec, platformdirs, and what fsspec names for {scheme}://"
    return f'the extra {extra}: pip install "irisws[{extra}]"'


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it was raised from: some call everything a FileNotFoundError."""
    while error is not None:
        yield error
        error = error.__cause__


def _reason(error: BaseException, seconds: float) -> str:
    """What the error says in common terms; empty if it says nothing of the kind."""
    names = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(error, "status", None) or getattr(error, "code", None)  # aiohttp, gcsfs
    if names & _NO_CREDENTIALS:
        return "no credentials were found"
    is_forbidden = str(error).startswith("Forbidden: ")  # gcsfs says no more of a 403
    if names & _REFUSED or status in (401, 403) or is_forbidden:
        return "permission denied"
    if names & _TOO_SLOW:
        return f"no answer within {seconds:g} s"
    if names & _UNREACHABLE:
        return "the server cannot be reached"
    return ""


if __name__ == "__main__":
    _main()
