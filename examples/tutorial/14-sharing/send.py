"""Train a model that says how sure it is, and send it to the colleague as a pickle."""

import pickle
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

iris = load_iris()
model = LogisticRegression(max_iter=1000)
model.fit(iris.data, iris.target_names[iris.target])

Path("colleague/iris.pickle").write_bytes(pickle.dumps(model))
print("sent: colleague/iris.pickle")
