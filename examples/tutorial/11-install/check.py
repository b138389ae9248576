"""Say what this machine has for the tutorial, and what to do next.

Needs no package, and runs with any Python 3 so that it can say that a Python is too old.
"""

import os
import platform
import sys

PACKAGES = ["irisws", "scikit-learn", "skl2onnx", "matplotlib"]


def version_of(package: str) -> "str | None":
    """The installed version of a package, None if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def next_step() -> str:
    """Print what is there, and return what to do about what is not."""
    print("system        ", platform.system(), platform.machine())
    print("Python        ", platform.python_version())
    if sys.version_info < (3, 11):  # noqa: UP036  # an older one may run this file
        return "install a newer Python"
    is_active = sys.prefix != sys.base_prefix
    print("environment   ", os.path.basename(sys.prefix) if is_active else "none is active")
    if not is_active:
        return "make an environment and activate it"
    versions = {package: version_of(package) for package in PACKAGES}
    for package, version in versions.items():
        print(f"{package:<14} {version or 'missing'}")
    if None in versions.values():
        return "install what is missing"
    return ""


todo = next_step()
print("next:", todo or "nothing, all is there")
sys.exit(1 if todo else 0)
