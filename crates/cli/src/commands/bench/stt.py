# faster-whisper on the same weights and the same sound: 8-bit, two threads, greedy like ours, its own fallbacks left on.
# Put after baseline.py by stt.rs. sys.argv: the folder of the weights as published, threads.

import faster_whisper

_, folder, threads = sys.argv

# It wants its list of tokens in a file of its own, which not every package of these weights carries.
_vocabulary = os.path.join(folder, "vocabulary.json")
if not os.path.exists(_vocabulary):
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
        tokenizer = json.load(file)
    tokens = {number: token for token, number in tokenizer["model"]["vocab"].items()}
    tokens.update((token["id"], token["content"]) for token in tokenizer["added_tokens"])
    with open(_vocabulary, "w", encoding="utf-8") as file:
        json.dump([tokens[number] for number in sorted(tokens)], file)

model = faster_whisper.WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=int(threads))


def answer(path, language):
    samples = sound(path)
    began = time.perf_counter()
    segments, _ = model.transcribe(
        samples,
        language=language or None,
        beam_size=1,
        without_timestamps=True,
        condition_on_previous_text=False,
    )
    text = "".join(segment.text for segment in segments).strip()
    return {"text": text, "ms": (time.perf_counter() - began) * 1000}


serve(answer, program=f"faster-whisper {faster_whisper.__version__} int8")
