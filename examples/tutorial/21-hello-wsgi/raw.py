"""Show one HTTP conversation as it is: the bytes sent, and the bytes that came back."""

import socket

request = (
    "POST /roses HTTP/1.1\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "User-Agent: me\r\n"
    "Content-Length: 9\r\n"
    "Connection: close\r\n"
    "\r\n"
    "two dozen"
)

with socket.create_connection(("127.0.0.1", 8080)) as connection:
    connection.sendall(request.encode())
    reply = b"".join(iter(lambda: connection.recv(4096), b""))

for who, text in (("client", request), ("server", reply.decode())):
    for line in text.splitlines():
        print(f"{who}  {line}".rstrip())
