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

# Beyond this many steps through all trees ONNX Runtime is the better one again
# (tests/benchmarks/evaluators.py shows where the two meet). A forest of many more nodes than that
# is not even read: it takes 15 µs a node, which the start would wait for.
LONGEST_WALK = 1_000
MOST_NODES = 10_000
_MODE_BYTES = 12  # of one node's longest mode that is walked, BRANCH_LEQ, as it is encoded

_MOST_LEAF_BYTES = 6 * MOST_NODES  # of what the leaves say of classes, as it is encoded

# Where two classes are closer than this, float32 and float64 may disagree on which is ahead.
NEAR_TIE = 1e-6

# A branch is (feature, bound, node if value <= bound, node otherwise); a leaf is
# (None, ((class, probability), ...), its number, None). Nested tuples are what Python walks
# fastest.
TreeNode: TypeAlias = tuple[Any, Any, Any, Any]


@dataclass(frozen=True)
class TreeEnsemble:
    """A tree ensemble that answers with the average of its leaves' class probabilities."""

    roots: tuple[TreeNode, ...]
    class_count: int

    def predict(self, row: Sequence[float]) -> tuple[int, list[float]] | None:
        """Answer one row of finite numbers: the class's index, and every class's probability.

        Returns:
            None where two classes are all but equal: the engine then says which one it is, so that
            a row is answered alike alone and among others.
        """
        totals = [0.0] * self.class_count
        for root in self.roots:
            feature, value, left, right = root
            while feature is not None:
                feature, value, left, right = left if row[feature] <= value else right
            for index, probability in value:
                totals[index] += probability
        trees = len(self.roots)
        average = [total / trees for total in totals] if trees > 1 else totals
        best = max(average)
        tie = best - NEAR_TIE
        if sum([p > tie for p in average]) > 1:
            return None
        return average.index(best), average


def path_to_leaf(
    root: TreeNode, row: Sequence[float]
) -> tuple[list[tuple[int, float, bool]], TreeNode]:
    """The comparisons that a row meets in one tree, and the leaf that it comes to.

    Returns:
        Of each comparison the feature's position, the graph's threshold, and whether the value is
        at most that; and the leaf.
    """
    steps = []
    node = root
    while node[0] is not None:
        position, bound, left, right = node
        is_left = row[position] <= bound
        # Rounding the bound gives the threshold again; as text it is the number that people wrote.
        (threshold,) = struct.unpack("<f", struct.pack("<f", bound))
        steps.append((position, _shortest(threshold), is_left))
        node = left if is_left else right
    return steps, node


class _Unwalkable(Exception):
    """The graph holds something that only ONNX Runtime evaluates."""


def read_tree_ensemble(
    nodes: list[Node], feature_count: int, class_count: int
) -> TreeEnsemble | None:
    """Read a graph of nothing but a small tree ensemble; None if the graph is anything else.

    Source: the operator TreeEnsembleRegressor of
    https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html, followed by ArgMax and
    a look-up of the label, as `irisws.model.conversion` writes them.
    """
    if [node.op_type for node in nodes] != ["TreeEnsembleRegressor", "ArgMax", "Gather"]:
        return None
    try:
        return _ensemble(nodes[0].attributes, feature_count, class_count)
    except (_Unwalkable, KeyError, ValueError):  # what is missing, or of differing lengths
        return None


def _shortest(threshold: float) -> float:
    """The shortest decimal number that divides float32 values as this float32 does.

    >>> _shortest(2.114999771118164)
    2.115
    """
    (bits,) = struct.unpack("<i", struct.pack("<f", threshold))
    following = _next_float32(threshold, bits)
    for digits in range(1, 10):
        for near in (threshold, (threshold + following) / 2):
            shorter = float(f"{near:.{digits}g}")
            is_same = struct.pack("<f", shorter) == struct.pack("<f", threshold)
            if is_same or threshold <= shorter < following:
                return shorter
    return threshold


def widest_bound(threshold: float) -> float:
    """The largest double that `float32(x) <= threshold` still accepts, for a float32 threshold.

    The engine rounds its inputs to float32 before it compares. Rounding never changes an order, so
    comparing the unrounded double with this bound gives the same answer, with nothing to round.

    >>> widest_bound(0.5)
    0.5000000298023224
    """
    if math.isinf(threshold):
        return threshold
    (bits,) = struct.unpack("<i", struct.pack("<f", threshold))
    middle = (threshold + _next_float32(threshold, bits)) / 2  # exact: a double has bits to spare
    tie_goes_down = bits % 2 == 0  # half-way values are rounded to the even neighbour
    return middle if tie_goes_down else math.nextafter(middle, -math.inf)


def _ensemble(
    attributes: dict[str, memoryview], feature_count: int, class_count: int
) -> TreeEnsemble:
    _refuse_what_is_not_walked(attributes)
    if len(attributes["nodes_modes"]) > MOST_NODES * _MODE_BYTES:
        raise _Unwalkable
    if len(attributes["target_nodeids"]) > _MOST_LEAF_BYTES:
        raise _Unwalkable
    tree_ids = ints(attributes["nodes_treeids"])
    columns = zip(
        tree_ids,
        ints(attributes["nodes_nodeids"]),
        strings(attributes["nodes_modes"]),
        ints(attributes["nodes_featureids"]),
        map(widest_bound, floats(attributes["nodes_values"])),
        ints(attributes["nodes_truenodeids"]),
        ints(attributes["nodes_falsenodeids"]),
        strict=True,
    )
    builder = _Builder(
        nodes={(tree, node): tuple(rest) for tree, node, *rest in columns},
        leaves=_leaves(attributes, class_count),
        feature_count=feature_count,
    )
    roots = tuple(builder.build(tree, 0, set()) for tree in dict.fromkeys(tree_ids))
    if sum(map(_depth, roots)) > LONGEST_WALK:
        raise _Unwalkable
    return TreeEnsemble(roots, class_count)


def _refuse_what_is_not_walked(attributes: dict[str, memoryview]) -> None:
    unusual = {"base_values", "nodes_values_as_tensor", "target_weights_as_tensor"}
    if unusual & attributes.keys() or string(attributes["post_transform"]) != b"NONE":
        raise _Unwalkable
    if string(attributes["aggregate_function"]) != b"AVERAGE":
        raise _Unwalkable
    if any(ints(attributes.get("nodes_missing_value_tracks_true", memoryview(b"")))):
        raise _Unwalkable


def _leaves(
    attributes: dict[str, memoryview], class_count: int
) -> dict[tuple[int, int], list[tuple[int, float]]]:
    """Each leaf's (class, probability) pairs, by tree and node; without the zeros."""
    leaves: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    for tree, node, index, probability in zip(
        ints(attributes["target_treeids"]),
        ints(attributes["target_nodeids"]),
        ints(attributes["target_ids"]),
        floats(attributes["target_weights"]),
        strict=True,
    ):
        if index >= class_count:
            raise _Unwalkable
        if probability:
            leaves[tree, node].append((index, probability))
    return leaves


@dataclass(frozen=True)
class _Builder:
    nodes: dict[tuple[int, int], tuple[Any, ...]]  # (tree, node): mode, feature, bound, two nodes
    leaves: dict[tuple[int, int], list[tuple[int, float]]]
    feature_count: int

    def build(self, tree: int, node: int, ancestors: set[int]) -> TreeNode:
        if node in ancestors or len(ancestors) > 200:  # a circle, or too deep to build like this
            raise _Unwalkable
        mode, feature, bound, when_true, when_false = self.nodes[tree, node]
        if mode == b"LEAF":
            return (None, tuple(self.leaves[tree, node]), node, None)
        if mode != b"BRANCH_LEQ" or feature >= self.feature_count:
            raise _Unwalkable
        below = ancestors | {node}
        left, right = (self.build(tree, child, below) for child in (when_true, when_false))
        return (feature, bound, left, right)


def _depth(node: TreeNode) -> int:
    return 0 if node[0] is None else 1 + max(_depth(node[2]), _depth(node[3]))


def _next_float32(value: float, bits: int) -> float:
    """The next float32 above one that is given as number and as bits."""
    if value == 0:
        return 2.0**-149
    following: float = struct.unpack("<f", struct.pack("<i", bits + (1 if value > 0 else -1)))[0]
    return 2.0**128 if math.isinf(following) else following  # where rounding to infinity begins
