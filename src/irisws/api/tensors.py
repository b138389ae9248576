"""Tensors of the Open Inference Protocol, turned into arrays and made of them.

In JSON the elements of a tensor are one flat array in row-major order, or nested arrays. In binary
(Triton's binary tensor data extension) they follow the JSON document, little-endian, without gaps.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irisws.api.diagnosis import Diagnosis
from irisws.api.document import Faults, kind, nearest
from irisws.api.infer_request import Tensor, whole

Part = memoryview | None  # the bytes of a tensor in binary; None for one in JSON

_NOT_NUMBERS = {"BOOL": "booleans", "BYTES": "strings"}


class Datatype(NamedTuple):
    """A datatype of numbers, and the least and greatest of them."""

    dtype: np.dtype[Any]
    least: float
    greatest: float
    wanted: str

    def holds(self, value: float) -> bool:
        """Whether a finite number is one of the datatype.

        As in JSON's own arithmetic a number is a float64, so next to the ends of INT64 and UINT64
        the check is as exact as a float64 is.
        """
        return self.least <= value <= self.greatest and (
            self.dtype.kind == "f" or value.is_integer()
        )

    def holds_all(self, values: NDArray[np.float64], largest: float) -> bool:
        """Whether all values are numbers of the datatype, and none is larger than the largest."""
        least, greatest = max(self.least, -largest), min(self.greatest, largest)
        if not (least <= values.min() and values.max() <= greatest):
            return False
        return self.dtype.kind == "f" or bool((values == np.rint(values)).all())


def _float(size: int) -> Datatype:
    dtype = np.dtype(f"<f{size}")
    greatest = float(np.finfo(dtype).max)
    return Datatype(dtype, -greatest, greatest, f"a number of at most {greatest:.2g} in size")


def _integer(code: str) -> Datatype:
    dtype = np.dtype(f"<{code}")
    ends = np.iinfo(dtype)
    wanted = f"a whole number from {ends.min} to {ends.max}"
    return Datatype(dtype, float(ends.min), float(ends.max), wanted)


# What an input may be: every feature is a number.
NUMBERS = {
    **{f"FP{8 * size}": _float(size) for size in (2, 4, 8)},
    **{f"INT{8 * size}": _integer(f"i{size}") for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": _integer(f"u{size}") for size in (1, 2, 4, 8)},
}


def check(tensor: Tensor, pointer: str, faults: Faults) -> None:
    """Note what is wrong with a tensor's datatype, and with where its elements are."""
    datatype = tensor.datatype
    if datatype in _NOT_NUMBERS:
        detail = f"{datatype} holds {_NOT_NUMBERS[datatype]}, and every feature is a number"
        faults.add(f"{pointer}/datatype", f"expected a datatype such as FP64: {detail}")
    elif datatype not in NUMBERS:
        near = nearest(datatype, NUMBERS)
        hint = "" if near is None else f", did you mean {near}?"
        faults.add(f"{pointer}/datatype", f"is not a datatype of the protocol{hint}", near)
    elif datatype == "FP16" and not tensor.in_binary:
        faults.add(f"{pointer}/datatype", "FP16 has no form in JSON: send FP32, or send it binary")
    if isinstance(tensor.data, list) and tensor.in_binary:
        faults.add(f"{pointer}/data", "is given and binary_data_size is: give one of them")
    elif not isinstance(tensor.data, list) and not tensor.in_binary:
        faults.add(f"{pointer}/data", "is missing: an array of numbers")


def split(inputs: Sequence[Tensor], tail: memoryview, faults: Faults) -> list[Part]:
    """Cut what follows the document into the checked tensors that are in binary, in their order.

    Every size must be that of shape and datatype, and together they must be all there is.
    """
    parts: list[Part] = [None] * len(inputs)
    taken = 0
    for at, tensor in enumerate(inputs):
        if tensor.in_binary:
            size = _binary_size(tensor, f"/inputs/{at}/parameters/binary_data_size", faults)
            parts[at] = tail[taken : taken + size]
            taken += size
    if taken != len(tail):
        found = f"{len(tail)} bytes follow the JSON document"
        faults.add("/inputs", f"binary_data_size adds up to {taken} bytes, and {found}")
    return parts


def _binary_size(tensor: Tensor, pointer: str, faults: Faults) -> int:
    given = (tensor.parameters or {}).get("binary_data_size")
    size = whole(given)
    if size is None:
        faults.add(pointer, f"expected a number of bytes, got {kind(given)}")
        return 0
    wanted = tensor.size * NUMBERS[tensor.datatype].dtype.itemsize
    if size != wanted:
        what = f"{tensor.datatype} of shape {tensor.shown_shape}"
        faults.add(pointer, f"expected {wanted} bytes for {what}, got {size}")
    return size


class Elements:
    """Reads the elements of tensors that hold features, and refuses what is not finite."""

    def __init__(self, diagnosis: Diagnosis, largest_value: float) -> None:
        self._diagnosis = diagnosis
        self._largest_value = largest_value

    def read(
        self, tensor: Tensor, part: Part, first: int, pointer: str, faults: Faults
    ) -> NDArray[Any] | None:
        """The elements of a checked tensor, as `[n, columns]`; None if faults were noted.

        Args:
            tensor: Of shape `[n]` or `[n, features]`.
            part: Its bytes if it is in binary.
            first: The feature that the first column holds; each next holds the next feature.
            pointer: To the tensor.
            faults: Where to note what is wrong.
        """
        values = (
            self._from_json(tensor, first, pointer, faults)
            if part is None
            else self._from_binary(tensor, part, pointer, faults)
        )
        return None if values is None else values.reshape(tensor.shape[0], -1)

    def _from_binary(
        self, tensor: Tensor, part: memoryview, pointer: str, faults: Faults
    ) -> NDArray[Any] | None:
        values: NDArray[Any] = np.frombuffer(part, NUMBERS[tensor.datatype].dtype)
        with np.errstate(invalid="ignore"):  # signalling NaN
            # As Python floats: in FP16 the largest value itself would become infinite.
            least, greatest = float(values.min()), float(values.max())
            if -self._largest_value <= least and greatest <= self._largest_value:  # not so for NaN
                return values
            bad = np.flatnonzero(~(np.abs(values.astype(np.float64)) <= self._largest_value))
        wanted = f"expected a finite number of at most {self._largest_value:.2g} in size"
        for at in bad.tolist():
            faults.add(pointer, f"element {at}: {wanted}")
        return None

    def _from_json(
        self, tensor: Tensor, first: int, pointer: str, faults: Faults
    ) -> NDArray[np.float64] | None:
        flat = _flat(tensor, pointer, faults)
        if flat is None:
            return None
        if set(map(type, flat)) == {float}:
            values = np.fromiter(flat, np.float64, len(flat))
            if NUMBERS[tensor.datatype].holds_all(values, self._largest_value):
                return values
        self._explain(tensor, flat, first, pointer, faults)
        return None

    def _explain(
        self, tensor: Tensor, flat: Sequence[Any], first: int, pointer: str, faults: Faults
    ) -> None:
        width = tensor.shape[1] if len(tensor.shape) == 2 else 1
        datatype = NUMBERS[tensor.datatype]
        for at, (place, value) in enumerate(zip(_pointers(tensor, pointer), flat, strict=False)):
            known = len(faults)
            self._diagnosis.number(value, first + at % width, place, faults)
            if len(faults) == known and not datatype.holds(value):
                faults.add(place, f"expected {datatype.wanted} ({tensor.datatype})")


def _flat(tensor: Tensor, pointer: str, faults: Faults) -> list[Any] | None:
    """The elements as one list; None if they are not those that the shape says."""
    data = tensor.elements
    if not _is_nested(tensor):
        if len(data) == tensor.size:
            return data
        wanted = f"expected {tensor.size} numbers for the shape {tensor.shown_shape}"
        faults.add(f"{pointer}/data", f"{wanted}, got {len(data)}")
        return None
    rows, width = tensor.shape
    if len(data) != rows:
        faults.add(f"{pointer}/data", f"expected {rows} rows, got {len(data)}")
        return None
    if set(map(type, data)) == {list} and set(map(len, data)) == {width}:
        return list(chain.from_iterable(data))
    for at, row in enumerate(data):
        given = len(row) if type(row) is list else kind(row)
        if given != width:
            faults.add(f"{pointer}/data/{at}", f"expected {width} numbers, got {given}")
    return None


def _is_nested(tensor: Tensor) -> bool:
    return len(tensor.shape) == 2 and bool(tensor.elements) and type(tensor.elements[0]) is list


def _pointers(tensor: Tensor, pointer: str) -> Iterator[str]:
    if _is_nested(tensor):
        rows, width = tensor.shape
        return (f"{pointer}/data/{row}/{at}" for row in range(rows) for at in range(width))
    return (f"{pointer}/data/{at}" for at in range(tensor.size))


def bytes_elements(texts: Sequence[str]) -> list[bytes]:
    """Texts as BYTES elements in binary: the length in four bytes, then UTF-8."""
    encoded = [text.encode() for text in texts]
    return [len(text).to_bytes(4, "little") + text for text in encoded]
