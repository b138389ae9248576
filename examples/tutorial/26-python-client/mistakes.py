"""Send rows that do not fit, and print everything that is wrong with them."""

from irisws_client import Client, InvalidRows, Row

client = Client("http://127.0.0.1:8080")
rows: list[Row] = [
    {"sl": 5.1, "sw": 3.5, "pl": 1.4, "pw": 0.2},
    {"sl": "5.1", "sw": 3.5, "petal_lenght": 1.4, "pw": 0.2},
    [5.1, 3.5, 1.4],
]
try:
    client.predict(rows)
except InvalidRows as error:
    for fault in error.errors:
        print(f"{fault['pointer']}: {fault['detail']}")
