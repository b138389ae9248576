"""Write flowers.csv: scikit-learn's 150 flowers as a gardener might have noted them."""

import csv

from sklearn.datasets import load_iris

iris = load_iris()
with open("flowers.csv", "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["bed", "day", "petal_length", "petal_width", "sepal_length", "sepal_width"])
    for number, flower in enumerate(iris.data.tolist()):
        sepal_length, sepal_width, petal_length, petal_width = flower
        bed, day = "ABC"[number % 3], f"2026-06-{number // 5 + 1:02}"
        table.writerow([bed, day, petal_length, petal_width, sepal_length, sepal_width])
print("wrote flowers.csv")
