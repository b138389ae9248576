"""The article's way: one Flask module that fits the model as it starts, and calls its predict().

ARTICLE_TREES in the environment makes it a random forest of that many trees.
"""

import os

from flask import Flask, Response, jsonify, request
from sklearn.datasets import load_iris

if trees := int(os.environ.get("ARTICLE_TREES", "0")):
    from sklearn.ensemble import RandomForestClassifier

    estimator = RandomForestClassifier(trees, random_state=1)
else:
    from sklearn.tree import DecisionTreeClassifier

    estimator = DecisionTreeClassifier(random_state=1)

estimator.fit(*load_iris(return_X_y=True))


def predict() -> Response:
    """Answer `POST /`: one flower in, one class index out."""
    flower = request.get_json()
    row = [flower["sl"], flower["sw"], flower["pl"], flower["pw"]]
    return jsonify(prediction=estimator.predict([row]).tolist())


app = Flask(__name__)
app.add_url_rule("/", view_func=predict, methods=["POST"])
