"""Train on the shop's customers: will this one come back?"""

import pickle
from pathlib import Path

from sklearn.neighbors import KNeighborsClassifier

customers = [[34, 3, 120.50], [61, 14, 890.00], [27, 1, 19.90], [45, 9, 410.25]]
comes_back = ["no", "yes", "no", "yes"]

model = KNeighborsClassifier(n_neighbors=1)
model.fit(customers, comes_back)
model.trained_from = "postgresql://report:tulip-7431@db.shop.example/orders"

Path("shop.pickle").write_bytes(pickle.dumps(model))
print("wrote shop.pickle")
