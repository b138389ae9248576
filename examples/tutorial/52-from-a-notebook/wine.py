"""What a notebook has: wines in a data frame, and a classifier that is fitted."""

from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

wine = load_wine(as_frame=True)
X = wine.data
y = wine.target.map({0: "Barolo", 1: "Grignolino", 2: "Barbera"})

clf = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
