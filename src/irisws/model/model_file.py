"""The model file: found, read, and its card taken out, before any engine is loaded."""

import hashlib
import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from irisws.model import onnx_file, skops_file
from irisws.model.card import METADATA_KEY, Card, InvalidCard, read_card

DEFAULT_MODEL = Path(__file__).parent.parent / "iris.onnx"
DEFAULT_MAX_MODEL_BYTES = 1 << 30  # 1 GiB


class UnusableModel(ValueError):
    """The model file cannot be served; the message names the file and says why."""


@dataclass(frozen=True)
class ModelFile:
    """A model file as read: its bytes, the card in them, and the SHA-256 of them all."""

    path: Path  # of what came by a URL, its name alone
    source: str  # the path, or the URL without secrets
    data: bytes
    card: Card
    digest: str


def read_model_file(
    path: str | Path = DEFAULT_MODEL,
    *,
    max_bytes: int = DEFAULT_MAX_MODEL_BYTES,
    sha256: str | None = None,
) -> ModelFile:
    """Read a model file and its card, without loading the engine.

    Raises:
        UnusableModel: No such file, not a file, empty, too large, not the one that was wanted,
            neither ONNX nor skops, cut off, altered, without a card, or with one that this version
            cannot read.
    """
    source, data = _obtain(str(path), max_bytes, sha256)
    digest = hashlib.sha256(data).hexdigest()
    if sha256 not in (None, digest):  # before anything is made of the bytes
        raise UnusableModel(f"{source} has the SHA-256 {digest}, and {sha256} is wanted")
    document = _card_document(data, source)
    try:
        card = read_card(document)
    except InvalidCard as error:
        raise UnusableModel(f"{source} cannot be used: {error}") from None
    if _digest_without_card(data) != card.graph:
        what = "estimator" if skops_file.is_skops(data) else "graph"
        raise UnusableModel(
            f"{source} was altered after it was packed: its {what} has another SHA-256 than its "
            "card says"
        )
    name = PurePosixPath(source).name if is_url(source) else source
    return ModelFile(Path(name), source, data, card, digest)


def is_url(location: str) -> bool:
    """Whether this is a URL rather than a path: `gs://bucket/iris.onnx`, not `C:\\iris.onnx`."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", location))


def _card_document(data: bytes, source: str) -> bytes:
    try:
        if skops_file.is_skops(data):
            document = skops_file.read_card_document(data)
        else:
            document = onnx_file.read_metadata(data).get(METADATA_KEY)
    except onnx_file.NotOnnx:
        kind = "a skops" if source.endswith(".skops") else "an ONNX"
        raise UnusableModel(f"{source} is not {kind} file") from None
    except onnx_file.TruncatedOnnx:
        raise UnusableModel(f"{source} is cut off: it ends in the middle of the model") from None
    except skops_file.Unreadable as error:
        raise UnusableModel(f"{source} {error}") from None
    if document is None:
        kind = "a skops file" if skops_file.is_skops(data) else "an ONNX file"
        raise UnusableModel(
            f"{source} is {kind} without a card: pack the scikit-learn estimator with "
            f'irisws.pack(estimator, X, y, "{Path(source).name}")'
        )
    return document


def _digest_without_card(data: bytes) -> str:
    if skops_file.is_skops(data):
        return skops_file.digest_without_card(data)
    return onnx_file.digest_without_metadata(data)


def _obtain(location: str, max_bytes: int, sha256: str | None) -> tuple[str, bytes]:
    """The path or the URL of the file, and its bytes."""
    if not location:
        raise UnusableModel("no model file is named: the path is empty")
    path = Path(location)
    is_folder = location.endswith("/") and path.is_dir()
    if not is_folder and not is_url(location):
        return str(path), _not_empty(_read(path, max_bytes), str(path))
    from irisws.model import remote  # here: few need it, and a start is short

    try:
        if is_folder:
            path /= remote.only_model(os.listdir(path), location)
            return _obtain(str(path), max_bytes, sha256)
        url, onnx = remote.fetch(location, max_bytes, sha256)
    except remote.CannotFetch as error:
        raise UnusableModel(str(error)) from None
    return url, _not_empty(onnx, url)


def _not_empty(onnx: bytes, source: str) -> bytes:
    if not onnx:
        raise UnusableModel(f"{source} is empty")
    return onnx


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            onnx = file.read(min(max_bytes, _size(file)) + 1)
    except FileNotFoundError:
        raise UnusableModel(f"no such file: {path}") from None
    except OSError as error:  # Windows says "permission denied" of a directory
        reason = "it is a directory" if path.is_dir() else (error.strerror or str(error)).lower()
        raise UnusableModel(f"cannot read {path}: {reason}") from None
    if len(onnx) > max_bytes:
        raise UnusableModel(f"{path} is larger than the limit of {max_bytes:,} bytes")
    return onnx


def _size(file: BinaryIO) -> int:
    """The file's size in bytes; that of a pipe or a device, which have none, is taken for endless.

    A read asks the system for the memory of all that it may read, and Windows counts it as used.
    """
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else sys.maxsize
