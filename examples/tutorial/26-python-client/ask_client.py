"""Ask a running service for the species of two flowers, with the client."""

from irisws_client import Client

client = Client("http://127.0.0.1:8080")

by_name = {"sl": 5.1, "sw": 3.5, "pl": 1.4, "pw": 0.2}
in_order = [3.0, 2.0, 1.0, 1.0]
for prediction in client.predict([by_name, in_order]):
    print(prediction.label, dict(prediction.probabilities))
    for warning in prediction.warnings:
        print("   ", warning["detail"])
