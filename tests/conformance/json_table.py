"""JSON bodies, and the verdict on each: written by hand, from RFC 8259 and the contract."""

from typing import NamedTuple

Faults = list[tuple[str, str]]  # (pointer, how the detail begins)

NUMBER = "expected a number in cm, got "
RANGE = "expected a number of at most 3.4e+38 in size"
UNKNOWN = "is not a known name"
NO_ROW = 'expected an object {"sl": 5.8, "sw": 3.0, "pl": 4.35, "pw": 1.3}, got '
NO_BODY = 'expected an object {"instances": [{"sl": 5.8, "sw": 3.0, "pl": 4.35, "pw": 1.3}]}, got '
NO_ARRAY = "expected an array of rows, got "
NEITHER = "expected a row as an object or an array, got "
FOUR = "expected 4 numbers (sepal_length, sepal_width, petal_length, petal_width), got "
FLAG = "expected true or false, got "
SL, SW, PL, PW = (
    (f"/{name}", f"is missing: {name} (or {alias}) in cm")
    for name, alias in (
        ("sepal_length", "sl"),
        ("sepal_width", "sw"),
        ("petal_length", "pl"),
        ("petal_width", "pw"),
    )
)


class NotJson(NamedTuple):
    """A body that is no JSON document, whatever the route."""

    name: str
    body: bytes
    detail: str | tuple[str, ...]  # how it begins; more than one where Pythons differ


class Body(NamedTuple):
    """A JSON document and what comes of it: an answer, or faults."""

    name: str
    body: bytes
    verdict: Faults | list[int]  # of a good one, the index of each row's class


def sl(value: str) -> bytes:
    """The article's flower with another sepal length."""
    return f'{{"sl": {value}, "sw": 1.0, "pl": 2.0, "pw": 3.0}}'.encode()


def more(members: str) -> bytes:
    """The article's flower and more."""
    return f'{{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0, {members}}}'.encode()


def rows(text: str) -> bytes:
    """The body that holds these rows."""
    return f'{{"instances": [{text}]}}'.encode()


def parameters(text: str) -> bytes:
    """One row with these parameters."""
    return f'{{"instances": [[2, 1, 2, 3]], "parameters": {text}}}'.encode()


FLOWER = '{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
COMMA = "expecting ',' delimiter at line 1, column "
VALUE = "expecting value at line 1, column "
PROPERTY = "expecting property name enclosed in double quotes at line 1, column "

NOT_JSON = [
    NotJson("nothing", b"", VALUE + "1"),
    NotJson("white space", b" \t\r\n ", "expecting value at line 2, column 2"),
    NotJson("NaN", sl("NaN"), "NaN is not a JSON number"),
    NotJson("nan", sl("nan"), VALUE + "8"),
    NotJson("Infinity", sl("Infinity"), "Infinity is not a JSON number"),
    NotJson("-Infinity", sl("-Infinity"), "-Infinity is not a JSON number"),
    NotJson("NaN alone", b"NaN", "NaN is not a JSON number"),
    NotJson("True", sl("True"), VALUE + "8"),
    NotJson("None", sl("None"), VALUE + "8"),
    NotJson("undefined", sl("undefined"), VALUE + "8"),
    NotJson("leading zero", sl("05"), COMMA + "9"),
    NotJson("leading point", sl(".5"), VALUE + "8"),
    NotJson("trailing point", sl("5."), COMMA + "9"),
    NotJson("plus sign", sl("+5"), VALUE + "8"),
    NotJson("lone minus", sl("-"), VALUE + "8"),
    NotJson("minus and a space", sl("- 5"), VALUE + "8"),
    NotJson("exponent without digits", sl("5e"), COMMA + "9"),
    NotJson("hexadecimal", sl("0x10"), COMMA + "9"),
    NotJson("underscore", sl("1_000"), COMMA + "9"),
    NotJson("decimal comma", sl("5,1"), PROPERTY + "10"),
    NotJson("unit", sl("5.1cm"), COMMA + "11"),
    NotJson("full-width digits", sl("\uff15"), VALUE + "8"),
    NotJson("Arabic digits", sl("\u0665"), VALUE + "8"),
    NotJson(
        "comma at the end of an object",
        b'{"sl": 1,}',
        (PROPERTY + "10", "illegal trailing comma before end of object at line 1, column 9"),
    ),
    NotJson(
        "comma at the end of an array",
        b'{"instances": [[1, 2, 3, 4],]}',
        (VALUE + "29", "illegal trailing comma before end of array at line 1, column 28"),
    ),
    NotJson("two commas", b'{"sl": 1,, "sw": 2}', PROPERTY + "10"),
    NotJson("no comma", b'{"sl": 1 "sw": 2}', COMMA + "10"),
    NotJson("no colon", b'{"sl" 1}', "expecting ':' delimiter at line 1, column 7"),
    NotJson("comment at the end of a line", b'{"sl": 1 // cm\n}', COMMA + "10"),
    NotJson("comment in between", b'{/* cm */ "sl": 1}', PROPERTY + "2"),
    NotJson("comment with a hash", b'# flower\n{"sl": 1}', VALUE + "1"),
    NotJson("single quotes", b"{'sl': 1}", PROPERTY + "2"),
    NotJson("no quotes", b"{sl: 1}", PROPERTY + "2"),
    NotJson("typographic quotes", "{\u201csl\u201d: 1}".encode(), PROPERTY + "2"),
    NotJson("form fields", b"sl=2.0&sw=1.0&pl=2.0&pw=3.0", VALUE + "1"),
    NotJson("half an object", b'{"sl": 1', COMMA + "9"),
    NotJson("half a string", b'{"sl', "unterminated string starting at at line 1, column 2"),
    NotJson("half an array", b'{"instances": [[1, 2', COMMA + "21"),
    NotJson("wrong bracket", b'{"instances": [1}', COMMA + "17"),
    NotJson("two documents", b"{} {}", "extra data at line 1, column 4"),
    NotJson("lines of documents", b"{}\n{}", "extra data at line 2, column 1"),
    NotJson("NUL at the end", b"{}\0", "extra data at line 1, column 3"),
    NotJson("NUL in front", b"\0{}", VALUE + "1"),
    NotJson("form feed", b"\f{}", VALUE + "1"),
    NotJson("no-break space", "\u00a0{}".encode(), VALUE + "1"),
    NotJson("byte order mark", b"\xef\xbb\xbf{}", "unexpected UTF-8 BOM"),
    NotJson("UTF-16 with a mark", FLOWER.encode("utf-16"), "not UTF-8 at byte 0"),
    NotJson("UTF-16 without a mark", FLOWER.encode("utf-16-le"), PROPERTY + "2"),
    NotJson("UTF-32", FLOWER.encode("utf-32"), "not UTF-8 at byte 0"),
    NotJson("latin-1", '{"l\u00e4nge": 1}'.encode("latin-1"), "not UTF-8 at byte 3"),
    NotJson("overlong UTF-8", b'{"\xc0\xaf": 1}', "not UTF-8 at byte 2"),
    NotJson("surrogate in UTF-8", b'{"\xed\xa0\x80": 1}', "not UTF-8 at byte 2"),
    NotJson("half a character", b'{"\xc3', "not UTF-8 at byte 2"),
    NotJson(
        "raw tab in a name", b'{"s\tl": 1}', "invalid control character at at line 1, column 4"
    ),
    NotJson(
        "raw NUL in a name", b'{"s\0l": 1}', "invalid control character at at line 1, column 4"
    ),
    NotJson("raw line end in a string", b'{"sl": "\n"}', "invalid control character at at line 1"),
    NotJson("unknown escape", b'{"s\\x6c": 1}', "invalid \\escape"),
    NotJson("half an escape", b'{"s\\u006": 1}', "invalid \\uXXXX escape"),
    NotJson("escape with a sign", b'{"s\\u+06c": 1}', "invalid \\uXXXX escape"),
    NotJson("deep arrays", b"[" * 50_000, "nested too deeply"),
    NotJson("deep objects", b'{"a":' * 19_000, "nested too deeply"),
    NotJson("deep and whole", b"[" * 50_000 + b"]" * 50_000, "nested too deeply"),
    NotJson("deep below the rows", rows("[" * 45_000 + "]" * 45_000), "nested too deeply"),
    NotJson("pickle", b"\x80\x04K\x01.", "not UTF-8 at byte 0"),
    NotJson("gzip", b"\x1f\x8b\x08\x00", "not UTF-8 at byte 1"),
    NotJson("XML", b'<?xml version="1.0"?><sl>1</sl>', VALUE + "1"),
]

FLOWERS = [  # to POST /
    Body("the article's", FLOWER.encode(), [1]),
    Body(
        "full names",
        b'{"sepal_length": 2, "sepal_width": 1, "petal_length": 2, "petal_width": 3}',
        [1],
    ),
    Body("mixed names", b'{"sepal_length": 2, "sw": 1, "pl": 2, "petal_width": 3}', [1]),
    Body("another order", b'{"pw": 3, "pl": 2, "sw": 1, "sl": 2}', [1]),
    Body("escaped name", b'{"\\u0073l": 2, "sw": 1, "pl": 2, "pw": 3}', [1]),
    Body("white space all over", b'\r\n\t{ "sl" : 2 , "sw":1,"pl":2,\n"pw":3 } \n', [1]),
    Body("integer", sl("2"), [1]),
    Body("exponents", b'{"sl": 20e-1, "sw": 0.1E1, "pl": 2E+0, "pw": 3e00}', [1]),
    Body("zero", sl("0"), [1]),
    Body("negative", sl("-2.5"), [1]),
    Body("negative zero", sl("-0.0"), [1]),
    Body("negative integer zero", sl("-0"), [1]),
    Body("smallest double", sl("5e-324"), [1]),
    Body("smaller than any double", sl("1e-400"), [1]),
    Body("5,000 decimals", sl("2." + "0" * 5000), [1]),
    Body("largest float32", sl("3.4028234663852886e38"), [2]),
    Body("39 digits", sl("1" + "0" * 38), [2]),
    Body("above float32", sl("3.4028236e38"), [("/sl", RANGE)]),
    Body("below float32", sl("-3.4028236e38"), [("/sl", RANGE)]),
    Body("1e400", sl("1e400"), [("/sl", RANGE)]),
    Body("-1e400", sl("-1e400"), [("/sl", RANGE)]),
    Body("1e999999999999", sl("1e999999999999"), [("/sl", RANGE)]),
    Body("5,000 digits", sl("9" * 5000), [("/sl", RANGE)]),
    Body("-5,000 digits", sl("-" + "9" * 5000), [("/sl", RANGE)]),
    Body("true", sl("true"), [("/sl", NUMBER + "a boolean")]),
    Body("false", sl("false"), [("/sl", NUMBER + "a boolean")]),
    Body("null", sl("null"), [("/sl", NUMBER + "null")]),
    Body("number as a string", sl('"5.1"'), [("/sl", NUMBER + "a string")]),
    Body("empty string", sl('""'), [("/sl", NUMBER + "a string")]),
    Body("lone surrogate in a string", sl('"\\ud800"'), [("/sl", NUMBER + "a string")]),
    Body("array", sl("[5.1]"), [("/sl", NUMBER + "an array")]),
    Body("empty array", sl("[]"), [("/sl", NUMBER + "an array")]),
    Body("object", sl('{"cm": 5.1}'), [("/sl", NUMBER + "an object")]),
    Body("fifty arrays", sl("[" * 50 + "]" * 50), [("/sl", NUMBER + "an array")]),
    Body("body is null", b"null", [("", NO_ROW + "null")]),
    Body("body is true", b"true", [("", NO_ROW + "a boolean")]),
    Body("body is a number", b"7", [("", NO_ROW + "a number")]),
    Body("body is a large number", b"1e400", [("", NO_ROW + "a number out of range")]),
    Body("body is a string", b'"sl"', [("", NO_ROW + "a string")]),
    Body("body is an array", b"[2, 1, 2, 3]", [("", NO_ROW + "an array")]),
    Body("body is an array of a flower", f"[{FLOWER}]".encode(), [("", NO_ROW + "an array")]),
    Body("empty object", b"{}", [SL, SW, PL, PW]),
    Body("one is missing", b'{"sl": 2, "sw": 1, "pl": 2}', [PW]),
    Body(
        "instances",
        b'{"instances": [[2, 1, 2, 3]]}',
        [("/instances", UNKNOWN), SL, SW, PL, PW],
    ),
    Body("unknown name", more('"colour": 1'), [("/colour", UNKNOWN)]),
    Body("misspelt name", more('"petal_widht": 1'), [("/petal_widht", UNKNOWN + ", did you mean")]),
    Body(
        "name in other case",
        b'{"SL": 2, "sw": 1, "pl": 2, "pw": 3}',
        [("/SL", UNKNOWN), SL],
    ),
    Body(
        "name with a blank",
        b'{"sl ": 2, "sw": 1, "pl": 2, "pw": 3}',
        [("/sl ", UNKNOWN + ", did you mean sl?"), SL],
    ),
    Body(
        "Cyrillic look-alike",
        '{"\u0455l": 2, "sw": 1, "pl": 2, "pw": 3}'.encode(),
        [("/\u0455l", UNKNOWN + ", did you mean sl?"), SL],
    ),
    Body(
        "full-width look-alike",
        '{"\uff53\uff4c": 2, "sw": 1, "pl": 2, "pw": 3}'.encode(),
        [("/\uff53\uff4c", UNKNOWN), SL],
    ),
    Body(
        "combining accent",
        '{"sl\u0301": 2, "sw": 1, "pl": 2, "pw": 3}'.encode(),
        # A combining accent is printable, so it comes back as it was sent.
        [("/sl\u0301", UNKNOWN + ", did you mean sl?"), SL],
    ),
    Body(
        "zero-width joiner",
        '{"s\u200dl": 2, "sw": 1, "pl": 2, "pw": 3}'.encode(),
        [("/s\N{REPLACEMENT CHARACTER}l", UNKNOWN + ", did you mean sl?"), SL],
    ),
    Body(
        "composed and decomposed are two names",
        more('"\u00e9": 1, "e\u0301": 2'),
        [("/\u00e9", UNKNOWN), ("/e\u0301", UNKNOWN)],
    ),
    Body("given twice", more('"sl": 2.0'), [("/sl", "is given 2 times")]),
    Body("given twice, once escaped", more('"\\u0073l": 9'), [("/sl", "is given 2 times")]),
    Body("given three times", more('"sl": 1, "sl": 2'), [("/sl", "is given 3 times")]),
    Body(
        "given by both names",
        more('"sepal_length": 2.0'),
        [("/sepal_length", "is the same feature as sl: give one of them")],
    ),
    Body(
        "given twice in place of another",
        b'{"sl": 1, "sl": 2, "sw": 1, "pl": 2}',
        [("/sl", "is given 2 times"), PW],
    ),
    Body("given twice below", sl('{"a": 1, "a": 2}'), [("/sl", NUMBER + "an object")]),
    Body("__proto__", more('"__proto__": {"pw": 1}'), [("/__proto__", UNKNOWN)]),
    Body("constructor", more('"constructor": 1'), [("/constructor", UNKNOWN)]),
    Body("__class__", more('"__class__": "os.system"'), [("/__class__", UNKNOWN)]),
    Body("empty name", more('"": 1'), [("/", UNKNOWN)]),
    Body("name with slashes", more('"a/b": 1'), [("/a~1b", UNKNOWN)]),
    Body("name with tildes", more('"~a~1": 1'), [("/~0a~01", UNKNOWN)]),
    Body("name with quotes", more('"a\\"b": 1'), [('/a"b', UNKNOWN)]),
    Body("name with markup", more('"<script>": 1'), [("/<script>", UNKNOWN)]),
    Body("name with NUL", more('"\\u0000": 1'), [("/\N{REPLACEMENT CHARACTER}", UNKNOWN)]),
    Body("name with a line end", more('"a\\r\\nb": 1'), [("/a\N{REPLACEMENT CHARACTER}", UNKNOWN)]),
    Body(
        "name with a lone surrogate",
        more('"\\ud800": 1'),
        [("/\N{REPLACEMENT CHARACTER}", UNKNOWN)],
    ),
    Body("name with a pair of surrogates", more('"\\ud83c\\udf38": 1'), [("/\U0001f338", UNKNOWN)]),
    Body("name of 64 characters", more(f'"{"x" * 64}": 1'), [("/" + "x" * 64, UNKNOWN)]),
    Body("name of 90,000 characters", more(f'"{"x" * 90_000}": 1'), [("/" + "x" * 63, UNKNOWN)]),
    Body(
        "more faults than are told",
        f"{{{','.join(f'{chr(34)}n{at}{chr(34)}:0' for at in range(500))}}}".encode(),
        [(f"/n{at}", UNKNOWN) for at in range(100)],
    ),
]

INSTANCES = [  # to POST /v1/predict
    Body("one array", rows("[2, 1, 2, 3]"), [1]),
    Body("one object", rows(FLOWER), [1]),
    Body("array and object", rows("[5.1, 3.5, 1.4, 0.2], " + FLOWER), [0, 1]),
    Body("a thousand rows", rows(", ".join(["[2, 1, 2, 3]"] * 1000)), [1] * 1000),
    Body("negative zeros", rows("[-0.0, -0, 0, -0.0e0]"), [0]),
    Body("escaped name of the rows", b'{"\\u0069nstances": [[2, 1, 2, 3]]}', [1]),
    Body(
        "1,001 rows",
        rows(", ".join(["[2, 1, 2, 3]"] * 1001)),
        [("/instances", "expected 1 to 1,000 rows, got 1001")],
    ),
    Body("no rows", rows(""), [("/instances", "expected 1 to 1,000 rows, got 0")]),
    Body("empty object", b"{}", [("/instances", "is missing: an array of rows")]),
    Body("body is null", b"null", [("", NO_BODY + "null")]),
    Body("body is an array", b"[[2, 1, 2, 3]]", [("", NO_BODY + "an array")]),
    Body("body is a string", b'"instances"', [("", NO_BODY + "a string")]),
    Body(
        "a flower",
        FLOWER.encode(),
        [("", NO_BODY + "a row by itself")],
    ),
    Body(
        "misspelt instances",
        b'{"instance": [[2, 1, 2, 3]]}',
        [
            ("/instance", UNKNOWN + ", did you mean instances?"),
            ("/instances", "is missing: an array of rows"),
        ],
    ),
    Body(
        "Cyrillic instances",
        '{"in\u0455tances": [[2, 1, 2, 3]]}'.encode(),
        [
            ("/in\u0455tances", UNKNOWN + ", did you mean instances?"),
            ("/instances", "is missing: an array of rows"),
        ],
    ),
    Body("rows are null", b'{"instances": null}', [("/instances", NO_ARRAY + "null")]),
    Body("rows are a number", b'{"instances": 1}', [("/instances", NO_ARRAY + "a number")]),
    Body("rows are a string", b'{"instances": "[]"}', [("/instances", NO_ARRAY + "a string")]),
    Body("rows are true", b'{"instances": true}', [("/instances", NO_ARRAY + "a boolean")]),
    Body(
        "rows are an object",
        b'{"instances": {"0": [2, 1, 2, 3]}}',
        [("/instances", NO_ARRAY + "an object")],
    ),
    Body(
        "numbers in place of rows",
        rows("2, 1, 2, 3"),
        [(f"/instances/{at}", NEITHER + "a number") for at in range(4)],
    ),
    Body(
        "rows of every kind",
        rows('[2, 1, 2, 3], null, true, 7, "x", [], {}'),
        [
            ("/instances/1", NEITHER + "null"),
            ("/instances/2", NEITHER + "a boolean"),
            ("/instances/3", NEITHER + "a number"),
            ("/instances/4", NEITHER + "a string"),
            ("/instances/5", FOUR + "0"),
            *[("/instances/6" + pointer, detail) for pointer, detail in (SL, SW, PL, PW)],
        ],
    ),
    Body("row too short", rows("[2, 1, 2]"), [("/instances/0", FOUR + "3")]),
    Body("row too long", rows("[2, 1, 2, 3, 4]"), [("/instances/0", FOUR + "5")]),
    Body(
        "short and long rows that even out",
        rows("[2, 1, 2], [3, 2, 1, 2, 3]"),
        [("/instances/0", FOUR + "3"), ("/instances/1", FOUR + "5")],
    ),
    Body("rows in a row", rows("[[2, 1, 2, 3]]"), [("/instances/0", FOUR + "1")]),
    Body(
        "values of every kind",
        rows('[null, true, "3", [4]], [{}, 1e400, -1e39, 4]'),
        [
            ("/instances/0/0", NUMBER + "null"),
            ("/instances/0/1", NUMBER + "a boolean"),
            ("/instances/0/2", NUMBER + "a string"),
            ("/instances/0/3", NUMBER + "an array"),
            ("/instances/1/0", NUMBER + "an object"),
            ("/instances/1/1", RANGE),
            ("/instances/1/2", RANGE),
        ],
    ),
    Body("5,000 digits", rows(f"[{'9' * 5000}, 1, 2, 3]"), [("/instances/0/0", RANGE)]),
    Body(
        "one bad value in a thousand rows",
        rows(", ".join(["[2, 1, 2, 3]"] * 999 + ["[2, 1, 2, null]"])),
        [("/instances/999/3", NUMBER + "null")],
    ),
    Body(
        "name given twice in a row",
        rows(FLOWER + ', {"sl": 1, "sl": 2, "sw": 1, "pl": 2, "pw": 3}'),
        [("/instances/1/sl", "is given 2 times")],
    ),
    Body(
        "name given twice in a row, once escaped",
        rows('{"sl": 1, "\\u0073l": 2, "sw": 1, "pl": 2, "pw": 3}'),
        [("/instances/0/sl", "is given 2 times")],
    ),
    Body(
        "instances given twice",
        b'{"instances": [[2, 1, 2, 3]], "instances": [[2, 1, 2, 3]]}',
        [("/instances", "is given 2 times")],
    ),
    Body(
        "instances given twice, once escaped",
        b'{"instances": [[2, 1, 2, 3]], "instance\\u0073": []}',
        [
            ("/instances", "is given 2 times"),
            ("/instances", "expected 1 to 1,000 rows, got 0"),
        ],
    ),
    Body(
        "name given by both its names in a row",
        rows('{"sl": 1, "sepal_length": 2, "sw": 1, "pl": 2, "pw": 3}'),
        [("/instances/0/sepal_length", "is the same feature as sl: give one of them")],
    ),
    Body(
        "unknown name in a row",
        rows('{"sl": 1, "sw": 1, "pl": 2, "pw": 3, "a/b~c": 4}'),
        [("/instances/0/a~1b~0c", UNKNOWN)],
    ),
    Body(
        "__proto__ beside the rows",
        rows("[2, 1, 2, 3]")[:-1] + b', "__proto__": {}}',
        [("/__proto__", UNKNOWN)],
    ),
    Body(
        "more beside the rows",
        rows("[2, 1, 2, 3]")[:-1] + b', "signature_name": "x"}',
        [("/signature_name", UNKNOWN)],
    ),
    Body("no parameters", parameters("{}"), [1]),
    Body(
        "parameters that are known", parameters('{"warnings": false, "probabilities": true}'), [1]
    ),
    Body(
        "parameters are null", parameters("null"), [("/parameters", "expected an object, got null")]
    ),
    Body(
        "parameters are true",
        parameters("true"),
        [("/parameters", "expected an object, got a boolean")],
    ),
    Body(
        "parameters are a number",
        parameters("1"),
        [("/parameters", "expected an object, got a number")],
    ),
    Body(
        "parameters are a string",
        parameters('"warnings"'),
        [("/parameters", "expected an object, got a string")],
    ),
    Body(
        "parameters are an array",
        parameters('[{"warnings": true}]'),
        [("/parameters", "expected an object, got an array")],
    ),
    *[
        Body(
            f"parameter is {text}",
            parameters(f'{{"warnings": {text}}}'),
            [("/parameters/warnings", FLAG + kind)],
        )
        for text, kind in (
            ("0", "a number"),
            ("1.0", "a number"),
            ("1e400", "a number out of range"),
            ('"true"', "a string"),
            ("null", "null"),
            ("[]", "an array"),
            ("{}", "an object"),
        )
    ],
    Body(
        "parameter in other case",
        parameters('{"Warnings": true}'),
        [("/parameters/Warnings", UNKNOWN + ", did you mean warnings?")],
    ),
    Body(
        "parameter given twice",
        parameters('{"warnings": true, "warnings": true}'),
        [("/parameters/warnings", "is given 2 times")],
    ),
    Body("parameter with an empty name", parameters('{"": true}'), [("/parameters/", UNKNOWN)]),
    Body(
        "parameter __proto__", parameters('{"__proto__": {}}'), [("/parameters/__proto__", UNKNOWN)]
    ),
    Body(
        "faults in rows and parameters together",
        b'{"instances": [[2, 1, 2, null]], "parameters": {"a": 1}, "b": 2}',
        [
            ("/b", UNKNOWN),
            ("/instances/0/3", NUMBER + "null"),
            ("/parameters/a", UNKNOWN),
        ],
    ),
]

HUGE = [  # to POST /v1/predict, with the limits that are the default
    Body("100,000 rows", rows(",".join(["[2,1,2,3]"] * 100_000)), [1] * 100_000),
    Body(
        "100,001 rows",
        rows(",".join(["[2,1,2,3]"] * 100_001)),
        [("/instances", "expected 1 to 100,000 rows, got 100001")],
    ),
    Body(
        "100,001 objects",
        rows(",".join([FLOWER.replace(" ", "")] * 100_001)),
        [("/instances", "expected 1 to 100,000 rows, got 100001")],
    ),
    Body(
        "100,000 faults",
        rows(",".join(["[2,1,2,null]"] * 100_000)),
        [(f"/instances/{at}/3", NUMBER + "null") for at in range(100)],
    ),
    Body(
        "a number of four million digits",
        rows(f"[{'9' * 4_000_000},1,2,3]"),
        [("/instances/0/0", RANGE)],
    ),
]
