"""Stop a server while eight clients call it, and count the requests that got no answer.

python restart.py waitress --listen 127.0.0.1:8081 service:app
"""

import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from threading import Thread

BODY = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
HEADERS = {"Content-Type": "application/json", "Connection": "close"}

answered: list[int] = []
lost: list[Exception] = []


def call_until_it_ends() -> None:
    """Call again and again, until the server is gone."""
    while True:
        connection = HTTPConnection("127.0.0.1", 8081, timeout=30)
        try:
            connection.connect()
        except OSError:
            return  # nobody listens: nothing was sent, so nothing is lost
        try:
            connection.request("POST", "/", BODY, HEADERS)
            reply = connection.getresponse()
            reply.read()
            answered.append(reply.status)
        except (OSError, HTTPException) as error:
            lost.append(error)
            return
        finally:
            connection.close()


def is_listening() -> bool:
    """Whether the server takes connections yet."""
    connection = HTTPConnection("127.0.0.1", 8081)
    try:
        connection.connect()
    except OSError:
        return False
    connection.close()
    return True


if sys.platform == "win32":  # a group of its own, so that the signal does not stop this script, too
    group, stop = subprocess.CREATE_NEW_PROCESS_GROUP, signal.CTRL_BREAK_EVENT
else:
    group, stop = 0, signal.SIGTERM
command = [sys.executable, "-m", *sys.argv[1:]]
server = subprocess.Popen(command, stderr=subprocess.DEVNULL, creationflags=group)
while not is_listening():
    if server.poll() is not None:
        sys.exit("the server ended; start it without this script to see why")
    time.sleep(0.1)
clients = [Thread(target=call_until_it_ends) for _ in range(8)]
for client in clients:
    client.start()
time.sleep(2)
server.send_signal(stop)
server.wait()
for client in clients:
    client.join()
print(f"{len(answered):,} requests answered, {len(lost)} lost")
