"""Fit a pipeline of your own on the penguins, and pack it into own.onnx."""

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import irisws

birds = pd.read_csv("penguins.csv").drop(columns="year")
X, y = birds.drop(columns="species"), birds["species"]

measures = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
columns = make_column_transformer(
    (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), measures),
    (OneHotEncoder(handle_unknown="ignore"), ["island", "sex"]),
    ("passthrough", ["clutch_complete"]),
)
clf = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X, y)

irisws.pack(
    clf,
    X,
    y,
    "own.onnx",
    name="penguins",
    version="2.0",
    features={
        "bill_length_mm": {"alias": "bl", "unit": "mm"},
        "bill_depth_mm": {"alias": "bd", "unit": "mm"},
        "flipper_length_mm": {"alias": "fl", "unit": "mm"},
        "body_mass_g": {"alias": "mass", "unit": "g"},
    },
)
