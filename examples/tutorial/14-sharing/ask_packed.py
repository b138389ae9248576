"""Ask the model in iris.onnx, and see what had to be loaded for the answer."""

import sys

import irisws

model = irisws.load("iris.onnx")
[answer] = model.predict([[6.0, 2.7, 5.1, 1.6]])
print("species:", answer.label)
print("probability:", round(answer.probabilities[answer.label], 2))
print("scikit-learn was loaded:", "sklearn" in sys.modules)
