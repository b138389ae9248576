"""Trees and small forests, walked in Python: the fastest way to answer one row.

ONNX Runtime answers a row in a few microseconds, but releases the GIL while it does. Under a
threaded server the worker must then win the GIL back from the main loop, which costs far more than
the walk over a few nodes. So one row of a small tree ensemble is walked here, with the GIL kept,
and everything else goes to ONNX Runtime. Both read the same graph, and both must pass the golden
rows before a model is served.
"""

import math
import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from irisws.model.onnx_file import Node, floats, ints, string, strings

# Beyond this many steps through all trees, or for a file that takes long to read in Python, ONNX
# Runtime is the better one again (tests/benchmarks/evaluators.py shows where the two meet).
LONGEST_WALK = 1_000
MOST_NODES = 100_000

# A branch is (feature, bound, node if value <= bound, node otherwise); a leaf is
# (None, ((class, weight), ...), None, None). Nested tuples are what Python walks fastest.
TreeNode: TypeAlias = tuple[Any, Any, Any, Any]


@dataclass(frozen=True)
class TreeEnsemble:
    """A tree ensemble whose leaves add up to class probabilities."""

    roots: tuple[TreeNode, ...]
    class_count: int

    def predict(self, row: Sequence[float]) -> tuple[int, list[float]]:
        """Answer one row of finite numbers: the class's index, and every class's probability."""
        totals = [0.0] * self.class_count
        for root in self.roots:
            feature, value, left, right = root
            while feature is not None:
                feature, value, left, right = left if row[feature] <= value else right
            for index, weight in value:
                totals[index] += weight
        return totals.index(max(totals)), totals


class _Unwalkable(Exception):
    """The graph holds something that only ONNX Runtime evaluates."""


def read_tree_ensemble(nodes: list[Node], class_count: int) -> TreeEnsemble | None:
    """Read the graph as a small tree ensemble, or return None if it is anything else.

    Source: the operator TreeEnsembleClassifier of
    https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html
    """
    if len(nodes) != 1 or (nodes[0].domain, nodes[0].op_type) != (
        "ai.onnx.ml",
        "TreeEnsembleClassifier",
    ):
        return None
    try:
        return _ensemble(nodes[0].attributes, class_count)
    except (_Unwalkable, KeyError, IndexError):
        return None


def widest_bound(threshold: float) -> float:
    """The largest double that `float32(x) <= threshold` still accepts, for a float32 threshold.

    The engine rounds its inputs to float32 before it compares. Rounding never changes an order, so
    comparing the unrounded double with this bound gives the same answer, with nothing to round.

    >>> widest_bound(0.5)
    0.5000000298023224
    """
    if math.isinf(threshold):
        return threshold
    middle = (threshold + _next_float32(threshold)) / 2  # exact: a double has bits to spare
    rounds_down = _float32(middle) <= threshold  # ties go to the even neighbour
    return middle if rounds_down else math.nextafter(middle, -math.inf)


def _ensemble(attributes: dict[str, memoryview], class_count: int) -> TreeEnsemble:
    _refuse_what_is_not_walked(attributes)
    tree_ids = ints(attributes["nodes_treeids"])
    if len(tree_ids) > MOST_NODES:
        raise _Unwalkable
    positions = {
        key: position
        for position, key in enumerate(zip(tree_ids, ints(attributes["nodes_nodeids"]), strict=True))
    }
    builder = _Builder(
        positions=positions,
        modes=strings(attributes["nodes_modes"]),
        features=ints(attributes["nodes_featureids"]),
        bounds=[widest_bound(value) for value in floats(attributes["nodes_values"])],
        when_true=ints(attributes["nodes_truenodeids"]),
        when_false=ints(attributes["nodes_falsenodeids"]),
        weights=_weights(attributes, class_count, len(set(tree_ids))),
    )
    trees = list(dict.fromkeys(tree_ids))
    roots = tuple(builder.build(tree, 0, set()) for tree in trees)
    if sum(map(_depth, roots)) > LONGEST_WALK:
        raise _Unwalkable
    return TreeEnsemble(roots, class_count)


def _refuse_what_is_not_walked(attributes: dict[str, memoryview]) -> None:
    unusual = {"base_values", "nodes_values_as_tensor", "class_weights_as_tensor"}
    if unusual & attributes.keys() or string(attributes["post_transform"]) != b"NONE":
        raise _Unwalkable
    if any(ints(attributes.get("nodes_missing_value_tracks_true", memoryview(b"")))):
        raise _Unwalkable


def _weights(
    attributes: dict[str, memoryview], class_count: int, tree_count: int
) -> dict[tuple[int, int], list[tuple[int, float]]]:
    """Each leaf's (class, weight) pairs, by tree and node.

    With two classes the file may hold only the second one's weights, written as class 0; the
    first one's probability is then what is missing to 1, of which each tree brings its share.
    """
    classes = ints(attributes["class_ids"])
    only_second = class_count == 2 and set(classes) == {0}
    leaves = defaultdict(list)
    for tree, node, index, weight in zip(
        ints(attributes["class_treeids"]),
        ints(attributes["class_nodeids"]),
        classes,
        floats(attributes["class_weights"]),
        strict=True,
    ):
        if not 0 <= index < class_count:
            raise _Unwalkable
        if only_second:
            leaves[tree, node] += [(0, 1 / tree_count - weight), (1, weight)]
        elif weight:
            leaves[tree, node].append((index, weight))
    return leaves


@dataclass(frozen=True)
class _Builder:
    positions: dict[tuple[int, int], int]
    modes: list[bytes]
    features: list[int]
    bounds: list[float]
    when_true: list[int]
    when_false: list[int]
    weights: dict[tuple[int, int], list[tuple[int, float]]]

    def build(self, tree: int, node: int, ancestors: set[int]) -> TreeNode:
        if node in ancestors or len(ancestors) > 200:  # a circle, or too deep to build like this
            raise _Unwalkable
        at = self.positions[tree, node]
        if self.modes[at] == b"LEAF":
            return (None, tuple(self.weights[tree, node]), None, None)
        if self.modes[at] != b"BRANCH_LEQ":
            raise _Unwalkable
        below = ancestors | {node}
        left = self.build(tree, self.when_true[at], below)
        right = self.build(tree, self.when_false[at], below)
        return (self.features[at], self.bounds[at], left, right)


def _depth(node: TreeNode) -> int:
    return 0 if node[0] is None else 1 + max(_depth(node[2]), _depth(node[3]))


def _float32(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def _next_float32(value: float) -> float:
    """The next float32 above a float32."""
    if value == 0:
        return 2.0**-149
    bits = struct.unpack("<i", struct.pack("<f", value))[0]
    following: float = struct.unpack("<f", struct.pack("<i", bits + (1 if value > 0 else -1)))[0]
    return following
