"""Read what else is in shop.pickle, as anyone can who gets the file."""

import pickle
from pathlib import Path

contents = Path("shop.pickle").read_bytes()
print("the password is in it:", b"tulip-7431" in contents)

model = pickle.loads(contents)
for age, orders, euros in model._fit_X:
    print(f"a customer of {age:.0f} years, {orders:.0f} orders, {euros:.2f} euros")
