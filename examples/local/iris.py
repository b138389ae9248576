"""Name the species of an iris flower from four measurements, on this machine.

python iris.py --sl 3.0 --sw 2.0 --pl 1.0 --pw 1.0
"""

import argparse

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

parser = argparse.ArgumentParser(description="Name the species of an iris flower.")
parser.add_argument("--sl", type=float, required=True, metavar="CM", help="sepal length in cm")
parser.add_argument("--sw", type=float, required=True, metavar="CM", help="sepal width in cm")
parser.add_argument("--pl", type=float, required=True, metavar="CM", help="petal length in cm")
parser.add_argument("--pw", type=float, required=True, metavar="CM", help="petal width in cm")


def main() -> None:
    """Train on Fisher's 150 flowers, then classify the one on the command line."""
    flower = parser.parse_args()
    iris = load_iris()
    # Equally good splits are drawn by lot; the seed makes every machine draw the same tree.
    classifier = DecisionTreeClassifier(random_state=1).fit(iris.data, iris.target)
    [species] = classifier.predict([[flower.sl, flower.sw, flower.pl, flower.pw]])
    print(iris.target_names[species])


if __name__ == "__main__":
    main()
