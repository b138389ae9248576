"""Another classifier on the same wines: one that ONNX does not carry faithfully."""

from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from wine import X, y

import irisws

neighbours = KNeighborsClassifier(weights="distance")
clf = make_pipeline(StandardScaler(), neighbours).fit(X, y)

irisws.pack(clf, X, y, "neighbours.onnx", name="neighbours")
