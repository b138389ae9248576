"""Classify every row of flowers.csv, and write predictions.csv."""

import csv
from collections import Counter

from irisws_client import Client

client = Client("http://127.0.0.1:8080", timeout_seconds=30.0)

with open("flowers.csv", newline="", encoding="utf-8") as file:
    texts = list(csv.DictReader(file))
flowers = [{name: float(text) for name, text in row.items()} for row in texts]
predictions = client.predict(flowers)  # one call, however many rows

with open("predictions.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.DictWriter(file, [*flowers[0], "species", "probability"])
    table.writeheader()
    for flower, prediction in zip(flowers, predictions, strict=True):
        probability = prediction.probabilities[prediction.label]
        table.writerow({**flower, "species": prediction.label, "probability": probability})

print(dict(Counter(prediction.label for prediction in predictions)))
