"""Stands in for a command that cannot run in a test: `stand_in.py CALLS NAME ARGUMENTS…`.

It records the call in the file CALLS, holds the arguments against `checked/NAME.toml`, a list that
was written from the vendor's reference and reviewed, prints what the list says, and does nothing
else. What the list does not allow is refused with status 64.

    source = "systemctl(1), systemd 252"
    [[form]]
    arguments = ["enable", "--now", "~[a-z-]+\\.service"]   # ~ a regular expression
    output = "…"                                            # optional
    status = 0                                              # optional
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

REFUSED = 64  # EX_USAGE of sysexits.h


def matching_form(name: str, arguments: list[str]) -> dict[str, Any] | None:
    """The form of the reviewed list that these arguments have."""
    text = Path(__file__).parent.joinpath("checked", f"{name}.toml").read_text(encoding="utf-8")
    for form in tomllib.loads(text)["form"]:
        wanted = form["arguments"]
        if len(wanted) == len(arguments) and all(map(_fits, wanted, arguments)):
            return dict(form)
    return None


def _fits(wanted: str, argument: str) -> bool:
    if wanted.startswith("~"):
        return re.fullmatch(wanted[1:], argument) is not None
    return wanted == argument


def main(name: str, arguments: list[str]) -> int:
    if name == "sudo":  # only for what is checked itself
        name, *arguments = arguments
    form = matching_form(name, arguments)
    if form is None:
        print(f"{name} {' '.join(arguments)}: not in the reviewed list", file=sys.stderr)
        return REFUSED
    sys.stdout.write(form.get("output", ""))
    return int(form.get("status", 0))


if __name__ == "__main__":
    _, calls, *call = sys.argv
    with open(calls, "a", encoding="utf-8") as file:
        file.write(" ".join(call) + "\n")
    sys.exit(main(call[0], call[1:]))
