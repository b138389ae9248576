"""Count which species the tree takes for which, and draw the table as confusion.png."""

import matplotlib

matplotlib.use("Agg")  # draws into files, and needs no window

from matplotlib import pyplot
from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

iris = load_iris()
species = list(iris.target_names)
folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=1)
predicted = cross_val_predict(
    DecisionTreeClassifier(random_state=1), iris.data, iris.target, cv=folds
)

matrix = confusion_matrix(iris.target, predicted)
print("is \\ called  " + "".join(f"{name:>11}" for name in species))
for name, counts in zip(species, matrix, strict=True):
    print(f"{name:<12} " + "".join(f"{count:11}" for count in counts))

print("\nmistaken flowers, lengths in cm:")
for number in (predicted != iris.target).nonzero()[0]:
    pl, pw = iris.data[number][2:]
    right, wrong = species[iris.target[number]], species[predicted[number]]
    print(f"petal {pl} x {pw}: {right}, called {wrong}")

ConfusionMatrixDisplay(matrix, display_labels=species).plot(cmap="Blues", colorbar=False)
pyplot.title("Each row holds 50 flowers of one species")
pyplot.savefig("confusion.png", dpi=150, bbox_inches="tight")
