"""What a model is: its file, its card, its engine, its proof. Knows nothing of HTTP."""

import os

# ONNX Runtime would otherwise keep a device id and a database of events in the user's home, and a
# thread that sends them to its maker. It looks at this variable when it is loaded; whoever wants
# that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
