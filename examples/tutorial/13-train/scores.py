"""Score a tree, and a model that only guesses, on many splits of the same flowers."""

from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

iris = load_iris()
splits = RepeatedStratifiedKFold(n_splits=5, n_repeats=20, random_state=1)
models = {
    "guesser": DummyClassifier(strategy="most_frequent"),
    "tree": DecisionTreeClassifier(random_state=1),
}

print("model    accuracy  spread  worst  best")
for name, model in models.items():
    scores = cross_val_score(model, iris.data, iris.target, cv=splits)
    mean, spread = scores.mean(), scores.std()
    print(f"{name:<8} {mean:8.3f} {spread:7.3f} {scores.min():6.3f} {scores.max():5.3f}")
