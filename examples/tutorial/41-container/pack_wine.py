"""Train a classifier of wines and pack it into one file, models/wine.onnx."""

from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

import irisws

X, y = load_wine(return_X_y=True)
clf = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)

Path("models").mkdir(exist_ok=True)
irisws.pack(clf, X, y, "models/wine.onnx", name="wine")
