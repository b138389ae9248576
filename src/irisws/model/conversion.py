"""From a fitted scikit-learn estimator to an ONNX graph with the tensors that serving looks for."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from irisws.model.boosting import convert_hist_gradient_boosting
from irisws.model.card import Column, Feature
from irisws.model.engine import LABEL, MISSING_STRING, PROBABILITIES
from irisws.model.linear import convert_linear_classifier, linear_classifiers
from irisws.model.rows import is_missing

# The newest operator sets that every supported ONNX Runtime knows.
_TARGET_OPSET = {"": 18, "ai.onnx.ml": 3}
_ML = "ai.onnx.ml"
# What splits text into words, or makes it lower case: in other scripts, and by another locale,
# otherwise than Python does.
_READS_TEXT = {"Tokenizer", "StringNormalizer", "TfIdfVectorizer"}


class NotConvertible(Exception):
    """skl2onnx has no way to convert the estimator."""


class Form(NamedTuple):
    """A way to convert: what numbers are computed in, and what the converter sees of the rows."""

    dtype: type[np.floating[Any]]
    by_column: bool  # one input for each column, as an estimator of named columns needs it
    typed: bool  # integers and booleans as such, not as floats

    def __str__(self) -> str:
        columns = " by column" if self.by_column else ""
        return f"{np.dtype(self.dtype).name}{columns}{', typed' if self.typed else ''}"


def forms(features: Sequence[Feature], frame: Sequence[Column] | None) -> Iterator[Form]:
    """The ways to convert an estimator of these features, the quickest graph first."""
    if not any(feature.kind == "string" for feature in features):
        for dtype in (np.float32, np.float64):
            yield Form(dtype, by_column=False, typed=False)
        if frame is None or frame[0].name is None:
            return
    typed = (True, False) if any(map(_is_typed, features)) else (False,)
    for dtype in (np.float32, np.float64):
        for each in typed:
            yield Form(dtype, by_column=True, typed=each)


def convert(
    estimator: Any, features: Sequence[Feature], frame: Sequence[Column] | None, form: Form
) -> Any:
    """Convert a classifier.

    Returns:
        An onnx.ModelProto with the inputs and outputs of `irisws.model.engine.OnnxEngine`: `label`
        is what predict() returns; `probabilities` (`[n, classes]`) are there if the estimator has
        them.

    Raises:
        NotConvertible: skl2onnx fails, in whatever way.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    has_probabilities = hasattr(estimator, "predict_proba")
    number = {np.float32: FloatTensorType, np.float64: DoubleTensorType}[form.dtype]
    inputs = (
        _column_inputs(features, frame, number, form.typed)
        if form.by_column
        else [("X", number([None, len(features)]))]
    )
    try:
        onnx = convert_sklearn(
            _prepared(estimator),
            name=f"ONNX({type(estimator).__name__})",
            initial_types=inputs,
            options={"zipmap": False},
            target_opset=_TARGET_OPSET,
            custom_conversion_functions=_converters(has_probabilities),
        )
    except Exception as error:  # its converters raise whatever happens to break
        if type(error).__name__ == "MissingShapeCalculator":
            raise NotConvertible("skl2onnx has no converter for a part of it") from None
        first_line = str(error).strip().split("\n", 1)[0][:200]
        raise NotConvertible(f"{type(error).__name__}: {first_line}") from None
    if any(node.op_type in _READS_TEXT for node in onnx.graph.node):
        raise NotConvertible("ONNX Runtime does not split text into words as Python does")
    if not has_probabilities:
        del onnx.graph.output[1:]  # scores, which nobody asks for
    _declare_target(onnx)
    _name_outputs(onnx)
    _declare_outputs(onnx, estimator.classes_)
    if has_probabilities:
        _average_trees(onnx, len(estimator.classes_))
    if form.dtype is np.float64:
        _impute_in_double(onnx)
        _compare_as_floats(onnx)
    if form.by_column:
        _join_inputs(onnx, features, [value.name for value in onnx.graph.input], form.dtype)
    return onnx


def _converters(has_probabilities: bool) -> dict[type, Any]:
    """Ours, in place of those that fail or do not agree."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    ours: dict[type, Any] = {HistGradientBoostingClassifier: convert_hist_gradient_boosting}
    if not has_probabilities:
        ours |= dict.fromkeys(linear_classifiers(), convert_linear_classifier)
    return ours


def _declare_target(onnx: Any) -> None:
    """Declare the operator set that was asked for; the converter declares the oldest that does."""
    for opset in onnx.opset_import:
        if not opset.domain:
            opset.version = _TARGET_OPSET[""]


def _is_typed(feature: Feature) -> bool:
    return feature.kind in ("integer", "boolean") and not feature.missing


def _column_inputs(
    features: Sequence[Feature], frame: Sequence[Column] | None, number: Any, typed: bool
) -> list[tuple[str, Any]]:
    """An input for each column, under the name that the estimator knows it by."""
    from skl2onnx.common.data_types import BooleanTensorType, Int64TensorType, StringTensorType

    types = {"number": number, "string": StringTensorType}
    exact = {"integer": Int64TensorType, "boolean": BooleanTensorType}
    names = [c.name for c in frame or () if c.name is not None]
    names = names or [f"x{at}" for at in range(len(features))]
    return [
        (name, (exact[f.kind] if typed and _is_typed(f) else types.get(f.kind, number))([None, 1]))
        for name, f in zip(names, features, strict=True)
    ]


def _prepared(estimator: Any) -> Any:
    """A copy of the estimator that answers alike, in terms that ONNX and the converters have.

    In it, missing strings are the string that stands for them.
    """
    copied = copy.deepcopy(estimator)
    _prepare(copied, set())
    return copied


def _prepare(part: Any, seen: set[int]) -> None:
    """Walk through all that the estimator holds."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, np.ndarray) and part.dtype == object:
        part[is_missing(part)] = MISSING_STRING
        held = part.ravel().tolist()
    elif isinstance(part, dict):
        held = list(part.values())
    elif isinstance(part, list | tuple):
        held = list(part)
    else:
        _restate(part)
        held = list(getattr(part, "__dict__", {}).values())
    for each in held:
        _prepare(each, seen)


def _restate(part: Any) -> None:
    from sklearn.linear_model import Perceptron
    from sklearn.svm import LinearSVC

    if _is_imputer_of_strings(part):
        part.missing_values = MISSING_STRING
    if type(part) is LinearSVC:  # whose options skl2onnx refuses in a pipeline
        part.__class__ = Perceptron  # which answers by the same attributes
    if hasattr(part, "flatten_transform"):
        part.flatten_transform = False  # of VotingClassifier.transform, which is not called


def _is_imputer_of_strings(part: Any) -> bool:
    learned = getattr(part, "statistics_", None)
    return (
        hasattr(part, "missing_values") and getattr(learned, "dtype", np.dtype(float)).kind == "O"
    )


def _join_inputs(
    onnx: Any, features: Sequence[Feature], names: Sequence[str], dtype: type[np.floating[Any]]
) -> None:
    """Let the graph take all numbers in one tensor, and all strings in one, and split them."""
    from onnx import TensorProto, helper

    number = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE}[dtype]
    given = {value.name: value.type.tensor_type.elem_type for value in onnx.graph.input}
    taken = {edge for node in onnx.graph.node for edge in node.input}
    joined, nodes = [], []
    for tensor, kind, wanted in (
        ("numbers", number, [f.kind != "string" for f in features]),
        ("strings", TensorProto.STRING, [f.kind == "string" for f in features]),
    ):
        columns = [name for name, is_wanted in zip(names, wanted, strict=True) if is_wanted]
        if not columns:
            continue
        if {tensor} & taken:
            raise NotConvertible(f"a column is named {tensor!r}, as the joined tensor would be")
        joined.append(helper.make_tensor_value_info(tensor, kind, [None, len(columns)]))
        casts = {c: given[c] for c in columns if given.get(c, kind) != kind}
        parts = [f"{c} as given" if c in casts else c for c in columns]
        nodes.append(
            helper.make_node("Split", [tensor], parts, axis=1, num_outputs=len(parts))
            if len(parts) > 1
            else helper.make_node("Identity", [tensor], parts)
        )
        nodes += [helper.make_node("Cast", [f"{c} as given"], [c], to=casts[c]) for c in casts]
    rest = list(onnx.graph.node)
    del onnx.graph.node[:], onnx.graph.input[:]
    onnx.graph.node.extend([*nodes, *rest])
    onnx.graph.input.extend(joined)


def _name_outputs(onnx: Any) -> None:
    """Give the two outputs the names that serving looks for, whatever the converter chose."""
    names = {name: f"{name} inside" for name in (LABEL, PROBABILITIES)}  # where it has them, too
    names |= zip((o.name for o in onnx.graph.output), (LABEL, PROBABILITIES), strict=False)
    for output in onnx.graph.output:
        output.name = names[output.name]
    for node in onnx.graph.node:
        for edges in (node.input, node.output):
            edges[:] = [names.get(edge, edge) for edge in edges]


def _declare_outputs(onnx: Any, classes: Any) -> None:
    """Declare the outputs as what they are; some converters declare another type, or another shape.

    Those of linear models and of naive Bayes behind other steps declare single floats in a graph of
    doubles; that of OneVsOneClassifier answers a column of indexes; that of the quadratic
    discriminant analysis declares one label.
    """
    from onnx import ModelProto, helper, shape_inference

    bare = ModelProto()
    bare.CopyFrom(onnx)
    for output in bare.graph.output:
        output.ClearField("type")
    inferred = {
        output.name: output.type.tensor_type
        for output in shape_inference.infer_shapes(bare).graph.output
    }
    for output in onnx.graph.output:
        declared, found = output.type.tensor_type, inferred[output.name]
        is_label = output.name == LABEL
        if not is_label and found.elem_type:
            declared.elem_type = found.elem_type
        if is_label and (len(declared.shape.dim) != 1 or len(found.shape.dim) == 2):
            _flatten_label(onnx, classes if found.elem_type != declared.elem_type else None)
            label = helper.make_tensor_value_info(LABEL, declared.elem_type, [None])
            output.CopyFrom(label)


def _flatten_label(onnx: Any, classes: Any) -> None:
    """Make one dimension of the labels, and of indexes the labels of the classes given."""
    from onnx import TensorProto, helper

    computed, every, listed = (f"{LABEL} {what}" for what in ("computed", "every", "classes"))
    for node in onnx.graph.node:
        node.output[:] = [computed if edge == LABEL else edge for edge in node.output]
        node.input[:] = [computed if edge == LABEL else edge for edge in node.input]
    onnx.graph.initializer.append(helper.make_tensor(every, TensorProto.INT64, [1], [-1]))
    if classes is None:
        onnx.graph.node.append(helper.make_node("Reshape", [computed, every], [LABEL]))
        return
    index = f"{LABEL} index"
    texts: Any = [str(each) for each in classes]
    onnx.graph.initializer.append(
        helper.make_tensor(listed, TensorProto.STRING, [len(texts)], texts)
    )
    onnx.graph.node.append(helper.make_node("Reshape", [computed, every], [index]))
    onnx.graph.node.append(helper.make_node("Gather", [listed, index], [LABEL]))


def _impute_in_double(onnx: Any) -> None:
    """Replace missing doubles by Where: ONNX Runtime imputes single floats and integers only."""
    from onnx import TensorProto, helper

    nodes = []
    for node in onnx.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        values = attributes.get("imputed_value_floats")
        if node.op_type != "Imputer" or values is None:
            nodes.append(node)
            continue
        [given], [filled] = node.input, node.output
        mask, constant = f"{filled} is missing", f"{filled} instead"
        onnx.graph.initializer.append(
            helper.make_tensor(constant, TensorProto.DOUBLE, [1, len(values)], values)
        )
        nodes.append(helper.make_node("IsNaN", [given], [mask]))
        nodes.append(helper.make_node("Where", [mask, constant, given], [filled]))
    del onnx.graph.node[:]
    onnx.graph.node.extend(nodes)


def _compare_as_floats(onnx: Any) -> None:
    """Let trees of single floats round their input to such, as scikit-learn's own do."""
    from onnx import TensorProto, helper

    nodes: list[Any] = []
    for node in onnx.graph.node:
        if node.op_type.startswith("TreeEnsemble") and any(
            a.name == "nodes_values" for a in node.attribute
        ):
            [given] = node.input
            rounded = f"{given} as floats {len(nodes)}"
            nodes.append(helper.make_node("Cast", [given], [rounded], to=TensorProto.FLOAT))
            node.input[:] = [rounded]
        nodes.append(node)
    del onnx.graph.node[:]
    onnx.graph.node.extend(nodes)


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
    taken = {edge for node in onnx.graph.node for edge in (*node.input, *node.output)}
    index, classes = ("".join((name, "_" * (name in taken))) for name in ("index", "classes"))
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
        helper.make_node("ArgMax", [PROBABILITIES], [index], axis=1, keepdims=0),
        helper.make_node("Gather", [classes, index], [LABEL]),
    ]
    del onnx.graph.node[-1]
    onnx.graph.node.extend(nodes)
    onnx.graph.initializer.append(_class_labels(classes, attributes))
    del onnx.opset_import[:]
    onnx.opset_import.extend(helper.make_opsetid(*each) for each in _TARGET_OPSET.items())


_TARGETS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _leaves(attributes: dict[str, Any], class_count: int) -> list[tuple[int, int, int, float]]:
    """(tree, node, class, probability) of every leaf and each of its classes.

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
    return [leaf for leaf in rows if leaf[3]]  # of a thousand classes a leaf has one or two


def _class_labels(name: str, attributes: dict[str, Any]) -> Any:
    """The labels that predict() returns, as a tensor."""
    from onnx import TensorProto, helper

    numbers = attributes.get("classlabels_int64s")
    if numbers is not None:
        return helper.make_tensor(name, TensorProto.INT64, [len(numbers)], numbers)
    texts = attributes["classlabels_strings"]
    return helper.make_tensor(name, TensorProto.STRING, [len(texts)], texts)
