"""The forms of SageMaker and MLflow: what is read, what is refused and why, and the replies."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from webtest import TestApp as WebClient

import irisws
from irisws.model.model import Model
from irisws.settings import Settings

URL = "/invocations"
ARTICLE = "2.0,1.0,2.0,3.0"
REVERSED = "3.0,2.0,1.0,2.0"
HEADER = "petal_width,petal_length,sepal_width,sepal_length"

CLIENT = WebClient(irisws.create_app(settings=Settings(max_rows=5, max_body_bytes=100_000)))


def post(body: str | bytes, content_type: str, **headers: str) -> Any:
    body = body.encode() if isinstance(body, str) else body
    return CLIENT.post(
        URL,
        body,
        content_type=content_type,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        expect_errors=True,
    )


def post_json(body: str | bytes, **headers: str) -> Any:
    return post(body, "application/json", **headers)


def post_csv(body: str | bytes, content_type: str = "text/csv", **headers: str) -> Any:
    return post(body, content_type, **headers)


def faults(reply: Any) -> list[tuple[str, str]]:
    assert (reply.status_code, reply.content_type) == (422, "application/problem+json")
    return [(fault["pointer"], fault["detail"]) for fault in reply.json["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        '{"instances": [[2, 1, 2, 3], [5, 3, 1, 0.2]]}',
        '{"instances": [{"pw": 3, "sl": 2, "sw": 1, "pl": 2}, [5, 3, 1, 0.2]]}',
        '{"inputs": [[2, 1, 2, 3], [5, 3, 1, 0.2]]}',
        '{"inputs": [{"pw": 3, "sl": 2, "sw": 1, "pl": 2},'
        ' {"sl": 5, "sw": 3, "petal_length": 1, "pw": 0.2}]}',
        '{"inputs": {"pw": [3, 0.2], "sepal_length": [2, 5], "sw": [1, 3], "pl": [2, 1]}}',
        '{"inputs": {"pw": [3, 0.2], "sl": [2, 5], "sw": [1, 3], "pl": [2, 1]}, "params": {}}',
        '{"dataframe_records": [{"pw": 3, "sl": 2, "sw": 1, "petal_length": 2},'
        ' {"sl": 5, "sw": 3, "pl": 1, "pw": 0.2}]}',
        '{"dataframe_split": {"columns": ["pw", "sepal_length", "sw", "pl"],'
        ' "data": [[3, 2, 1, 2], [0.2, 5, 3, 1]]}}',
        '{"dataframe_split": {"index": ["a:b", null], "columns": ["sl", "sw", "pl", "pw"],'
        ' "data": [[2, 1, 2, 3], [5, 3, 1, 0.2]]}, "params": {}}',
        '{"dataframe_split": {"index": {"a": 1}, "columns": ["s\\u006c", "sw", "pl", "pw"],'
        ' "data": [[2, 1, 2, 3], [5, 3, 1, 0.2]]}, "params": null}',
    ],
)
def test_json_forms(body: str) -> None:
    """Rows or columns, by name in any order or in card order: all give the classes."""
    reply = post_json(body)
    assert (reply.status, reply.content_type) == ("200 OK", "application/json")
    assert reply.body == b'{"predictions":[1,0]}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "[[2, 1, 2, 3]]",
            (
                "",
                "expected an object that holds exactly one of dataframe_split, dataframe_records, "
                "instances and inputs, got an array",
            ),
        ),
        (
            "{}",
            (
                "",
                "expected exactly one of dataframe_split, dataframe_records, instances and inputs, "
                "got none",
            ),
        ),
        (
            '{"inputs": [[2, 1, 2, 3]], "instances": [[2, 1, 2, 3]]}',
            (
                "",
                "expected exactly one of dataframe_split, dataframe_records, instances and inputs, "
                "got inputs and instances",
            ),
        ),
        ('{"inputs": [[2,1,2,3]], "inputs": [[2,1,2,3]]}', ("/inputs", "is given 2 times")),
        (
            '{"dataframe_spilt": {}, "inputs": [[2, 1, 2, 3]]}',
            ("/dataframe_spilt", "is not a known name, did you mean dataframe_split?"),
        ),
        (
            '{"inputs": [[2, 1, 2, 3]], "params": {"probabilities": true}}',
            ("/params/probabilities", "is not a known name"),
        ),
        (
            '{"inputs": [[2, 1, 2, 3]], "params": [1]}',
            ("/params", "expected an object, got an array"),
        ),
        ('{"instances": []}', ("/instances", "expected 1 to 5 rows, got 0")),
        (
            '{"inputs": [[2,1,2,3],[2,1,2,3],[2,1,2,3],[2,1,2,3],[2,1,2,3],[2,1,2,3]]}',
            ("/inputs", "expected 1 to 5 rows, got 6"),
        ),
        ('{"inputs": [[2, 1, 2, "3"]]}', ("/inputs/0/3", "expected a number in cm, got a string")),
        (
            '{"dataframe_records": {"sl": [1]}}',
            ("/dataframe_records", "expected an array of rows, got an object"),
        ),
        (
            '{"dataframe_records": [{"sl": 1, "sl": 1, "sw": 1, "pl": 2, "pw": 3}]}',
            ("/dataframe_records/0/sl", "is given 2 times"),
        ),
        (
            '{"dataframe_records": [{"sl": 1, "sw": 1, "pl": 2, "pw": 3}, {"sl": 1, "sw": 1}]}',
            ("/dataframe_records/1/petal_length", "is missing: petal_length (or pl) in cm"),
        ),
        (
            '{"dataframe_records": [{"sl": 1, "sw": 1, "pl": 2, "pv": 3}]}',
            ("/dataframe_records/0/pv", "is not a known name, did you mean pw?"),
        ),
        (
            '{"inputs": [{"sl": 1, "sw": 1, "pl": 2, "pw": 3},'
            ' {"sl": 1, "sw": 1, "pl": 2, "pv": 3}]}',
            ("/inputs/1/petal_width", "is missing: petal_width (or pw) in cm"),
        ),
        (
            '{"inputs": {"sl": [1], "sepal_length": [2], "sw": [1], "pl": [2], "pw": [3]}}',
            ("/inputs/sepal_length", "is the same feature as sl: give one of them"),
        ),
        (
            '{"inputs": {"sl": [1], "sl": [2], "sw": [1], "pl": [2], "pw": [3]}}',
            ("/inputs/sl", "is given 2 times"),
        ),
        (
            '{"inputs": {"sl": [1, 2], "sw": [1], "pl": [2], "pw": [3]}}',
            ("/inputs", "expected columns of one length, got 1 to 2 values"),
        ),
        (
            '{"inputs": {"sl": 1, "sw": [1], "pl": [2], "pw": [3]}}',
            ("/inputs/sl", "expected an array of numbers, got a number"),
        ),
        (
            '{"inputs": {"sl": [true], "sw": [1], "pl": [2], "pw": [3]}}',
            ("/inputs/sl/0", "expected a number in cm, got a boolean"),
        ),
        (
            '{"inputs": {"sl": [], "sw": [], "pl": [], "pw": []}}',
            ("/inputs/sl", "expected 1 to 5 rows, got 0"),
        ),
        (
            '{"dataframe_split": [[2, 1, 2, 3]]}',
            ("/dataframe_split", "expected an object of columns and data, got an array"),
        ),
        (
            '{"dataframe_split": {"data": [[2, 1, 2, 3]]}}',
            ("/dataframe_split/columns", "expected an array of names, got nothing"),
        ),
        (
            '{"dataframe_split": {"columns": ["sl", "sw", "pl", "pw"], "data": 7}}',
            ("/dataframe_split/data", "expected an array of rows, got a number"),
        ),
        (
            '{"dataframe_split": {"columns": ["sl", "sw", "pl", "pv"], "data": [[2, 1, 2, 3]]}}',
            ("/dataframe_split/columns/3", "is not a known name, did you mean pw?"),
        ),
        (
            '{"dataframe_split": {"columns": [0, "sw", "pl", "pw"], "data": [[2, 1, 2, 3]]}}',
            ("/dataframe_split/columns/0", "expected a name, got a number"),
        ),
        (
            '{"dataframe_split": {"columns": ["pw", "pl", "sw", "sl"], "data": [[3, 2, 1]]}}',
            ("/dataframe_split/data/0", "expected 4 numbers, got 3"),
        ),
        (
            '{"dataframe_split": {"columns": ["pw", "pl", "sw", "sl"], "data": [[1, 2, 3, null]]}}',
            ("/dataframe_split/data/0/3", "expected a number in cm, got null"),
        ),
        (
            '{"dataframe_split": {"columns": ["pw", "pl", "sw", "sl"], "data": [{}]}}',
            ("/dataframe_split/data/0", "expected an array of numbers, got an object"),
        ),
        (
            '{"dataframe_split": {"columns": ["pw", "pl", "sw", "sl"], "data": []}}',
            ("/dataframe_split/data", "expected 1 to 5 rows, got 0"),
        ),
        (
            '{"dataframe_split": {"columns": ["pw", "pl", "sw", "sl"], "data": [[1, 2, 3, 1e39]]}}',
            ("/dataframe_split/data/0/3", "expected a number of at most 3.4e+38 in size"),
        ),
    ],
)
def test_json_that_does_not_fit(body: str, expected: tuple[str, str]) -> None:
    """Each fault is told where it stands in the caller's own document."""
    assert expected in faults(post_json(body))


@pytest.mark.parametrize(
    "body",
    [
        ARTICLE,
        ARTICLE + "\n",
        ARTICLE + "\r\n\r\n \n\n",
        "\ufeff" + ARTICLE,
        "2,1,2,3",
        "2, 1, 2, 3",
        " 2 ,\t1,2 ,3 ",
        '"2","1.0",2,"3"',
        "+2.,1.0e0,.2E+1,3000e-3",
        "02,1,2,3",
        f"{HEADER}\n{REVERSED}",
        f"{HEADER}\r\n{REVERSED}\r\n",
        f"{HEADER}\n\n{REVERSED}",
        f"\ufeff{HEADER}\n{REVERSED}\n\n",
        f"pw,petal_length,sw,sl\n{REVERSED}",
        f'"pw", "pl", "sw", "sl"\n{REVERSED}',
        ' pw ,pl,"sw",sl\n"3",2,1,2',
    ],
)
def test_csv(body: str) -> None:
    """Quotes, blanks, line ends, a byte order mark and a header make no difference."""
    assert post_csv(body).body == b'{"predictions":[1]}'


def test_csv_of_many_rows() -> None:
    """Columns are found by their names in every row."""
    lines = ["sw,pw,sl,pl", "1,3,2,2", "3,0.2,5,1", "3.0,2.0,6.7,5.2"]
    assert post_csv("\n".join(lines)).json == {"predictions": [1, 0, 2]}
    assert post_csv("\r\n".join(lines).replace("0.2", '"0.2"')).json == {"predictions": [1, 0, 2]}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/csv; header=absent", "sl,sw,pl,pw", "/0/sepal_length"),
        ("text/csv; header=present", "2,1,2,3\n2,1,2,3", "/header/0"),
        ('Text/CSV; charset=utf-8; HEADER="Absent"', "sl,sw,pl,pw\n2,1,2,3", "/0/sepal_length"),
        ("text/csv; header=maybe", "sl,sw,pl,pv\n2,1,2,3", "/header/3"),
    ],
)
def test_csv_header_as_the_content_type_says(content_type: str, body: str, expected: str) -> None:
    """The parameter of RFC 4180 settles whether the first line is a header."""
    assert faults(post_csv(body, content_type))[0][0] == expected


def test_csv_header_said_to_be_there_or_not() -> None:
    """What the parameter says may also be what the text shows."""
    assert post_csv(ARTICLE, "text/csv; header=absent").json == {"predictions": [1]}
    assert post_csv(f"{HEADER}\n{REVERSED}", "text/csv; header=present").json == {
        "predictions": [1]
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ("", "expected 1 to 5 rows, got 0")),
        ("\r\n\r\n", ("", "expected 1 to 5 rows, got 0")),
        (HEADER, ("", "expected 1 to 5 rows, got 0")),
        ("\n".join([ARTICLE] * 6), ("", "expected 1 to 5 rows, got more")),
        ("2,1,2,3\n5,3,1", ("/1", "line 2: expected 4 cells, got 3")),
        ("2,1,2,3,\n", ("/header/4", "line 1, the header: is not a known name")),
        ("2,1,2,3\n2,1,2,3,4", ("/1", "line 2: expected 4 cells, got 5")),
        ("2;1;2;3", ("/header", "line 1, the header: lacks sepal_length (or sl) in cm")),
        (
            "sl,sw,pl,petal_widht\n2,1,2,3",
            ("/header/3", "line 1, the header: is not a known name, did you mean petal_width?"),
        ),
        (
            "sl,sw,pl,sl\n2,1,2,3",
            (
                "/header/3",
                "line 1, the header: names a feature that another column has already",
            ),
        ),
        (
            "sl,sw,pl\n2,1,2",
            ("/header", "line 1, the header: lacks petal_width (or pw) in cm"),
        ),
        ("pw,sl,sw,pl\n1,2,3,4\n1,2,,4", ("/1/sw", "line 3: is an empty cell")),
        ("2,1,2,3\n2,1,2,x", ("/1/petal_width", "line 2: expected a number in cm, got a string")),
        (
            '"sl","s\nw",pl,pw\n2,1,2,3',
            ("/header/1", "line 1, the header: is not a known name, did you mean sw?"),
        ),
        (
            '2,1,2,3\n2,1,2,"3\n\n"\n2,1,2,x',
            ("/2/petal_width", "line 5: expected a number in cm, got a string"),
        ),
        (
            "2,1,2,3\n2,1,2,1e39",
            ("/1/petal_width", "line 2: expected a number of at most 3.4e+38 in size"),
        ),
        (
            "2,1,2,3\n-1e400,1,2,3",
            ("/1/sepal_length", "line 2: expected a number of at most 3.4e+38 in size"),
        ),
    ],
)
def test_csv_that_does_not_fit(body: str, expected: tuple[str, str]) -> None:
    """The pointer has the row and the column, the detail the line."""
    assert expected in faults(post_csv(body))


@pytest.mark.parametrize(
    "cell",
    ["1_0", "inf", "-Infinity", "0x1p3", "1e", ".", "1..2", "--1", "1 0", "٣", "1,5"],
)
def test_csv_numbers_are_plain_numbers(cell: str) -> None:
    """What float() takes besides decimal numbers is refused."""
    reply = post_csv(f'2,1,2,3\n2,1,2,"{cell}"')
    assert faults(reply) == [
        ("/1/petal_width", "line 2: expected a number in cm, got a string"),
    ]


@pytest.mark.parametrize("cell", ["NaN", "nan", "NA", "null"])
def test_csv_missing_values(cell: str) -> None:
    """What pandas takes for a missing value is one, and of iris nothing may be missing."""
    assert faults(post_csv(f"2,1,2,3\n2,1,2,{cell}")) == [
        ("/1/petal_width", "line 2: expected a number in cm, got a missing value"),
    ]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"2,1,2,\xff", "the body is not CSV: not UTF-8 at byte 6"),
        (b'2,1,2,"3', "the body is not CSV: unexpected end of data in line 1"),
        (b'2,1,2,3\n2,1,2,"3"4', "the body is not CSV: ',' expected after '\"' in line 2"),
    ],
)
def test_what_is_not_csv(body: bytes, detail: str) -> None:
    """A body that cannot be cut into cells is a bad request, and the line is told."""
    reply = post_csv(body)
    assert (reply.status_code, reply.json["type"][-8:]) == (400, "#not-csv")
    assert reply.json["detail"] == detail


@pytest.mark.parametrize("content_type", ["application/json", "text/csv"])
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, ("application/json", b'{"predictions":[1,0]}')),
        ("*/*", ("application/json", b'{"predictions":[1,0]}')),
        ("application/json", ("application/json", b'{"predictions":[1,0]}')),
        ("text/csv", ("text/csv", b"1\n0\n")),
        ("text/csv, application/json;q=0.5", ("text/csv", b"1\n0\n")),
    ],
)
def test_replies(content_type: str, accept: str | None, expected: tuple[str, bytes]) -> None:
    """JSON, unless the caller prefers CSV: one value a line."""
    body = "2,1,2,3\n5,3,1,0.2"
    if content_type == "application/json":
        body = '{"inputs": [[2, 1, 2, 3], [5, 3, 1, 0.2]]}'
    reply = post(body, content_type, **({} if accept is None else {"Accept": accept}))
    assert (reply.headers["Content-Type"], reply.body) == expected


def test_reply_that_is_not_offered() -> None:
    """406 with what there is, before the body is looked at."""
    reply = post_json("{", Accept="application/x-npy")
    assert (reply.status_code, reply.json["detail"]) == (
        406,
        "this route replies with application/json or text/csv; header=absent",
    )


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain", {}),
        ("text/csv; charset=utf-16", {}),
        ("text/csv", {"Content_Encoding": "br"}),
    ],
)
def test_bodies_of_other_types(content_type: str, headers: dict[str, str]) -> None:
    """415 that names both types."""
    reply = post(ARTICLE, content_type, **headers)
    assert (reply.status_code, reply.headers["Accept-Post"]) == (415, "application/json, text/csv")


def test_string_classes(forest: Model) -> None:
    """A model of string labels answers strings in JSON and in CSV, as its own predict() did."""
    client = WebClient(irisws.create_app(forest))
    asked = {"params": b"5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3", "content_type": "text/csv"}
    assert client.post(URL, **asked).body == b'{"predictions":["setosa","virginica"]}'
    reply = client.post(URL, headers={"Accept": "text/csv"}, **asked)
    assert reply.body == b"setosa\nvirginica\n"


def test_ping(iris: Model) -> None:
    """200 while ready, 503 from the beginning of a drain."""
    application = irisws.create_app(iris)
    client = WebClient(application)
    assert client.get("/ping").status_code == 200
    application.draining = True
    assert client.get("/ping", status=503).headers["Retry-After"] == "1"


JSON_TEXT = st.text('{}[]":,0123456789.eE-').map(str.encode)
CSV_TEXT = st.text(',\n\r" 0123456789.eE+-_slpw\ufeff').map(str.encode)


@given(st.binary() | JSON_TEXT | CSV_TEXT)
@example(b'{"inputs":{"":[]}}')
@example(b'{"dataframe_split":{"columns":[],"data":[[]]}}')
@example(b'{"instances":[[1,1,1,1],{"sl":1}]}')
@example(b'{"inputs":"\\ud800"}')
@example(b"[" * 50_000)
@example(b"," * 99_000)
@example(b"\n" * 99_000 + b"1")
@example(b'"' * 99_999)
@example(b"\0,\0")
@example(b"1\r2\r3")
def test_any_bytes_give_classes_or_a_problem(body: bytes) -> None:
    """No body, however sent, is answered by anything but 200 or a problem of the caller's."""
    for content_type in ("application/json", "text/csv", "text/csv; header=present"):
        reply = post(body, content_type)
        assert reply.status_code in (200, 400, 422)
        assert ("errors" in reply.json) == (reply.status_code == 422)


CELLS = st.sampled_from(
    ["1", "2.5", "-1e3", "+1", ".5", "5.", "01", "1e400", "1e39", "nan", "1_0", "", " 3", "4 ", "x"]
    + ['"1"', '"2', "sl", "sw", "pl", "pw", "petal_width", " pl", '"sl"', "\u0663", "0", "-0.0"]
)
PLAIN = st.lists(st.sampled_from(["1", "2.5", "-1e3", "0", "-0.0"]), min_size=4, max_size=4)
LINES = st.lists(PLAIN | st.lists(CELLS, min_size=3, max_size=5)) | st.lists(PLAIN)
CSV_BODIES = st.tuples(
    st.sampled_from(["", "\ufeff", "pw,pl,sw,sl\n", "sl,sw,pl,pw\r\n"]),
    st.sampled_from([",", ", "]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    LINES,
    st.sampled_from(["", "\n", "\r\n\r\n", ",", " "]),
).map(lambda parts: parts[0] + parts[2].join(map(parts[1].join, parts[3])) + parts[4])


@given(CSV_BODIES)
def test_quick_and_careful_reader_of_csv_agree(body: str) -> None:
    """Ruled out for the quick reader by a blank at its end, a body gets the same reply."""
    quick, careful = post_csv(body), post_csv(body + " ")
    assert quick.status_code == careful.status_code
    assert quick.json.get("predictions") == careful.json.get("predictions")
    assert quick.json.get("errors") == careful.json.get("errors")


VALUES = st.sampled_from(["1", "2.5", "-1e3", "1e400", "1e39", "null", "true", '"x"', "[]", "-0.0"])
NAMES = st.sampled_from(["sl", "sw", "pl", "pw", "petal_width", "pv", "a:b", "s\\u006c"])
ALL_NAMES = st.permutations(["sl", "sw", "pl", "pw"])


def array(values: Any) -> str:
    return f"[{', '.join(values)}]"


def named(names: Any, values: Any) -> str:
    pairs = [f'"{name}": {value}' for name, value in zip(names, values, strict=False)]
    return f"{{{', '.join(pairs)}}}"


ARRAYS = (PLAIN | st.lists(VALUES, min_size=3, max_size=5)).map(array)
GOOD_OBJECTS = st.builds(named, ALL_NAMES, PLAIN)
OBJECTS = GOOD_OBJECTS | st.builds(named, st.lists(NAMES), st.lists(VALUES, min_size=4))
GOOD_ARRAYS = PLAIN.map(array)
ROWS = st.one_of(
    [
        st.lists(kinds, max_size=6).map(array)
        for kinds in (GOOD_OBJECTS, GOOD_ARRAYS, GOOD_OBJECTS | GOOD_ARRAYS, ARRAYS | OBJECTS)
    ]
)
COLUMNS = st.builds(named, ALL_NAMES | st.lists(NAMES, max_size=5), st.lists(ARRAYS, min_size=4))
SPLITS = st.builds(
    lambda names, rows, index: f'{{"columns": {json.dumps(names)}, "data": {rows}{index}}}',
    ALL_NAMES | st.lists(NAMES),
    st.lists(ARRAYS, max_size=6).map(array),
    st.sampled_from(["", ', "index": [1, "a:b"]', ', "index": [{"a": 1}]', ', "data": [[1]]']),
)
FORMS = st.one_of(
    st.builds("{}: {}".format, st.sampled_from(['"instances"', '"dataframe_records"']), ROWS),
    st.builds('"inputs": {}'.format, ROWS | COLUMNS),
    st.builds('"dataframe_split": {}'.format, SPLITS),
)


@given(FORMS)
def test_quick_and_careful_reader_of_json_agree(form: str) -> None:
    """Ruled out for the quick reader by empty params, a body gets the same reply."""
    quick, careful = post_json(f"{{{form}}}"), post_json(f'{{{form}, "params": {{}}}}')
    assert quick.status_code == careful.status_code
    assert quick.json.get("predictions") == careful.json.get("predictions")
    assert quick.json.get("errors") == careful.json.get("errors")
