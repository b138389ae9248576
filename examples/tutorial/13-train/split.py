"""Hold thirty flowers back, train on the rest, and score the model on the thirty."""

from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

iris = load_iris()

for lot in range(6):
    X_train, X_test, y_train, y_test = train_test_split(
        iris.data, iris.target, test_size=30, stratify=iris.target, random_state=lot
    )
    classifier = DecisionTreeClassifier(random_state=1)
    classifier.fit(X_train, y_train)
    seen = classifier.score(X_train, y_train)
    held_back = classifier.score(X_test, y_test)
    print(f"lot {lot}: {seen:.3f} of the seen right, {held_back:.3f} of those held back")
