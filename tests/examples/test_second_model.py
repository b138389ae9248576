"""Both example clients with a model of mixed columns: the code that asks for irises, unchanged."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from irisws_client import Client, InvalidRows, Value

EXAMPLES = Path(__file__).parents[2] / "examples"
PREDICT = {"Python": "python/predict.py", "Node.js": "node/predict.js"}

GENTOO: dict[str, Value] = {
    "island": "Biscoe",
    "bill_length_mm": 46.1,
    "bill_depth_mm": 13.2,
    "flipper_length_mm": 211,
    "body_mass_g": 4500,
    "sex": "female",
    "year": 2007,
    "heavy": True,
}
CHINSTRAP = ["Dream", 49.5, 19.0, None, 3800, None, 2008, False]  # in the model's order
ADELIE: dict[str, Value] = {**GENTOO, "island": "Torgersen", "bl": 38.0, "bill_depth_mm": 18.7}
del ADELIE["bill_length_mm"]
WRONG = {**GENTOO, "bill_length_mm": "46.1", "heavy": 1, "island": None, "year": 2007.5}
del WRONG["sex"]
WRONG["sexx"] = "male"
FAULTS = {
    "/instances/1/sexx": "is not a known name, did you mean sex?",
    "/instances/1/sex": "is missing: sex (or s); null is allowed",
    "/instances/1/island": "expected a string, got null",
    "/instances/1/bill_length_mm": "expected a number in mm or null, got a string",
    "/instances/1/year": "expected a whole number, got a number with a fraction",
    "/instances/1/heavy": "expected true or false, got a number",
}

# Reads rows from standard input; writes what the client gives, or the faults that it throws.
NODE_SCRIPT = """
import { Client, InvalidRowsError } from "./irisws.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
try {
  console.log(JSON.stringify(await new Client(process.env.IRISWS_URL).predict(JSON.parse(text))));
} catch (error) {
  if (!(error instanceof InvalidRowsError)) throw error;
  console.log(JSON.stringify(error.errors));
}
"""


def ask_node(node: str, url: str, rows: list[Any]) -> Any:
    """What `irisws.js` gives for the rows."""
    done = subprocess.run(
        [node, "--input-type=module", "--eval", NODE_SCRIPT],
        cwd=EXAMPLES / "node",
        env={**os.environ, "IRISWS_URL": url},
        input=json.dumps(rows),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(params=PREDICT)
def predict_script(request: pytest.FixtureRequest, node: str) -> list[str]:
    """The command of a client's `predict`, without the values."""
    program = sys.executable if request.param == "Python" else node
    return [program, str(EXAMPLES / PREDICT[request.param])]


def run(command: list[str], url: str, *values: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would."""
    environment = {**os.environ, "IRISWS_URL": url}
    return subprocess.run(
        [*command, *values], env=environment, capture_output=True, encoding="utf-8", timeout=120
    )


def test_python_asks_for_one(penguins_url: str) -> None:
    """A row of strings, numbers and a boolean is answered."""
    prediction = Client(penguins_url).predict_one(GENTOO)
    assert (prediction.label, prediction.index, prediction.warnings) == ("Gentoo", 2, [])
    assert prediction.probabilities["Gentoo"] > 0.9


def test_python_asks_for_every_penguin(
    penguins_url: str, penguins: tuple[Any, Any], mixed_pipeline: Any
) -> None:
    """The labels of many rows, missing values among them, are scikit-learn's own."""
    X = penguins[0]
    rows = X.astype(object).where(X.notna(), None).to_numpy().tolist()
    labels = [each.label for each in Client(penguins_url).predict(rows)]
    assert any(None in row for row in rows)
    assert labels == mixed_pipeline.predict(X).tolist()


def test_python_gets_every_fault(penguins_url: str) -> None:
    """Wrong kinds, a misspelt name and a null where none may be are told, all at once."""
    with pytest.raises(InvalidRows) as caught:
        Client(penguins_url).predict([GENTOO, WRONG])
    assert {fault["pointer"]: fault["detail"] for fault in caught.value.errors} == FAULTS


def test_python_gets_warnings(penguins_url: str) -> None:
    """An island that training had not is answered, with a warning that has no range."""
    [warning] = Client(penguins_url).predict_one({**GENTOO, "island": "Petermann"}).warnings
    assert warning == {
        "feature": "island",
        "value": "Petermann",
        "detail": "island 'Petermann' is none of the 3 values seen in training",
    }


def test_python_reads_the_card(penguins_url: str) -> None:
    """The card names the kinds, and what may be missing."""
    features = {each["name"]: each for each in Client(penguins_url).model()["features"]}
    assert features["heavy"]["kind"] == "boolean"
    assert features["sex"]["missing"]


def test_node_asks_for_many(node: str, penguins_url: str) -> None:
    """Rows by name, by alias and as arrays, with null in them, mix and keep their order."""
    predictions = ask_node(node, penguins_url, [GENTOO, CHINSTRAP, ADELIE])
    assert [each["label"] for each in predictions] == ["Gentoo", "Chinstrap", "Adelie"]
    assert [each["warnings"] for each in predictions] == [[], [], []]


def test_node_says_what_python_says(node: str, penguins_url: str) -> None:
    """Both clients give the same of the same rows, warnings included."""
    rows: list[Any] = [GENTOO, CHINSTRAP, {**ADELIE, "island": "Petermann", "body_mass_g": 3.7}]
    by_python = [vars(each) for each in Client(penguins_url).predict(rows)]
    assert ask_node(node, penguins_url, rows) == by_python


def test_node_gets_every_fault(node: str, penguins_url: str) -> None:
    """`InvalidRowsError` has the same faults."""
    faults = ask_node(node, penguins_url, [GENTOO, WRONG])
    assert {fault["pointer"]: fault["detail"] for fault in faults} == FAULTS


def test_the_scripts_print_the_label(predict_script: list[str], penguins_url: str) -> None:
    """`predict` sends words, numbers, true and null as what they are."""
    values = ["Dream", "49.5", "19.0", "null", "3800", "null", "2008", "false"]
    done = run(predict_script, penguins_url, *values)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Chinstrap\n", "")


def test_the_scripts_print_every_fault(predict_script: list[str], penguins_url: str) -> None:
    """`predict` prints the service's own words about each value that does not fit."""
    values = ["null", "long", "19.0", "null", "3800", "1", "2008", "yes"]
    done = run(predict_script, penguins_url, *values)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert done.stderr.splitlines()[-4:] == [
        "/instances/0/0: expected a string, got null",
        "/instances/0/1: expected a number in mm or null, got a string",
        "/instances/0/5: expected a string or null, got a number",
        "/instances/0/7: expected true or false, got a string",
    ]
