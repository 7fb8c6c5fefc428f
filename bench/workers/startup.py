"""Start-up: a new interpreter that imports the library, or uses it once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median
from typing import Any

from harness import Clock, Options, Result

PROGRAMS = {
    "import": "import {library}",
    "socket": (
        "import {library} as zmq\n"
        "context = zmq.Context()\n"
        "context.socket(zmq.PUSH).close()\n"
        "context.term()"
    ),
}


def both(_: Any, options: Options) -> Result:
    """Runs the program `what` `count` times, in turn with one that does nothing."""
    clock = Clock()
    bare: list[float] = []
    whole: list[float] = []
    program = PROGRAMS[options.what].format(library=options.library)
    clock.start()
    for _ in range(options.count):
        bare.append(timed("pass"))
        whole.append(timed(program))
    result = clock.stop(options.count)
    start = median(whole) * 1000
    return {**result, "start_ms": start, "added_ms": start - median(bare) * 1000}


def timed(program: str) -> float:
    """Seconds from start to exit."""
    before = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=os.environ, check=True)
    return time.perf_counter() - before


SIDES = {("startup", "both"): both}
