"""Ask trees that differ in nothing but their seed for the same flower."""

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

iris = load_iris()
flower = [2.0, 1.0, 2.0, 3.0]

for seed in range(6):
    classifier = DecisionTreeClassifier(random_state=seed)
    classifier.fit(iris.data, iris.target)
    [number] = classifier.predict([flower])
    print(f"random_state={seed}: {iris.target_names[number]}")
