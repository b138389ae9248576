"""Ask the model in iris.pickle; nothing is trained here."""

import pickle
from pathlib import Path

classifier = pickle.loads(Path("iris.pickle").read_bytes())
[species] = classifier.predict([[3.0, 2.0, 1.0, 1.0]])
print(species)
