"""Call the greeting from Python: once with GET, once with POST."""

from urllib.request import Request, urlopen

URL = "http://127.0.0.1:8080/roses"

for request in (Request(URL), Request(URL, data=b"two dozen")):
    with urlopen(request) as reply:
        print(reply.status, reply.headers["Content-Type"])
        print(reply.read().decode())
