"""The JSON document of an inference request (Open Inference Protocol, version 2).

Only its structure is read here: what the tensors hold is the matter of `irisws.api.tensors`.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from irisws.api.document import Faults, JsonObject, kind, members, parse
from irisws.api.values import Scalar, are_encodable

_LARGEST = 2**53  # a size or a dimension; up to here JSON numbers are exact (RFC 8259, 6)

Data = TypeVar("Data")
Dimension = Annotated[int, Meta(ge=0, le=_LARGEST)]
Parameters = dict[str, bool | float | str]  # any name: a server acts on those that it knows


class TensorOf(Struct, Generic[Data], forbid_unknown_fields=True):
    """An input tensor."""

    name: str
    shape: list[Dimension]
    datatype: str
    parameters: Parameters | UnsetType | None = UNSET
    data: Data | UnsetType | None = UNSET  # none where the elements come in binary

    @property
    def in_binary(self) -> bool:
        """Whether the elements follow the document."""
        return "binary_data_size" in (self.parameters or {})

    @property
    def elements(self) -> list[Any]:
        """The elements in JSON, flat or nested; none where there is no `data`."""
        return self.data if isinstance(self.data, list) else []

    @property
    def size(self) -> int:
        """The number of elements that the shape calls for."""
        return math.prod(self.shape)

    @property
    def shown_shape(self) -> str:
        """The shape for a message: cut, because a caller may give it any length."""
        shown = [str(dimension) for dimension in self.shape[:4]]
        return f"[{', '.join(shown)}{', …' if len(self.shape) > len(shown) else ''}]"


class Output(Struct, forbid_unknown_fields=True):
    """An output that the caller asks for."""

    name: str
    parameters: Parameters | UnsetType | None = UNSET


class InferRequestOf(Struct, Generic[Data], forbid_unknown_fields=True):
    """The document. What may be left out may be null, too: MLServer's types write that."""

    inputs: list[TensorOf[Data]]
    id: str | UnsetType | None = UNSET
    parameters: Parameters | UnsetType | None = UNSET
    outputs: list[Output] | UnsetType | None = UNSET
    model_name: str | UnsetType | None = UNSET  # KServe's client sends it; the path decides


Tensor: TypeAlias = TensorOf[Any]
InferRequest: TypeAlias = InferRequestOf[Any]

_DECODERS: list[msgspec.json.Decoder[InferRequest]] = [
    msgspec.json.Decoder(InferRequestOf[list[float]]),  # data is flat
    msgspec.json.Decoder(InferRequestOf[list[list[float]]]),  # data is nested
    msgspec.json.Decoder(InferRequestOf[list[Scalar]]),  # data is flat, and not all numbers
]
_ELEMENTS = {"BOOL": "booleans", "BYTES": "strings"}


def read_infer_request(document: bytes) -> InferRequest:
    """Read the document: quickly if it is of the usual form, else by the careful reader.

    The quick reader would take the last of a doubled name, so the colons are counted: one stands
    behind every name. Any more belong to doubled names, or stand in strings.

    Raises:
        NotJson, InvalidRows: see `irisws.api.document`.
    """
    for decoder in _DECODERS:
        try:
            request = decoder.decode(document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if document.count(b":") == _names(request):
            return request
    return _read_carefully(document)


def elements_of(datatype: str) -> str:
    """What a tensor of the datatype holds, in words."""
    return _ELEMENTS.get(datatype, "numbers")


def whole(value: Any) -> int | None:
    """A parsed JSON number as a whole number of at least 0; None if it is not one."""
    if type(value) is float and value.is_integer() and 0 <= value <= _LARGEST:
        return int(value)
    return None


def _names(described: Struct) -> int:
    """How many names stood in the JSON objects that this was decoded from."""
    values = msgspec.structs.astuple(described)
    names = len(values) - values.count(UNSET)
    for value in values:
        if isinstance(value, dict):
            names += len(value)
        elif isinstance(value, list) and value and isinstance(value[0], Struct):
            names += sum(map(_names, value))
    return names


def _read_carefully(document: bytes) -> InferRequest:
    faults = Faults()
    given = _members(parse(document), "", InferRequest, faults)
    request: InferRequest = InferRequestOf(
        inputs=[_tensor(item, at, faults) for at, item in _items(given, "inputs", faults)],
        id=_text(given.get("id"), "/id", faults),
        parameters=_parameters(given.get("parameters"), "/parameters", faults),
        outputs=[_output(item, at, faults) for at, item in _items(given, "outputs", faults)],
        model_name=_text(given.get("model_name"), "/model_name", faults),
    )
    faults.raise_any()
    return request


def _tensor(item: Any, pointer: str, faults: Faults) -> Tensor:
    given = _members(item, pointer, Tensor, faults)
    data, datatype = given.get("data"), given.get("datatype")
    if data is not None and type(data) is not list:
        what = elements_of(datatype) if isinstance(datatype, str) else "numbers"
        faults.add(f"{pointer}/data", f"expected an array of {what}, got {kind(data)}")
    return TensorOf(
        name=_text(given.get("name"), f"{pointer}/name", faults) or "",
        shape=_shape(given.get("shape"), f"{pointer}/shape", faults),
        datatype=_text(datatype, f"{pointer}/datatype", faults) or "",
        parameters=_parameters(given.get("parameters"), f"{pointer}/parameters", faults),
        data=data,
    )


def _output(item: Any, pointer: str, faults: Faults) -> Output:
    given = _members(item, pointer, Output, faults)
    name = _text(given.get("name"), f"{pointer}/name", faults) or ""
    return Output(name, _parameters(given.get("parameters"), f"{pointer}/parameters", faults))


def _members(value: Any, pointer: str, described: Any, faults: Faults) -> dict[str, Any]:
    """The members of an object of the type described; the missing ones are noted."""
    if not isinstance(value, JsonObject):
        faults.add(pointer, f"expected an object, got {kind(value)}")
        return {}
    fields = msgspec.structs.fields(described)
    given = members(value, pointer, [field.name for field in fields], faults)
    for field in fields:
        if field.required and given.get(field.name) is None:
            faults.add(f"{pointer}/{field.name}", "is missing")
    return given


def _items(given: dict[str, Any], name: str, faults: Faults) -> Iterator[tuple[str, Any]]:
    """The items of a member, each behind its pointer."""
    value = given.get(name)
    if type(value) is list:
        for at, item in enumerate(value):
            yield f"/{name}/{at}", item
    elif value is not None:
        faults.add(f"/{name}", f"expected an array of tensors, got {kind(value)}")


def _text(value: Any, pointer: str, faults: Faults) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        faults.add(pointer, f"expected a string, got {kind(value)}")
        return None
    if not are_encodable([value]):
        faults.add(pointer, "holds half of a surrogate pair, which no reply can repeat")
        return None
    return value


def _shape(value: Any, pointer: str, faults: Faults) -> list[int]:
    if value is None:
        return []
    if type(value) is not list:
        faults.add(pointer, f"expected an array of whole numbers, got {kind(value)}")
        return []
    shape = [whole(dimension) for dimension in value]
    for at, dimension in enumerate(shape):
        if dimension is None:
            faults.add(f"{pointer}/{at}", f"expected a whole number from 0 to {_LARGEST}")
    return [dimension for dimension in shape if dimension is not None]


def _parameters(value: Any, pointer: str, faults: Faults) -> Parameters | None:
    if value is None:
        return None
    if not isinstance(value, JsonObject):
        faults.add(pointer, f"expected an object, got {kind(value)}")
        return None
    return members(value, pointer, [name for name, _ in value], faults)
