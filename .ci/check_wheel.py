"""Use an installed wheel as its first user would: predict, and one served request.

python check_wheel.py ENVIRONMENT WHEEL
"""

import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path


def main(environment: str, wheel: str) -> None:
    command = str(Path(environment, "bin", "irisws"))
    names = zipfile.ZipFile(wheel).namelist()
    explorer = "irisws/explorer/swagger-ui"
    for needed in (
        *("irisws/iris.onnx", "irisws/py.typed", "irisws/explorer/index.html"),
        *(f"{explorer}/swagger-ui-bundle.js", f"{explorer}/LICENSE"),
    ):
        assert needed in names, f"{needed} is not in the wheel"
    assert not [n for n in names if n.startswith("tests")], "tests are in the wheel"

    listed = subprocess.check_output([f"{environment}/bin/pip", "list"], text=True).lower()
    assert "scikit-learn" not in listed, "the serving environment has scikit-learn"

    flower = ["--sl", "3.0", "--sw", "2.0", "--pl", "1.0", "--pw", "1.0"]
    answer = subprocess.check_output([command, "predict", *flower], text=True)
    assert answer == "versicolor\n", f"irisws predict answered {answer!r}"
    print("irisws predict: versicolor")
    serve(command)


def serve(command: str) -> None:
    with subprocess.Popen(
        [command, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        try:
            found = re.search(r"http://\S+", line)
            assert found, f"irisws serve said {line!r}"
            request = urllib.request.Request(
                found[0],
                b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}',
                {"Content-Type": "application/json"},
            )
            body = urllib.request.urlopen(request, timeout=10).read()
            assert body == b'{"prediction":[1]}', f"the server answered {body!r}"
            print("irisws serve:", body.decode())
        finally:
            server.terminate()
    assert server.returncode == 0, f"irisws serve ended with {server.returncode}"


main(*sys.argv[1:])
