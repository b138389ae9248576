"""HistGradientBoostingClassifier to ONNX, exactly, where skl2onnx fails.

Its own converter passes the trees on as NumPy has them, with booleans among the integers, which the
onnx package refuses; says nothing of categorical splits, which it reads as thresholds; and rounds
thresholds to float32 even where the graph computes in float64. Here it does its work, and what it
writes is put right on the way.
"""

from typing import Any

import numpy as np


def convert_hist_gradient_boosting(scope: Any, operator: Any, container: Any) -> None:
    """A converter as skl2onnx's `custom_conversion_functions` takes it.

    Raises:
        NotImplementedError: The estimator splits by categories of its own.
    """
    from skl2onnx.operator_converters.random_forest import convert_sklearn_random_forest_classifier

    if getattr(operator.raw_operator, "is_categorical_", None) is not None:
        raise NotImplementedError(
            "its categorical_features have no form in ONNX: encode them with OneHotEncoder or "
            "OrdinalEncoder, and leave categorical_features out"
        )
    mended = _Container(scope, container)
    convert_sklearn_random_forest_classifier(scope, operator, mended, op_version=3)


class _Container:
    """skl2onnx's container of nodes, with what a tree ensemble needs put right."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope = scope
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(
        self, op_type: str, inputs: Any, outputs: list[str], name: str | None = None, **given: Any
    ) -> None:
        attributes = dict(_plain(key, value) for key, value in given.items())
        is_double = any(key.endswith(_AS_TENSOR) for key in attributes)
        if not is_double:
            self._container.add_node(op_type, inputs, outputs, name=name, **attributes)
            return
        from onnx import TensorProto

        label, probabilities = outputs
        single = self._scope.get_unique_variable_name("probabilities_float")  # whatever goes in
        self._container.add_node(op_type, inputs, [label, single], name=name, **attributes)
        self._container.add_node(
            "Cast",
            [single],
            [probabilities],
            name=self._scope.get_unique_operator_name("Cast"),
            to=TensorProto.DOUBLE,
        )


_AS_TENSOR = "_as_tensor"  # attributes in float64, of version 3 of the operator


def _plain(key: str, value: Any) -> tuple[str, Any]:
    """An attribute as the onnx package takes it, under the name that its type calls for."""
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        from onnx import numpy_helper

        return key + _AS_TENSOR, numpy_helper.from_array(value, key)
    if isinstance(value, list) and value and not isinstance(value[0], str):
        return key, [int(each) for each in value]  # positions, and booleans
    return key, value
