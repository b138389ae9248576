"""Pack a random forest on iris: `python -m tests.benchmarks.forest 100 forest.onnx`.

A process of its own, because a benchmark that had scikit-learn and ONNX Runtime loaded would share
their pages with the servers, and make them look smaller than they are.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from irisws.model.model import Model
from irisws.model.packing import pack
from irisws.training.iris import IRIS_FEATURES


def pack_forest(trees: int, path: Path) -> Model:
    """Fit `RandomForestClassifier(trees, random_state=1)` on all flowers, and pack it."""
    iris = load_iris()
    return pack(
        RandomForestClassifier(trees, random_state=1).fit(iris.data, iris.target),
        iris.data,
        iris.target,
        path,
        name=f"iris-forest-{trees}",
        features=IRIS_FEATURES,
        class_names=[str(name) for name in iris.target_names],
    )


if __name__ == "__main__":
    pack_forest(int(sys.argv[1]), Path(sys.argv[2]))
