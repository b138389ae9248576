"""Train on all the flowers, and keep the model in a file."""

import pickle
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

iris = load_iris()
classifier = DecisionTreeClassifier(random_state=1)
classifier.fit(iris.data, iris.target_names[iris.target])

Path("iris.pickle").write_bytes(pickle.dumps(classifier))
print(f"iris.pickle: a tree trained on {len(iris.data)} flowers")
