"""The application as a module attribute, for any WSGI server; configured by the environment.

waitress-serve --listen=127.0.0.1:8080 irisws.wsgi:app
"""

import os
import sys

from irisws.app import Application, create_app
from irisws.model.model import UnusableModel
from irisws.settings import InvalidSettings, Settings

_EXIT_USAGE, _EXIT_MODEL = 2, 4


def _create() -> Application:
    """Create the application, or end the process with one line: no server can go on without it."""
    try:
        return create_app(settings=Settings.from_environment(os.environ))
    except InvalidSettings as error:
        print(f"irisws: {error}", file=sys.stderr)
        sys.exit(_EXIT_USAGE)
    except UnusableModel as error:
        print(f"irisws: {error}", file=sys.stderr)
        sys.exit(_EXIT_MODEL)


app = _create()
