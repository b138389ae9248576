"""Serve an application with Debian's Apache and mod_wsgi, as a process in the foreground.

    python -m tests.servers.on_apache PORT MODULE:NAME

Debian's mod_wsgi embeds Debian's own Python. It can use the packages of this environment as long as
both are of the same minor version, since compiled packages are.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

MODULES = Path("/usr/lib/apache2/modules")
MOD_WSGI = MODULES / "mod_wsgi.so"
APACHE = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_USER = "www-data"  # what Debian's Apache becomes when root starts it
_ROOT = Path(__file__).parents[2]

_CONFIGURATION = """
ServerName irisws
ServerRoot {directory}
PidFile {directory}/pid
ErrorLog /dev/stderr
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
{user}
WSGISocketPrefix {directory}/wsgi
WSGIDaemonProcess irisws threads=4 python-path={path}
WSGIProcessGroup irisws
WSGIApplicationGroup %{{GLOBAL}}
WSGIChunkedRequest On
WSGIScriptAlias / {directory}/app.wsgi
<Directory {directory}>
    Require all granted
</Directory>
"""


@cache
def can_serve() -> bool:
    """Whether Apache is there, and Debian's Python, as Apache's user, can import irisws."""
    if APACHE is None or not MOD_WSGI.exists():
        return False
    code = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r}); import irisws.wsgi"
    command = ["/usr/bin/python3", "-c", code]
    user = _USER if os.geteuid() == 0 else None
    try:
        return not subprocess.run(
            command, user=user, cwd="/", capture_output=True, timeout=60
        ).returncode
    except OSError:
        return False


def main() -> int:
    port, app = sys.argv[1:]
    assert APACHE is not None
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)  # Apache changes to another user
        module, _, name = app.partition(":")
        Path(directory, "app.wsgi").write_text(f"from {module} import {name} as application\n")
        configuration = Path(directory, "apache.conf")
        configuration.write_text(_configuration(port, directory))
        process = subprocess.Popen([APACHE, "-DFOREGROUND", "-f", str(configuration)])
        return _wait(process)


def _configuration(port: str, directory: str) -> str:
    return _CONFIGURATION.format(
        directory=directory,
        port=port,
        modules=MODULES,
        path=f"{_ROOT}:{sysconfig.get_path('purelib')}",
        user=f"User {_USER}\nGroup {_USER}" if os.geteuid() == 0 else "",
    )


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """Wait for Apache; end it with this process."""
    signal.signal(signal.SIGTERM, lambda number, frame: process.terminate())
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
