# openWakeWord as its authors wrote it, on the same feature models and head, in steps of 80 ms with ONNX Runtime.
# Put after baseline.py by wake.rs. sys.argv: the folder of the wake word as installed.

import types

# It imports scikit-learn for a feature that is not used here.
stub = types.ModuleType("openwakeword.custom_verifier_model")
stub.train_custom_verifier = None
sys.modules["openwakeword.custom_verifier_model"] = stub

import importlib.metadata

import numpy
import onnxruntime
from openwakeword.model import Model
from openwakeword.utils import AudioFeatures

onnxruntime.set_default_logger_severity(3)
folder = sys.argv[1]
model = Model(wakeword_model_paths=[os.path.join(folder, "head.onnx")])


def answer(path, threshold, refractory):
    """Where it wakes: the ends of steps, in samples. Scores at or above `threshold` count, once in `refractory` steps."""
    model.preprocessor = AudioFeatures(
        melspec_onnx_model_path=os.path.join(folder, "melspectrogram.onnx"),
        embedding_onnx_model_path=os.path.join(folder, "embedding.onnx"),
    )
    model.reset()
    samples = (numpy.clip(sound(path), -1, 1) * 32767).astype(numpy.int16)
    wakes, deaf = [], 0
    began = time.process_time()
    for start in range(0, len(samples) - 1279, 1280):
        (score,) = model.predict(samples[start : start + 1280]).values()
        if deaf > 0:
            deaf -= 1
        elif score >= threshold:
            wakes.append(start + 1280)
            deaf = refractory
    return {"wakes": wakes, "cpu_ms": (time.process_time() - began) * 1000}


serve(answer, program=f"openWakeWord {importlib.metadata.version('openwakeword')}")
