"""Ask the model in a pickle for one flower: python ask.py FILE"""

import pickle
import sys
from pathlib import Path

flower = [6.0, 2.7, 5.1, 1.6]

model = pickle.loads(Path(sys.argv[1]).read_bytes())
print("species:", model.predict([flower])[0])
print("probability:", round(model.predict_proba([flower]).max(), 2))
