"""Train a classifier of wines and pack it into one file, mine.onnx."""

from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

import irisws

wine = load_wine()
names = ["alcohol", "color_intensity", "proline"]
columns = [wine.feature_names.index(name) for name in names]
X, y = wine.data[:, columns], wine.target

clf = RandomForestClassifier(random_state=0).fit(X, y)

irisws.pack(
    clf,
    X,
    y,
    "mine.onnx",
    name="wine",
    features={
        "alcohol": {"alias": "alc", "unit": "% vol"},
        "color_intensity": {"alias": "color"},
        "proline": {"unit": "mg/l"},
    },
    class_names=["first", "second", "third"],
)
