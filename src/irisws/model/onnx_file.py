"""Read from an ONNX file what serving needs of it, without the onnx package.

ONNX Runtime evaluates a graph but shows none of it, and the onnx package takes longer to import
than the whole server takes to start. An ONNX file is a protocol buffer, whose wire format is four
kinds of fields (https://protobuf.dev/programming-guides/encoding/); the field numbers below are
those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_GRAPH_NODE = 1
_NODE_OP_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_NAME = 1
_ATTRIBUTE_S, _ATTRIBUTE_FLOATS, _ATTRIBUTE_INTS, _ATTRIBUTE_STRINGS = 4, 7, 8, 9
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

_IR_VERSION_TAG = b"\x08"  # every ONNX file begins with its ir_version, field 1 as a varint


class NotOnnx(ValueError):
    """The bytes are no ONNX file at all."""


class TruncatedOnnx(ValueError):
    """The bytes begin as an ONNX file and end before it does."""


@dataclass(frozen=True)
class Node:
    """One operator of the graph: its type, its domain, and its attributes still encoded."""

    op_type: str
    domain: str
    attributes: dict[str, memoryview]


def read_metadata(data: bytes) -> dict[str, bytes]:
    """Return the file's metadata properties.

    Raises:
        NotOnnx: the bytes do not have the form of an ONNX file.
        TruncatedOnnx: they have, but stop in the middle.
    """
    if not data.startswith(_IR_VERSION_TAG):
        raise NotOnnx
    found = {}
    for number, value in _fields(memoryview(data)):
        if number == _MODEL_METADATA and isinstance(value, memoryview):
            found[_text(_first(value, _ENTRY_KEY))] = _bytes(_first(value, _ENTRY_VALUE))
    return found


def digest_without_metadata(data: bytes) -> str:
    """The SHA-256 of the file as it would be without its metadata properties, in hexadecimal."""
    view, digest, start = memoryview(data), hashlib.sha256(), 0
    for number, _, end in _spans(view):
        if number != _MODEL_METADATA:
            digest.update(view[start:end])
        start = end
    return digest.hexdigest()


def read_nodes(data: bytes) -> list[Node]:
    """Return the operators of the file's graph, in the file's order."""
    graphs = [v for n, v in _fields(memoryview(data)) if n == _MODEL_GRAPH]
    return [
        _node(value)
        for graph in graphs
        for number, value in _fields(_view(graph))
        if number == _GRAPH_NODE
    ]


def floats(attribute: memoryview) -> list[float]:
    """The values of an attribute of type FLOATS."""
    values: list[float] = []
    for number, value in _fields(attribute):
        if number == _ATTRIBUTE_FLOATS:
            packed = _view(value)  # one value, or many packed together
            values.extend(struct.unpack(f"<{len(packed) // 4}f", packed))
    return values


def ints(attribute: memoryview) -> list[int]:
    """The values of an attribute of type INTS, none of them negative."""
    values: list[int] = []
    for number, value in _fields(attribute):
        if number == _ATTRIBUTE_INTS:
            values.extend([value] if isinstance(value, int) else _varints(value))
    return values


def strings(attribute: memoryview) -> list[bytes]:
    """The values of an attribute of type STRINGS."""
    return [_bytes(value) for number, value in _fields(attribute) if number == _ATTRIBUTE_STRINGS]


def string(attribute: memoryview) -> bytes:
    """The value of an attribute of type STRING."""
    return _bytes(_first(attribute, _ATTRIBUTE_S))


def _node(value: int | memoryview) -> Node:
    op_type = domain = ""
    attributes = {}
    for number, field in _fields(_view(value)):
        if number == _NODE_OP_TYPE:
            op_type = _text(field)
        elif number == _NODE_DOMAIN:
            domain = _text(field)
        elif number == _NODE_ATTRIBUTE:
            attribute = _view(field)
            attributes[_text(_first(attribute, _ATTRIBUTE_NAME))] = attribute
    return Node(op_type, domain, attributes)


def _first(data: memoryview, wanted: int) -> int | memoryview:
    for number, value in _fields(data):
        if number == wanted:
            return value
    raise NotOnnx


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield each field's number with its value: an int for a varint, else the bytes."""
    for number, value, _ in _spans(data):
        yield number, value


def _spans(data: memoryview) -> Iterator[tuple[int, int | memoryview, int]]:
    """Yield each field's number with its value and with the position where it ends."""
    position, end = 0, len(data)
    while position < end:
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _varint(data, position)
            yield number, value, position
            continue
        if wire_type == 2:
            size, position = _varint(data, position)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise NotOnnx
        if position + size > end:
            raise TruncatedOnnx
        position += size
        yield number, data[position - size : position], position


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:  # a 64-bit value takes ten bytes at most
        if position >= len(data):
            raise TruncatedOnnx
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise NotOnnx


def _varints(data: memoryview) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _varint(data, position)
        yield value


def _view(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise NotOnnx
    return value


def _bytes(value: int | memoryview | bytes) -> bytes:
    if isinstance(value, int):
        raise NotOnnx
    return bytes(value)


def _text(value: int | memoryview) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise NotOnnx from None
