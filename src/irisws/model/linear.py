"""Linear classifiers without probabilities to ONNX, in the numbers that the graph computes in.

The operator LinearClassifier, which skl2onnx makes of them, holds single floats only, and of rows
near a border between two classes it gives some to the other. Here scores are a product of matrices.
"""

from typing import Any

import numpy as np


def linear_classifiers() -> list[type]:
    """The classifiers of scikit-learn that answer with the class of the largest score."""
    from sklearn.linear_model import (
        PassiveAggressiveClassifier,
        Perceptron,
        RidgeClassifier,
        RidgeClassifierCV,
        SGDClassifier,
    )

    return [
        PassiveAggressiveClassifier,
        Perceptron,
        RidgeClassifier,
        RidgeClassifierCV,
        SGDClassifier,
    ]


def convert_linear_classifier(scope: Any, operator: Any, container: Any) -> None:
    """A converter as skl2onnx's `custom_conversion_functions` takes it."""
    from onnx import TensorProto
    from skl2onnx.common.data_types import DoubleTensorType, guess_proto_type

    estimator = operator.raw_operator
    is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
    number = TensorProto.DOUBLE if is_double else TensorProto.FLOAT

    def name(of: str) -> str:
        unique: str = scope.get_unique_variable_name(of)
        return unique

    def add(op_type: str, inputs: list[str], output: str, **attributes: Any) -> str:
        operator_name = scope.get_unique_operator_name(op_type)
        container.add_node(op_type, inputs, [output], name=operator_name, **attributes)
        return output

    def constant(of: str, kind: int, values: Any) -> str:
        constant_name = name(of)
        container.add_initializer(constant_name, kind, list(values.shape), values.ravel().tolist())
        return constant_name

    given = operator.inputs[0].full_name
    if guess_proto_type(operator.inputs[0].type) != number:
        given = add("Cast", [given], name("numbers"), to=number)
    coefficients = constant("coefficients", number, np.atleast_2d(estimator.coef_).T)
    intercepts = constant("intercepts", number, np.atleast_1d(estimator.intercept_))
    products = add("MatMul", [given, coefficients], name("products"))
    scores = add("Add", [products, intercepts], operator.outputs[1].full_name)
    if len(estimator.classes_) == 2:
        zero = constant("zero", number, np.zeros(1))
        positive = add("Greater", [scores, zero], name("positive"))
        column = add("Cast", [positive], name("column"), to=TensorProto.INT64)
        index = add(
            "Squeeze",
            [column, constant("axis", TensorProto.INT64, np.ones(1, dtype=int))],
            name("index"),
        )
    else:
        index = add("ArgMax", [scores], name("index"), axis=1, keepdims=0)
    add("Gather", [_classes(estimator, constant), index], operator.outputs[0].full_name)


def _classes(estimator: Any, constant: Any) -> str:
    from onnx import TensorProto

    classes = np.asarray(estimator.classes_)
    if classes.dtype.kind in "biu":
        named: str = constant("classes", TensorProto.INT64, classes.astype(np.int64))
    else:
        named = constant("classes", TensorProto.STRING, classes.astype(str).astype(object))
    return named
