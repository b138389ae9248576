"""Write scikit-learn's wines as three tables: those of a first year, of two years, and an exam."""

from sklearn.datasets import load_wine

wines = load_wine(as_frame=True).frame
wines["cultivar"] = wines["target"].map({0: "Barolo", 1: "Grignolino", 2: "Barbera"})
wines["bottle"] = range(1, len(wines) + 1)
wines = wines[["bottle", "alcohol", "ash", "color_intensity", "hue", "cultivar"]]

shuffled = wines.sample(frac=1, random_state=1)
exam, known = shuffled[:50], shuffled[50:]
light = known[known["alcohol"] < 13.2]  # nothing else was bought in the first year

for name, table in {"wine-2025": light, "wine-2026": known, "exam": exam}.items():
    table.to_csv(f"{name}.csv", index=False)
    counts = table["cultivar"].value_counts()
    print(f"{name}.csv: {len(table)} bottles,", ", ".join(f"{n} {c}" for c, n in counts.items()))
