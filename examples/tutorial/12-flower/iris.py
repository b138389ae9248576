"""Name the species of an iris flower from four measurements.

python iris.py --sl 3.0 --sw 2.0 --pl 1.0 --pw 1.0
"""

import argparse

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

parser = argparse.ArgumentParser(description="Name the species of an iris flower.")
parser.add_argument("--sl", type=float, required=True, help="sepal length in cm")
parser.add_argument("--sw", type=float, required=True, help="sepal width in cm")
parser.add_argument("--pl", type=float, required=True, help="petal length in cm")
parser.add_argument("--pw", type=float, required=True, help="petal width in cm")
flower = parser.parse_args()

iris = load_iris()
classifier = DecisionTreeClassifier(random_state=1)
classifier.fit(iris.data, iris.target)

[number] = classifier.predict([[flower.sl, flower.sw, flower.pl, flower.pw]])
print(iris.target_names[number])
