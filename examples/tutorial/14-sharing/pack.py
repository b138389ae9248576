"""Train the same model once more, and pack it into one file that proves itself."""

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import irisws

iris = load_iris()
species = iris.target_names[iris.target]
model = LogisticRegression(max_iter=1000)
model.fit(iris.data, species)

irisws.pack(
    model,
    iris.data,
    species,
    "iris.onnx",
    name="iris",
    data_set="Fisher's iris flowers, as scikit-learn's load_iris() has them",
    features={
        "sepal_length": {"alias": "sl", "unit": "cm"},
        "sepal_width": {"alias": "sw", "unit": "cm"},
        "petal_length": {"alias": "pl", "unit": "cm"},
        "petal_width": {"alias": "pw", "unit": "cm"},
    },
)
