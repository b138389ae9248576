"""Print the questions that fit() found."""

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier, export_text

iris = load_iris()
classifier = DecisionTreeClassifier(random_state=1)
classifier.fit(iris.data, iris.target)

measurements = ["sepal length", "sepal width", "petal length", "petal width"]
print(export_text(classifier, feature_names=measurements, class_names=iris.target_names))
