"""Train a classifier that names the grower of a wine, and pack it as wine.onnx."""

from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

import irisws

wine = load_wine()
columns = [wine.feature_names.index(name) for name in ("alcohol", "flavanoids", "proline")]
X, y = wine.data[:, columns], wine.target

classifier = RandomForestClassifier(random_state=0).fit(X, y)
irisws.pack(
    classifier,
    X,
    y,
    "wine.onnx",
    name="wine",
    features={"alcohol": {"unit": "%"}, "flavanoids": {}, "proline": {}},
    class_names=["grower 1", "grower 2", "grower 3"],
)
