"""What `irisws predict` does with a CSV file, with pandas and scikit-learn.

python bulk_pandas.py IN.csv OUT.csv ROWS_AT_ONCE    (0 for all)
"""

import sys
from typing import Any

import pandas
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier


def main(source: str, target: str, rows: int) -> None:
    iris = load_iris()
    tree = DecisionTreeClassifier(random_state=1).fit(iris.data, iris.target)
    if not rows:
        answered(pandas.read_csv(source), tree, iris.target_names).to_csv(target, index=False)
        return
    for number, frame in enumerate(pandas.read_csv(source, chunksize=rows)):
        answered(frame, tree, iris.target_names).to_csv(
            target, index=False, mode="a" if number else "w", header=not number
        )


def answered(frame: Any, tree: Any, names: Any) -> Any:
    probabilities = tree.predict_proba(frame.to_numpy())
    indexes = probabilities.argmax(axis=1)
    added = {f"probability_{name}": probabilities[:, at] for at, name in enumerate(names)}
    return frame.assign(label=names[indexes], index=indexes, **added)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
