"""From a fitted scikit-learn estimator to an ONNX graph with the outputs that serving looks for."""

from typing import Any

import numpy as np

from irisws.model.engine import LABEL, PROBABILITIES

# The newest operator sets that every supported ONNX Runtime knows.
_TARGET_OPSET = {"": 18, "ai.onnx.ml": 3}
_ML = "ai.onnx.ml"


class NotConvertible(Exception):
    """skl2onnx has no way to convert the estimator."""


def convert(estimator: Any, feature_count: int, dtype: type[np.floating[Any]]) -> Any:
    """Convert a classifier.

    Returns:
        An onnx.ModelProto: one tensor `X` of shape `[n, features]` and the given type in, `label`
        (what predict() returns) and `probabilities` (`[n, classes]`) out.

    Raises:
        NotConvertible: skl2onnx fails, in whatever way.
    """
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    tensor_type = {np.float32: FloatTensorType, np.float64: DoubleTensorType}[dtype]
    try:
        onnx = to_onnx(
            estimator,
            initial_types=[("X", tensor_type([None, feature_count]))],
            options={"zipmap": False},
            target_opset=_TARGET_OPSET,
        )
    except Exception as error:  # its converters raise whatever happens to break
        first_line = str(error).strip().split("\n", 1)[0]
        raise NotConvertible(f"{type(error).__name__}: {first_line}") from None
    _name_outputs(onnx)
    _average_trees(onnx, len(estimator.classes_))
    return onnx


def _name_outputs(onnx: Any) -> None:
    """Give the two outputs the names that serving looks for, whatever the converter chose."""
    names = dict(zip((o.name for o in onnx.graph.output), (LABEL, PROBABILITIES), strict=True))
    for output in onnx.graph.output:
        output.name = names[output.name]
    for node in onnx.graph.node:
        for edges in (node.input, node.output):
            edges[:] = [names.get(edge, edge) for edge in edges]


def _average_trees(onnx: Any, class_count: int) -> None:
    """Let a forest at the end of the graph average its trees as scikit-learn does.

    The converter writes each leaf's share of the sum, p / trees, rounded to float32. Ten times
    float32(1/20) is above a half, and rows on which the trees are evenly divided, which are common
    with two classes, get the other label. Summing p itself and dividing once is exact for them.
    """
    from onnx import helper

    last = onnx.graph.node[-1]
    attributes = {a.name: helper.get_attribute_value(a) for a in last.attribute}
    is_plain = last.op_type == "TreeEnsembleClassifier" and attributes["post_transform"] == b"NONE"
    if not is_plain or "base_values" in attributes or "class_weights" not in attributes:
        return
    columns = map(list, zip(*_leaves(attributes, class_count), strict=True))
    kept: dict[str, Any] = dict(zip(_TARGETS, columns, strict=True)) | {
        name: value
        for name, value in attributes.items()
        if name.startswith("nodes_") and name != "nodes_hitrates"
    }
    nodes = [
        helper.make_node(
            "TreeEnsembleRegressor",
            list(last.input),
            [PROBABILITIES],
            domain=_ML,
            aggregate_function="AVERAGE",
            post_transform="NONE",
            n_targets=class_count,
            **kept,
        ),
        helper.make_node("ArgMax", [PROBABILITIES], ["index"], axis=1, keepdims=0),
        helper.make_node("Gather", ["classes", "index"], [LABEL]),
    ]
    del onnx.graph.node[-1]
    onnx.graph.node.extend(nodes)
    onnx.graph.initializer.append(_class_labels(attributes))
    del onnx.opset_import[:]
    onnx.opset_import.extend(helper.make_opsetid(*each) for each in _TARGET_OPSET.items())


_TARGETS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _leaves(attributes: dict[str, Any], class_count: int) -> list[tuple[int, int, int, float]]:
    """(tree, node, class, probability) of every leaf and class.

    With two classes the converter writes only the second one's, as class 0.
    """
    trees = len(set(attributes["nodes_treeids"]))
    shares = np.array(attributes["class_weights"], dtype=np.float64)
    columns = [attributes[name] for name in ("class_treeids", "class_nodeids", "class_ids")]
    probabilities = (shares * trees).astype(np.float32).tolist()  # 1.0 is exactly 1.0 again
    rows = list(zip(*columns, probabilities, strict=True))
    if class_count == 2 and set(attributes["class_ids"]) == {0}:
        return [
            leaf
            for tree, node, _, p in rows
            for leaf in ((tree, node, 0, 1 - p), (tree, node, 1, p))
        ]
    return rows


def _class_labels(attributes: dict[str, Any]) -> Any:
    """The labels that predict() returns, as a tensor."""
    from onnx import TensorProto, helper

    numbers = attributes.get("classlabels_int64s")
    if numbers is not None:
        return helper.make_tensor("classes", TensorProto.INT64, [len(numbers)], numbers)
    texts = attributes["classlabels_strings"]
    return helper.make_tensor("classes", TensorProto.STRING, [len(texts)], texts)
