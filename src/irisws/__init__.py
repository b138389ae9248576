"""Ship a trained scikit-learn classifier as a REST API that proves its answers.

model = irisws.load("iris.onnx")                          # proves itself, or raises
model.predict([{"sl": 3.0, "sw": 2.0, "pl": 1.0, "pw": 1.0}])
irisws.pack(estimator, X, y, "mine.onnx", name="mine")    # needs the extra `train`
app = irisws.create_app(model)                            # a WSGI application
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from irisws.app import Application as Application
    from irisws.app import create_app as create_app
    from irisws.model.card import Card as Card
    from irisws.model.model import InvalidRow as InvalidRow
    from irisws.model.model import Model as Model
    from irisws.model.model import Prediction as Prediction
    from irisws.model.model import UnusableModel as UnusableModel
    from irisws.model.packing import CannotPack as CannotPack
    from irisws.model.packing import pack as pack

    load = Model.load
    """Load a model file and prove it; the same as `Model.load`."""

__version__ = "0.1.0"

# Imported on first use: `irisws --help` must not wait for ONNX Runtime, nor a server for packing.
_HOMES = {
    "Application": "irisws.app",
    "create_app": "irisws.app",
    "Card": "irisws.model.card",
    "InvalidRow": "irisws.model.model",
    "Model": "irisws.model.model",
    "Prediction": "irisws.model.model",
    "UnusableModel": "irisws.model.model",
    "CannotPack": "irisws.model.packing",
    "pack": "irisws.model.packing",
}

__all__ = [
    "Application",
    "CannotPack",
    "Card",
    "InvalidRow",
    "Model",
    "Prediction",
    "UnusableModel",
    "create_app",
    "load",
    "pack",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "load":
        return import_module("irisws.model.model").Model.load
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
