# The other end of baseline.rs: requests come in on standard input, answers go out on standard output, JSON, a line each.
# What the measured program itself prints goes to standard error.

import json
import os
import sys
import time

_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def _say(answer):
    print(json.dumps(answer), file=_answers, flush=True)


def serve(answer, program):
    """Calls `answer` with the fields of each request; it returns an object."""
    _say({"program": program})
    for line in sys.stdin:
        try:
            _say(answer(**json.loads(line)))
        except Exception as error:
            _say({"error": f"{type(error).__name__}: {error}"})


def sound(path):
    """The samples of a `Sound`."""
    import numpy

    return numpy.fromfile(path, dtype="<f4")
