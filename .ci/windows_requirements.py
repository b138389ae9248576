"""Print the pins of a requirement file that hold on Windows, without their conditions.

    python windows_requirements.py VERSION FILE [NAME ...]

With names, only theirs. pip judges the conditions ("; sys_platform == 'win32'") by the system that
it runs on, even with --platform.
"""

import re
import sys
from pathlib import Path

from packaging.requirements import Requirement


def main(version: str, file: str, *names: str) -> None:
    windows = {
        "implementation_name": "cpython",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_python_implementation": "CPython",
        "platform_system": "Windows",
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": "win32",
    }
    pins = Path(file).read_text(encoding="utf-8").replace("\\\n", "")
    found = set()
    for line in pins.splitlines():
        pin, hashes = line.split("--hash", 1)
        requirement = Requirement(pin.strip())
        holds = requirement.marker is None or requirement.marker.evaluate(windows)
        if holds and (not names or requirement.name in names):
            found.add(requirement.name)
            print(
                f"{requirement.name}{requirement.specifier} {re.sub(' +', ' ', '--hash' + hashes)}"
            )
    if missing := set(names) - found:
        sys.exit(f"{file} has no pin for Windows of: {', '.join(sorted(missing))}")


main(*sys.argv[1:])
