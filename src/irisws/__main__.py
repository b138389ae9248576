"""`python -m irisws` is `irisws`."""

from irisws.cli import run

run()
