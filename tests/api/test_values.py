"""Values by their kinds: the quick readers and the careful one take the same."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from irisws.api.data_frames import FrameReader
from irisws.api.diagnosis import Diagnosis
from irisws.api.document import Faults, InvalidRows, NotJson
from irisws.api.values import Columns
from irisws.model.rows import as_rows, as_values
from tests.api.test_contract import FLAT_FEATURES, LARGEST, MIXED_FEATURES, SCALARS, mixed_rows

COLUMNS = Columns(MIXED_FEATURES, LARGEST)
DIAGNOSIS = Diagnosis(MIXED_FEATURES, LARGEST, max_rows=5)
# As the careful reader parses JSON: every number is a float.
PARSED = SCALARS.map(lambda v: float(v) if type(v) is int else v)


def shown(cells: Any, position: int) -> Any:
    """Cells of one feature as JSON values; NaN equals NaN there."""
    feature = MIXED_FEATURES[position]
    return as_values(as_rows([[cell] for cell in cells], [feature]), [feature])


@given(st.lists(PARSED, min_size=1, max_size=3), st.integers(0, len(MIXED_FEATURES) - 1))
def test_columns_and_diagnosis_agree(values: list[Any], position: int) -> None:
    """A column is taken if each of its values is, and makes the same cells."""
    faults = Faults()
    one_by_one = [DIAGNOSIS.value(value, position, "", faults) for value in values]
    column = COLUMNS.read(values, position)
    assert (column is None) == bool(faults)
    if column is not None:
        assert shown(column.tolist(), position) == shown(one_by_one, position)


@pytest.mark.parametrize(
    ("position", "numbers", "refused"),
    [
        (0, [1.5, np.nan, 1e39, np.inf], [False, False, True, True]),
        (1, [1.0, np.nan, 1.5, 2.0**54], [False, True, True, True]),
        (2, [1.0, 2.0, 3.0, np.nan], [False, True, False, False]),
    ],
)
def test_refused_numbers(position: int, numbers: list[float], refused: list[bool]) -> None:
    """NaN is a missing number, and wrong where none may be missing."""
    assert COLUMNS.refused(np.array(numbers), position).tolist() == refused


def frames(rows: list[str], names: list[str]) -> list[str]:
    """The same rows in each form that takes them."""
    array = f"[{', '.join(rows)}]"
    forms = [f'"instances": {array}', f'"inputs": {array}', f'"dataframe_records": {array}']
    if all(row.startswith("[") for row in rows):
        columns = json.dumps(names)
        forms.append(f'"dataframe_split": {{"columns": {columns}, "data": {array}}}')
        lists = [json.loads(row) for row in rows]
        by_name = dict(zip(names, map(list, zip(*lists, strict=True)), strict=False))
        forms.append(f'"inputs": {json.dumps(by_name)}')
    return forms


def outcome(reader: FrameReader, body: str, features: Any) -> Any:
    try:
        return as_values(reader.read(body.encode()), features)
    except NotJson:
        return NotJson
    except InvalidRows as error:
        return error.faults


@pytest.mark.parametrize("features", [MIXED_FEATURES, FLAT_FEATURES])
@given(data=st.data())
def test_quick_and_careful_reader_of_frames_agree(features: Any, data: Any) -> None:
    """Ruled out for the quick reader by empty params, a body of any kinds reads the same."""
    diagnosis = Diagnosis(features, LARGEST, max_rows=5)
    reader = FrameReader(diagnosis, features, LARGEST)
    names = [feature.name for feature in features]
    for form in frames(data.draw(mixed_rows(len(features))), names):
        quick = outcome(reader, f"{{{form}}}", features)
        assert quick == outcome(reader, f'{{{form}, "params": {{}}}}', features)


def test_frames_are_read_quickly() -> None:
    """Each form of rows of every kind is taken by the quick reader, columns in any order."""
    reader = FrameReader(DIAGNOSIS, MIXED_FEATURES, LARGEST)
    names = [feature.name for feature in MIXED_FEATURES]
    rows = [json.dumps([None, 7, 3, True, "x", "b"]), json.dumps([1.5, -1, None, None, "", None])]
    for form in frames(rows, names):
        if "dataframe_records" not in form:
            found = reader._read_quickly(f"{{{form}}}".encode())
            assert found is not None
            assert as_values(found, MIXED_FEATURES) == [
                (None, 7, 3, True, "x", "b"),
                (1.5, -1, None, None, "", None),
            ]
