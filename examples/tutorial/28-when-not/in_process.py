"""Answer three flowers with the model in this process: no server, no network."""

import irisws

model = irisws.load("iris.onnx")  # proves itself here, or raises irisws.UnusableModel

flowers = [[5.1, 3.5, 1.4, 0.2], [5.7, 2.8, 4.1, 1.3], [6.5, 3.0, 5.8, 2.2]]
for prediction in model.predict(flowers):
    print(prediction.label, prediction.probabilities[prediction.label])
