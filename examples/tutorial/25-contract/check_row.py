"""Check a row against the contract before it is sent: python check_row.py row.json"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen


def main() -> int:
    """Print everything that is wrong with the row; return the exit status."""
    with urlopen("http://127.0.0.1:8080/openapi.json", timeout=5) as reply:
        contract = json.load(reply)
    row = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    forms = contract["components"]["schemas"]["NamedRow"]["anyOf"]
    problems = min((problems_of(row, form) for form in forms), key=len)
    print("\n".join(problems) or "the row fits the contract")
    return 1 if problems else 0


def problems_of(row: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Compare a row with one form that the contract allows: full names, or short ones."""
    known = schema["properties"]
    problems = [f"{name}: is missing" for name in schema["required"] if name not in row]
    for name, value in row.items():
        if name not in known:
            problems.append(f"{name}: is not in the contract")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(f"{name}: must be a {known[name]['type']}, is {value!r}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
