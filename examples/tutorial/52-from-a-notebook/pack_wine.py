"""One more cell: pack the classifier into one file, wine.onnx."""

from wine import X, clf, y

import irisws

irisws.pack(
    clf,
    X,
    y,
    "wine.onnx",
    name="wine",
    features={
        "alcohol": {"unit": "% vol"},
        "malic_acid": {"unit": "g/l"},
        "ash": {"unit": "g/l"},
        "magnesium": {"unit": "mg/l"},
        "proline": {"unit": "mg/l", "description": "an amino acid of the grape"},
    },
)
