#!/usr/bin/env python3
"""Scores of the openWakeWord reference implementation for a recording, one a step of 80 ms.

`crates/speech/src/wake/openwakeword_tests.rs` holds its output for `crates/speech/tests/data/*.wav` and compares ours.
Run it again when the models change:

    python3 -m venv venv && venv/bin/pip install numpy onnxruntime scipy tqdm requests scikit-learn
    venv/bin/pip install --no-deps openwakeword==0.4.0
    venv/bin/python scripts/wake-reference.py FOLDER_OF_WAKE_MODEL RECORDING.wav

The recording is 16 kHz, mono, 16 bits; 2 s of silence come before it and 1 s after, as in the test.
"""

import os
import sys
import wave

import numpy as np
from openwakeword.model import Model
from openwakeword.utils import AudioFeatures

folder, recording = sys.argv[1:]
with wave.open(recording) as file:
    sound = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
sound = np.concatenate([np.zeros(32_000, np.int16), sound, np.zeros(16_000, np.int16)])

model = Model(wakeword_model_paths=[os.path.join(folder, "head.onnx")])
model.preprocessor = AudioFeatures(
    melspec_onnx_model_path=os.path.join(folder, "melspectrogram.onnx"),
    embedding_onnx_model_path=os.path.join(folder, "embedding.onnx"),
)
for start in range(0, len(sound) - 1279, 1280):
    (score,) = model.predict(sound[start : start + 1280]).values()
    print(f"{score:.6f},")
