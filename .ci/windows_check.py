"""Check, under Windows Python, that what is installed finds there what it asks for.

`pip check` would judge the conditions of the requirements by the system that it runs on.
"""

import importlib.metadata
import sys

from packaging.requirements import Requirement


def main() -> None:
    assert sys.platform == "win32", "to be run by Windows Python"
    distributions = list(importlib.metadata.distributions())
    versions = {normal(each.name): each.version for each in distributions}
    problems = [
        f"{each.name} needs {requirement}, installed is {versions.get(normal(requirement.name))}"
        for each in distributions
        for requirement in map(Requirement, each.requires or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not requirement.specifier.contains(versions.get(normal(requirement.name), "-1"), True)
    ]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(versions)} packages fit together")


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


main()
