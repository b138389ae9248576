"""Tensors of the Open Inference Protocol, turned into arrays and made of them.

In JSON the elements of a tensor are one flat array in row-major order, or nested arrays. In binary
(Triton's binary tensor data extension) they follow the JSON document, little-endian, without gaps.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irisws.api.diagnosis import Diagnosis, wanted
from irisws.api.document import Faults, kind
from irisws.api.infer_request import Tensor, elements_of, whole
from irisws.api.values import Columns, is_plain
from irisws.model.card import Feature
from irisws.model.names import nearest

Part = memoryview | None  # the bytes of a tensor in binary; None for one in JSON

_LENGTH_SIZE = 4  # of a BYTES element, before its bytes


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


# What a feature that is a number or an integer may come in.
NUMBERS = {
    **{f"FP{8 * size}": _float(size) for size in (2, 4, 8)},
    **{f"INT{8 * size}": _integer(f"i{size}") for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": _integer(f"u{size}") for size in (1, 2, 4, 8)},
}


_DATATYPES = (*NUMBERS, "BOOL", "BYTES")


def datatype_of(feature: Feature) -> str:
    """The datatype that holds every value of the feature: NaN is a missing number."""
    if feature.kind == "integer" and not feature.missing:
        return "INT64"
    return {"boolean": "BOOL", "string": "BYTES"}.get(feature.kind, "FP64")


def check(tensor: Tensor, feature: Feature | None, pointer: str, faults: Faults) -> None:
    """Note what is wrong with a tensor's datatype, and with where its elements are.

    Args:
        tensor: To check.
        feature: What it holds; None for all the features, which are then numbers.
        pointer: To the tensor.
        faults: Where to note what is wrong.
    """
    datatype = tensor.datatype
    if datatype not in _DATATYPES:
        near = nearest(datatype, _DATATYPES)
        hint = "" if near is None else f", did you mean {near}?"
        faults.add(f"{pointer}/datatype", f"is not a datatype of the protocol{hint}", near)
    elif not _suits(datatype, feature):
        faults.add(f"{pointer}/datatype", _unsuited(datatype, feature))
    elif datatype == "FP16" and not tensor.in_binary:
        faults.add(f"{pointer}/datatype", "FP16 has no form in JSON: send FP32, or send it binary")
    if isinstance(tensor.data, list) and tensor.in_binary:
        faults.add(f"{pointer}/data", "is given and binary_data_size is: give one of them")
    elif not isinstance(tensor.data, list) and not tensor.in_binary:
        faults.add(f"{pointer}/data", f"is missing: an array of {elements_of(datatype)}")


def _suits(datatype: str, feature: Feature | None) -> bool:
    if feature is None or feature.is_numeric:
        return datatype in NUMBERS
    return datatype == datatype_of(feature)


def _unsuited(datatype: str, feature: Feature | None) -> str:
    if feature is None:
        what = "every feature is a number"
    else:
        what = f"{feature.name} is {'a number' if feature.is_numeric else f'a {feature.kind}'}"
    such = "a datatype such as FP64" if feature is None else datatype_of(feature)
    return f"expected {such}: {datatype} holds {elements_of(datatype)}, and {what}"


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
    if tensor.datatype != "BYTES":  # its elements have lengths of their own
        itemsize = NUMBERS[tensor.datatype].dtype.itemsize if tensor.datatype in NUMBERS else 1
        if size != tensor.size * itemsize:
            what = f"{tensor.datatype} of shape {tensor.shown_shape}"
            faults.add(pointer, f"expected {tensor.size * itemsize} bytes for {what}, got {size}")
    return size


class Elements:
    """Reads the elements of tensors that hold features, and refuses what these do not take."""

    def __init__(
        self, diagnosis: Diagnosis, features: Sequence[Feature], largest_value: float
    ) -> None:
        self._diagnosis = diagnosis
        self._features = features
        self._columns = Columns(features, largest_value)
        self._largest_value = largest_value

    def read(
        self, tensor: Tensor, part: Part, first: int, pointer: str, faults: Faults
    ) -> NDArray[Any] | None:
        """The elements of a checked tensor, as cells `[n, columns]`; None if faults were noted.

        Args:
            tensor: Of shape `[n]` or `[n, features]`.
            part: Its bytes if it is in binary.
            first: The feature that the first column holds; each next holds the next feature.
            pointer: To the tensor.
            faults: Where to note what is wrong.
        """
        read = self._from_json if part is None else self._from_binary
        values = read(tensor, part, first, pointer, faults)
        return None if values is None else values.reshape(tensor.shape[0], -1)

    def _from_binary(
        self, tensor: Tensor, part: Part, first: int, pointer: str, faults: Faults
    ) -> NDArray[Any] | None:
        assert part is not None
        if tensor.datatype in NUMBERS:
            return self._binary_numbers(tensor, part, first, pointer, faults)
        read = _booleans if tensor.datatype == "BOOL" else _texts
        values = read(part, tensor.size, pointer, faults)
        if values is None:
            return None
        cells = self._columns.read(values, first)
        if cells is None:
            for at, value in enumerate(values):
                faults.place = f"element {at}: "
                self._diagnosis.value(value, first, pointer, faults)
            faults.place = ""
        return cells

    def _binary_numbers(
        self, tensor: Tensor, part: memoryview, first: int, pointer: str, faults: Faults
    ) -> NDArray[Any] | None:
        values: NDArray[Any] = np.frombuffer(part, NUMBERS[tensor.datatype].dtype)
        features = self._features_of(tensor, first)
        with np.errstate(invalid="ignore"):  # signalling NaN
            # As Python floats: in FP16 the largest value itself would become infinite.
            least, greatest = float(values.min()), float(values.max())
            is_finite = -self._largest_value <= least and greatest <= self._largest_value
            if is_finite and all(map(is_plain, features)):
                return values
            numbers = values.astype(np.float64)
            bad = np.flatnonzero(self._refused(numbers, first, len(features)))
        for at in bad.tolist():
            detail = self._finite(features[at % len(features)])
            faults.add(pointer, f"element {at}: {detail}")
        return None if len(bad) else numbers

    def _finite(self, feature: Feature) -> str:
        """What was expected of an element in binary, where a number may be no number."""
        if feature.closed or feature.kind == "integer":
            return f"expected {wanted(feature)}".replace("null", "NaN")
        hint = ", or NaN" if feature.missing else ""
        return f"expected a finite number of at most {self._largest_value:.2g} in size{hint}"

    def _features_of(self, tensor: Tensor, first: int) -> Sequence[Feature]:
        width = tensor.shape[1] if len(tensor.shape) == 2 else 1
        return self._features[first : first + width]

    def _refused(self, numbers: NDArray[np.float64], first: int, width: int) -> NDArray[np.bool_]:
        """Which elements, flat as they are given, their features do not take."""
        table = numbers.reshape(-1, width)
        refused = [self._columns.refused(table[:, at], first + at) for at in range(width)]
        return np.column_stack(refused).ravel()

    def _from_json(
        self, tensor: Tensor, part: Part, first: int, pointer: str, faults: Faults
    ) -> NDArray[Any] | None:
        flat = _flat(tensor, pointer, faults)
        if flat is None:
            return None
        if tensor.datatype in NUMBERS:
            values = self._json_numbers(tensor, flat, first)
        else:
            values = self._columns.read(flat, first)
        if values is None:
            self._explain(tensor, flat, first, pointer, faults)
        return values

    def _json_numbers(
        self, tensor: Tensor, flat: Sequence[Any], first: int
    ) -> NDArray[np.float64] | None:
        features, types = self._features_of(tensor, first), set(map(type, flat))
        datatype = NUMBERS[tensor.datatype]
        if types == {float} and all(map(is_plain, features)):
            values = np.fromiter(flat, np.float64, len(flat))
            return values if datatype.holds_all(values, self._largest_value) else None
        if not types <= {float, type(None)}:
            return None
        values = np.array(flat, dtype=np.float64)  # None becomes NaN
        if self._refused(values, first, len(features)).any():
            return None
        present = values[~np.isnan(values)]
        if len(present) and not datatype.holds_all(present, self._largest_value):
            return None
        return values

    def _explain(
        self, tensor: Tensor, flat: Sequence[Any], first: int, pointer: str, faults: Faults
    ) -> None:
        width = len(self._features_of(tensor, first))
        datatype = NUMBERS.get(tensor.datatype)
        for at, (place, value) in enumerate(zip(_pointers(tensor, pointer), flat, strict=False)):
            known = len(faults)
            self._diagnosis.value(value, first + at % width, place, faults)
            if len(faults) > known or datatype is None or value is None:
                continue
            if not datatype.holds(value):
                faults.add(place, f"expected {datatype.wanted} ({tensor.datatype})")


def _booleans(part: memoryview, count: int, pointer: str, faults: Faults) -> list[Any] | None:
    """The elements of a BOOL tensor: a byte each, 0 or 1."""
    elements = part.tolist()
    bad = [at for at, element in enumerate(elements) if element > 1]
    for at in bad:
        faults.add(pointer, f"element {at}: expected a byte of 0 or 1")
    return None if bad else [element == 1 for element in elements]


def _texts(part: memoryview, count: int, pointer: str, faults: Faults) -> list[Any] | None:
    """The elements of a BYTES tensor: each its length in four bytes, then UTF-8."""
    texts: list[Any] = []
    start = 0
    while start < len(part) and len(texts) <= count:
        size = int.from_bytes(part[start : start + _LENGTH_SIZE], "little")
        start += _LENGTH_SIZE + size
        if start > len(part):
            faults.add(pointer, f"element {len(texts)}: ends behind the {len(part)} bytes given")
            return None
        try:
            texts.append(bytes(part[start - size : start]).decode())
        except UnicodeDecodeError:
            faults.add(pointer, f"element {len(texts)}: is not UTF-8")
            return None
    if len(texts) != count:
        found = "more" if len(texts) > count else len(texts)
        faults.add(pointer, f"expected {count} elements, got {found}")
        return None
    return texts


def _flat(tensor: Tensor, pointer: str, faults: Faults) -> list[Any] | None:
    """The elements as one list; None if they are not those that the shape says."""
    data = tensor.elements
    if not _is_nested(tensor):
        if len(data) == tensor.size:
            return data
        what = f"{elements_of(tensor.datatype)} for the shape {tensor.shown_shape}"
        faults.add(f"{pointer}/data", f"expected {tensor.size} {what}, got {len(data)}")
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
            what = elements_of(tensor.datatype)
            faults.add(f"{pointer}/data/{at}", f"expected {width} {what}, got {given}")
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
