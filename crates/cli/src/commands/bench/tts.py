# piper-tts with the same voice and the same words. It hands over a sentence at a time; both of its times count from the
# text. Put after baseline.py by tts.rs. sys.argv: the folder of the voice.

import importlib.metadata

import piper

began = time.perf_counter()
voice = piper.PiperVoice.load(sys.argv[1] + "/voice.onnx", config_path=sys.argv[1] + "/voice.json")
load_ms = (time.perf_counter() - began) * 1000
list(voice.synthesize("Everything is ready now."))


def answer(text):
    began = time.perf_counter()
    first = None
    for chunk in voice.synthesize(text):
        len(chunk.audio_int16_bytes)
        first = first or time.perf_counter()
    total = time.perf_counter()
    return {"first_ms": (first - began) * 1000, "total_ms": (total - began) * 1000, "load_ms": load_ms}


serve(answer, program="piper-tts " + importlib.metadata.version("piper-tts"))
