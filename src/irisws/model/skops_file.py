"""A skops file: an estimator as data, in a zip archive, with the card as one more member.

Reading the card, or the digest, makes no object of the estimator: see `irisws.model.skops_engine`.

Source: the format of skops, https://skops.readthedocs.io/en/stable/persistence.html
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Any

_CARD = "irisws.json"
_SCHEMA = "schema.json"  # what skops itself reads first
_ZIP = b"PK\x03\x04"

# The date of every member, so that equal models make equal files; the oldest that zip knows.
_DATE = (1980, 1, 1, 0, 0, 0)

# Of all members together. They are in memory at once, and a small archive can hold any number of
# zeros: a zip bomb.
_MOST_BYTES = 1 << 30


class Unreadable(ValueError):
    """The bytes are no skops file as `with_card` writes it; the message says what they are."""


def is_skops(data: bytes) -> bool:
    """Whether the bytes have the form of a skops file rather than of ONNX."""
    return data.startswith(_ZIP)


def read_card_document(data: bytes) -> bytes | None:
    """Return the card's JSON document; None if there is none.

    Raises:
        Unreadable: It is no skops file, cut off, altered, or opens to more than 1 GiB.
    """
    return _members(data).get(_CARD)


def digest_without_card(data: bytes) -> str:
    """The SHA-256 of the names and contents of all members but the card, in hexadecimal."""
    digest = hashlib.sha256()
    for name, content in sorted(_members(data).items()):
        if name != _CARD:
            for part in (name.encode(), content):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def with_card(data: bytes, document: bytes) -> bytes:
    """The skops file with this card in it, in place of any other."""
    return _archive({**_members(data), _CARD: document})


def with_stable_names(data: bytes) -> bytes:
    """The skops file with its members and objects numbered, so that equal estimators are equal.

    skops names them after places in memory, which differ from one time to the next.
    """
    members = _members(data)
    schema = json.loads(members.pop(_SCHEMA))
    names: dict[str, str] = {}
    _renumber(schema, {}, names)
    renamed = {names.get(name, name): content for name, content in members.items()}
    return _archive({**renamed, _SCHEMA: json.dumps(schema).encode()})


def _renumber(node: Any, ids: dict[int, int], names: dict[str, str]) -> None:
    """Number the objects of the schema from 1 in its own order, and the files that hold some."""
    if isinstance(node, dict):
        if "__loader__" in node:
            if "__id__" in node:
                node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
            if isinstance(node.get("file"), str):
                name = f"{len(names) + 1}{PurePosixPath(node['file']).suffix}"
                node["file"] = names.setdefault(node["file"], name)
        for value in node.values():
            _renumber(value, ids, names)
    elif isinstance(node, list):
        for value in node:
            _renumber(value, ids, names)


def _archive(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _members(data: bytes) -> dict[str, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, *_BY_DAMAGE):  # the list of members stands at the end
        raise Unreadable("is cut off: it ends in the middle of the model") from None
    with archive:
        names = archive.namelist()
        if _SCHEMA not in names:
            raise Unreadable("is a zip archive, and not a skops file")
        if len(set(names)) < len(names):  # one reader takes the first, another the last
            raise Unreadable("has two members of one name")
        if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
            raise Unreadable(f"opens to more than {_MOST_BYTES:,} bytes")
        try:
            return {name: archive.read(name) for name in names}
        except (zipfile.BadZipFile, *_BY_DAMAGE):
            raise Unreadable("is damaged: the checksums in it do not agree") from None


# What reading an archive raises besides, where a byte is not what it was.
_BY_DAMAGE = (
    *(zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError),
)
