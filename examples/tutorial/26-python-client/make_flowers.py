"""Write flowers.csv: scikit-learn's 150 flowers without their species."""

import csv

from sklearn.datasets import load_iris

with open("flowers.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["sepal_length", "sepal_width", "petal_length", "petal_width"])
    table.writerows(load_iris().data.tolist())
print("wrote flowers.csv")
