"""Classify every flower of flowers.csv without a server, and write predictions.csv."""

import csv

import irisws

model = irisws.load("iris.onnx")
with open("flowers.csv", newline="", encoding="utf-8") as file:
    flowers = [{k: float(text) for k, text in row.items()} for row in csv.DictReader(file)]

with open("predictions.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow([*flowers[0], "species"])
    for flower, prediction in zip(flowers, model.predict(flowers), strict=True):
        table.writerow([*flower.values(), prediction.label])

print(f"wrote predictions.csv: {len(flowers)} flowers")
