"""Answer one flower with ONNX Runtime alone, as a program in another language would."""

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("iris.onnx")
rows = np.array([[5.1, 3.5, 1.4, 0.2]], dtype=np.float32)
(tensor,) = session.get_inputs()
label, probabilities = session.run(None, {tensor.name: rows})
print(label, probabilities)
