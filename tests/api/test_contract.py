"""The contract: what is read, what is refused, and that the quick reader never disagrees."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from irisws.api.contract import Contract
from irisws.api.diagnosis import Diagnosis
from irisws.api.document import InvalidRows, NotJson
from irisws.model.card import Feature
from irisws.model.rows import as_rows, as_values

LARGEST = 3.4028234663852886e38
FEATURES = tuple(
    Feature(name=name, alias=alias, unit="cm", minimum=0, maximum=9, quantiles=(1,) * 5, example=5)
    for name, alias in (
        ("sepal_length", "sl"),
        ("sepal_width", "sw"),
        ("petal_length", "pl"),
        ("petal_width", "pw"),
    )
)
NUMERIC: Any = {"minimum": 0, "maximum": 9, "quantiles": (1,) * 5, "example": 5}
CONTRACT = Contract(FEATURES, LARGEST, max_rows=5)
SLOW = Diagnosis(FEATURES, LARGEST, max_rows=5)


def faults(body: str | bytes) -> list[tuple[str, str]]:
    """The faults that reading one row finds, as (pointer, detail)."""
    with pytest.raises(InvalidRows) as error:
        CONTRACT.read_row(body.encode() if isinstance(body, str) else body)
    return [(fault.pointer, fault.detail) for fault in error.value.faults]


def instance_faults(instances: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRows) as error:
        CONTRACT.read_instances(f'{{"instances": {instances}}}'.encode())
    return [(fault.pointer, fault.detail) for fault in error.value.faults]


@pytest.mark.parametrize(
    "body",
    [
        '{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
        '{"pw": 3, "pl": 2, "sw": 1, "sl": 2}',
        '{"sepal_length": 2, "sepal_width": 1, "petal_length": 2, "petal_width": 3}',
        '{"sl": 2, "sepal_width": 1, "pl": 2, "petal_width": 3}',
        '\n{"s\\u006c": 2e0, "sw": 10e-1, "pl": 2.00, "pw": 3}\t',
    ],
)
def test_row_by_name(body: str) -> None:
    """Names in any order, short or full or mixed, give the row in card order."""
    assert CONTRACT.read_row(body.encode()) == (2.0, 1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    "instances",
    [
        "[[2, 1, 2, 3], [5, 3, 1, 0.2]]",
        '[{"sl": 2, "sw": 1, "pl": 2, "pw": 3}, {"pw": 0.2, "sl": 5, "sw": 3, "pl": 1}]',
        '[[2, 1, 2, 3], {"sepal_length": 5, "sw": 3, "pl": 1, "pw": 0.2}]',
    ],
)
def test_instances(instances: str) -> None:
    """Rows are arrays in card order or objects by name, each row as it likes."""
    rows = CONTRACT.read_instances(f'{{"instances": {instances}}}'.encode()).matrix
    assert rows.tolist() == [[2.0, 1.0, 2.0, 3.0], [5.0, 3.0, 1.0, 0.2]]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("true", "a boolean"),
        ('"5.1"', "a string"),
        ("null", "null"),
        ("[5.1]", "an array"),
        ('{"cm": 5.1}', "an object"),
    ],
)
def test_only_numbers_are_numbers(value: str, kind: str) -> None:
    """Nothing is converted: a boolean, a string or null is refused by its kind."""
    assert faults(f'{{"sl": {value}, "sw": 1, "pl": 2, "pw": 3}}') == [
        ("/sl", f"expected a number in cm, got {kind}")
    ]


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e39", "1" + "0" * 5000])
def test_numbers_too_large_for_the_engine(value: str) -> None:
    """What would overflow to infinity in the engine is refused, however it is written."""
    assert faults(f'{{"sl": {value}, "sw": 1, "pl": 2, "pw": 3}}') == [
        ("/sl", "expected a number of at most 3.4e+38 in size")
    ]


def test_every_fault_is_told_at_once() -> None:
    """Unknown, doubled, missing and mistyped: one reply names them all."""
    assert faults('{"sl": 1, "sl": 2, "sw": "x", "pv": 3}') == [
        ("/sl", "is given 2 times"),
        ("/pv", "is not a known name, did you mean pw?"),
        ("/sw", "expected a number in cm, got a string"),
        ("/petal_length", "is missing: petal_length (or pl) in cm"),
        ("/petal_width", "is missing: petal_width (or pw) in cm"),
    ]


def test_feature_given_by_both_its_names() -> None:
    """A short and a full name of one feature are a doubled name."""
    assert faults('{"sl": 1, "sepal_length": 2, "sw": 1, "pl": 2, "pw": 3}') == [
        ("/sepal_length", "is the same feature as sl: give one of them")
    ]


def test_doubled_name_in_instances() -> None:
    """Of a name given twice no one knows which value is meant, so neither is taken."""
    row = '{"sl": 1, "sl": 2, "sw": 1, "pl": 2, "pw": 3}'
    assert instance_faults(f"[{row}]") == [("/instances/0/sl", "is given 2 times")]


def test_row_that_stands_by_itself() -> None:
    """Whoever sends one row as to `POST /` is told where it goes."""
    with pytest.raises(InvalidRows) as error:
        CONTRACT.read_instances(b'{"sl": 1, "sw": 1, "pl": 2, "petal_width": 3}')
    [fault] = error.value.faults
    assert (fault.pointer, fault.detail.endswith(", got a row by itself")) == ("", True)
    assert fault.detail.startswith('expected an object {"instances": [{"sl": ')


def test_doubled_instances() -> None:
    """The same goes for the outer object."""
    with pytest.raises(InvalidRows) as error:
        CONTRACT.read_instances(b'{"instances": [[1, 2, 3, 4]], "instances": [[1, 2, 3, 4]]}')
    assert [fault.pointer for fault in error.value.faults] == ["/instances"]


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ("[]", ("/instances", "expected 1 to 5 rows, got 0")),
        ("[[1,2,3,4]" + ",[1,2,3,4]" * 5 + "]", ("/instances", "expected 1 to 5 rows, got 6")),
        ("{}", ("/instances", "expected an array of rows, got an object")),
        ("7", ("/instances", "expected an array of rows, got a number")),
        ("[7]", ("/instances/0", "expected a row as an object or an array, got a number")),
        (
            "[[1, 2, 3]]",
            (
                "/instances/0",
                "expected 4 numbers (sepal_length, sepal_width, petal_length, petal_width), got 3",
            ),
        ),
        ("[[1, 2, 3, null]]", ("/instances/0/3", "expected a number in cm, got null")),
    ],
)
def test_instances_that_do_not_fit(instances: str, expected: tuple[str, str]) -> None:
    """The pointer leads to the row and the value."""
    assert instance_faults(instances) == [expected]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"[1]", 'expected an object {"instances": [{"sl": 5, "sw": 5, "pl": 5, "pw": 5}]}, '),
        (b"{}", "is missing: an array of rows"),
        (b'{"instances": [[1,2,3,4]], "parameter": {}}', "is not a known name"),
    ],
)
def test_outer_object_that_does_not_fit(body: bytes, detail: str) -> None:
    """The outer object has one member and no other."""
    with pytest.raises(InvalidRows) as error:
        CONTRACT.read_instances(body)
    assert error.value.faults[0].detail.startswith(detail)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expecting value at line 1, column 1"),
        (b'{"sl": }', "expecting value at line 1, column 8"),
        (b'{"sl": NaN}', "NaN is not a JSON number"),
        (b'{"sl": -Infinity}', "-Infinity is not a JSON number"),
        (b"\xef\xbb\xbf{}", "unexpected UTF-8 BOM (decode using utf-8-sig) at line 1, column 1"),
        ('{"sl": 1}'.encode("utf-16"), "not UTF-8 at byte 0"),
        (b'{"sl": "\xff"}', "not UTF-8 at byte 8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{'sl': 1}", "expecting property name enclosed in double quotes at line 1, column 2"),
        (b'{"sl": 01}', "expecting ',' delimiter at line 1, column 9"),
        (b'{"sl": 1} {}', "extra data at line 1, column 11"),
    ],
)
def test_what_is_not_json(body: bytes, message: str) -> None:
    """The message says where the document stops being JSON."""
    for read in (CONTRACT.read_row, CONTRACT.read_instances):
        with pytest.raises(NotJson) as error:
            read(body)
        assert str(error.value) == message


def test_search_for_faults_ends_at_a_hundred() -> None:
    """A body of nothing but faults costs little and gets a reply of bounded size."""
    body = json.dumps({f"name{at}": at for at in range(10_000)})
    assert len(faults(body)) == 100


def test_suggestions_are_not_sought_without_end() -> None:
    """Each name is compared with thousands: the first few get a suggestion, all are told."""
    features = tuple(Feature(name=f"column_{at}", **NUMERIC) for at in range(2000))
    body = json.dumps({f"colum_{at}": at for at in range(50)}).encode()
    with pytest.raises(InvalidRows) as error:
        Contract(features, LARGEST, 5).read_row(body)
    unknown = [f for f in error.value.faults if f.detail.startswith("is not a known name")]
    assert len(unknown) == 50
    assert sum(fault.suggestion is not msgspec.UNSET for fault in unknown) == 5


def test_names_are_repeated_back_harmlessly() -> None:
    """Names in pointers are cut, escaped (RFC 6901) and freed of what cannot be shown."""
    body = '{"a/b~c": 1, "\\ud800\\u0007": 2, "' + "x" * 500 + '": 3}'
    assert [pointer for pointer, _ in faults(body)][:3] == [
        "/a~1b~0c",
        "/\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}",
        "/" + "x" * 63 + "…",
    ]


def test_names_with_colons_are_safe_from_doubling() -> None:
    """Where a name holds a colon, doubled names are found all the same."""
    features = (
        Feature(name="a:b", minimum=0, maximum=1, quantiles=(0,) * 5, example=0),
        Feature(name="c", minimum=0, maximum=1, quantiles=(0,) * 5, example=0),
    )
    contract = Contract(features, LARGEST, 5)
    assert contract.read_row(b'{"a:b": 1, "c": 2}') == (1.0, 2.0)
    with pytest.raises(InvalidRows):
        contract.read_row(b'{"a\\u003ab": 1, "c": 2, "c": 3}')


def test_model_of_one_feature() -> None:
    """One feature makes rows of one value."""
    feature = Feature(name="x", minimum=0, maximum=1, quantiles=(0,) * 5, example=0)
    contract = Contract((feature,), LARGEST, 5)
    assert contract.read_row(b'{"x": 1}') == (1.0,)
    assert contract.read_instances(b'{"instances": [[1], [2]]}').matrix.tolist() == [[1.0], [2.0]]


NAMES = st.sampled_from(["sl", "sw", "pl", "pw", "sepal_length", "petal_width", "pv", ""])
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**40), 10**40),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6) | st.permutations(
    ["sl", "sw", "pl", "pw"]
).flatmap(lambda names: st.tuples(*(st.tuples(st.just(n), st.floats(-10, 10)) for n in names)))


def dump(pairs: Any) -> str:
    return "{" + ", ".join(f"{json.dumps(n)}: {json.dumps(v)}" for n, v in pairs) + "}"


def outcome(read: Any, body: bytes) -> Any:
    """What reading comes to: the numbers, or the kind of refusal."""
    try:
        got = read(body)
    except (NotJson, InvalidRows) as error:
        return type(error)
    return np.array(got[0] if isinstance(got[-1], dict) else got).tolist()


@given(PAIRS)
def test_quick_and_careful_reader_agree_on_rows(pairs: Any) -> None:
    """Whatever the quick reader lets through, the careful one reads as the same numbers."""
    body = dump(pairs).encode()
    assert outcome(CONTRACT.read_row, body) == outcome(SLOW.read_row, body)


@given(st.lists(PAIRS.map(dump) | st.lists(VALUES, min_size=3, max_size=5).map(json.dumps)))
def test_quick_and_careful_reader_agree_on_instances(rows: list[str]) -> None:
    """The same for many rows of any form."""
    body = f'{{"instances": [{", ".join(rows)}]}}'.encode()
    assert outcome(CONTRACT.read_instances, body) == outcome(SLOW.read_instances, body)


MIXED_FEATURES = (
    Feature(name="x", alias="größe", missing=True, **NUMERIC),
    Feature(name="n", kind="integer", **NUMERIC),
    Feature(name="m", kind="integer", missing=True, closed=True, categories=(1.0, 3.0), **NUMERIC),
    Feature(name="flag", kind="boolean", missing=True, example=True),
    Feature(name="text", kind="string", example="a:b"),
    Feature(
        name="self", kind="string", missing=True, closed=True, categories=("ü", "b"), example="ü"
    ),
)
# The same without the strings: rows of floats.
FLAT_FEATURES = MIXED_FEATURES[:4]
SCALARS = st.one_of(
    st.sampled_from([None, True, False, 1, 3, 3.0, 2.5, -0.0, 1e39, 1e400, 2**53, 2**53 + 1]),
    st.sampled_from(["ü", "b", "a:b", "\ud800", "", "1", "\ud800\udc00"]),
)
# Mostly right, or nearly every row would be refused by either reader.
RIGHT = [
    st.sampled_from([None, 1, 2.5, 1e30]),
    st.sampled_from([0, 7, -3.0, 2**53 - 1]),
    st.sampled_from([None, 1, 3, 3.0]),
    st.sampled_from([None, True, False]),
    st.sampled_from(["", "ü", "\U0001f33c", "a:b"]),
    st.sampled_from([None, "ü", "b"]),
]


def mixed_rows(width: int) -> Any:
    """Rows as JSON arrays or objects, with one value in them that may be of any kind."""
    names = [feature.name for feature in MIXED_FEATURES[:width]]
    right = st.tuples(*RIGHT[:width])
    spoilt = st.builds(
        lambda row, at, value: row[:at] + (value,) + row[at + 1 :],
        right,
        st.integers(0, width - 1),
        SCALARS,
    )
    arrays = (right | right | spoilt).map(list)
    objects = st.builds(
        lambda row, order, last: [*((names[at], row[at]) for at in order), *last],
        arrays,
        st.permutations(range(width)),
        st.sampled_from([[], [], [], [("x", 1)], [("größe", 1)], [("nn", 1)]]),
    ).map(dump)
    return st.lists(arrays.map(json.dumps), max_size=3) | st.lists(objects, max_size=3)


def read_as_values(read: Any, features: Any, body: bytes) -> Any:
    """What reading comes to: rows as JSON values, or the kind of refusal."""
    try:
        got = read(body)
    except (NotJson, InvalidRows) as error:
        return type(error)
    rows = got[0]
    return as_values(as_rows(rows, features) if isinstance(rows, list) else rows, features)


@pytest.mark.parametrize("features", [MIXED_FEATURES, FLAT_FEATURES])
@given(data=st.data())
def test_readers_agree_on_values_of_every_kind(features: Any, data: Any) -> None:
    """Null, whole numbers, booleans, strings and categories: what one takes the other takes."""
    contract = Contract(features, LARGEST, max_rows=5)
    careful = Diagnosis(features, LARGEST, max_rows=5)
    rows = data.draw(mixed_rows(len(features)))
    body = f'{{"instances": [{", ".join(rows)}]}}'.encode()
    found = read_as_values(contract.read_instances, features, body)
    assert found == read_as_values(careful.read_instances, features, body)
    for row in rows:
        one, same = (
            read_as_values(lambda body, read=read: ([read(body)],), features, row.encode())
            for read in (contract.read_row, careful.read_row)
        )
        assert one == same


def test_values_of_every_kind() -> None:
    """The quick reader takes a row of each kind, and null is what is missing."""
    contract = Contract(MIXED_FEATURES, LARGEST, max_rows=5)
    contract._diagnosis = None  # type: ignore[assignment]  # the careful one is not to be asked
    body = '{"instances": [[null, 7, null, true, "", "ü"], [1, -3, 3, null, "x", null]]}'
    rows = contract.read_instances(body.encode()).matrix
    assert as_values(rows, MIXED_FEATURES) == [
        (None, 7, None, True, "", "ü"),
        (1.0, -3, 3, None, "x", None),
    ]
    row = contract.read_row(
        '{"größe": null, "n": 7, "m": 1, "flag": null, "text": "", "self": null}'.encode()
    )
    assert [repr(cell) for cell in row] == ["nan", "7", "1", "nan", "''", "None"]


def test_categories_that_no_type_can_say() -> None:
    """Fractions that are categories are read by the careful reader alone."""
    feature = Feature(name="x", closed=True, categories=(0.5, 1.5), **NUMERIC)
    contract = Contract((feature,), LARGEST, 5)
    assert contract.read_row(b'{"x": 1.5}') == (1.5,)
    with pytest.raises(InvalidRows):
        contract.read_instances(b'{"instances": [[1]]}')


PIECES = st.sampled_from(
    ["1", "-2.5e3", ",", ", ", "],[", "], [", "[", "]", " ", "e", "0", "1,1,1,1"]
)


@given(st.lists(PIECES, max_size=20).map("".join))
@example("1,1,1,1]1,[1,1,1")
@example("1,1,1,1],1[1,1,1")
@example("1 1,1,1,1],[1,1,1,1")
@example("1,1,1],[1,1,1,1,1")
@example("1,1,1,1],[")
@example("1,1,1,1e400")
@example("1,1,1,1],[1,1,1,1")
def test_flat_reading_is_no_looser_than_json(inner: str) -> None:
    """The shortcut for arrays lets nothing through that is not JSON of the right shape."""
    body = f'{{"instances":[[{inner}]]}}'.encode()
    assert outcome(CONTRACT.read_instances, body) == outcome(SLOW.read_instances, body)


@given(st.binary() | st.text().map(str.encode) | st.text('{}[]":,0123456789.eE-').map(str.encode))
def test_any_bytes_give_rows_or_a_refusal(body: bytes) -> None:
    """No body raises anything but the two errors of the contract."""
    outcome(CONTRACT.read_row, body)
    outcome(CONTRACT.read_instances, body)
