"""Train another model for the same flowers, and pack it as version 2.0.

python train_forest.py new.onnx
"""

import sys

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

import irisws

X, y = load_iris(return_X_y=True)
forest = RandomForestClassifier(n_estimators=25, random_state=0).fit(X, y)
irisws.pack(
    forest,
    X,
    y,
    sys.argv[1],
    name="iris",
    version="2.0",
    class_names=["setosa", "versicolor", "virginica"],
)
