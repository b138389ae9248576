"""A classifier as a web application, first try: it works if the caller makes no mistake."""

import json
from wsgiref.types import StartResponse, WSGIEnvironment

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

X, y = load_iris(return_X_y=True)
clf = DecisionTreeClassifier(random_state=1).fit(X, y)


def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer a flower with the number of its species."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    flower = json.loads(environ["wsgi.input"].read(length))
    row = [flower["sl"], flower["sw"], flower["pl"], flower["pw"]]
    reply = json.dumps({"prediction": clf.predict([row]).tolist()}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(reply)))]
    start_response("200 OK", headers)
    return [reply]
