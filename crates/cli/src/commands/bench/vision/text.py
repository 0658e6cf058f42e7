# RapidOCR with the same weights of the recognizer, and its own of the detector, on the same pictures; two threads. Put
# after baseline.py and pages.py by text.rs. sys.argv: the text of the pages, threads.

import logging

import numpy

try:
    from importlib.metadata import version

    import rapidocr

    logging.disable(logging.WARNING)
    _options = {"intra_op_num_threads": int(sys.argv[2]), "inter_op_num_threads": 1}
    _engine = rapidocr.RapidOCR(params={f"EngineConfig.onnxruntime.{name}": of for name, of in _options.items()})
    _program = "RapidOCR " + version("rapidocr")
except ImportError:
    _engine, _program = None, ""


def answer(path, part, family, size, theme, width, height, columns, mixed):
    """Draws a page into the file `path`, as rows of blue, green, red and an unused byte, and reads it."""
    picture, said = page(sys.argv[1], part, family, size, theme, width, height, columns, mixed)
    pixels = numpy.asarray(picture)[:, :, ::-1]
    with open(path, "wb") as file:
        file.write(numpy.dstack([pixels, numpy.zeros(pixels.shape[:2], dtype=pixels.dtype)]).tobytes())
    if _engine is None:
        return {"said": said, "read": None, "ms": None}
    pixels = numpy.ascontiguousarray(pixels)
    began = time.perf_counter()
    read = _engine(pixels)
    return {"said": said, "read": list(read.txts or []), "ms": (time.perf_counter() - began) * 1000}


serve(answer, program=_program)
