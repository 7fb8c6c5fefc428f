"""Runs every fuzzer, each for PYMQ_FUZZ_SECONDS (60): ``tox -e fuzz``.

What they find is left in the folder that they run in; what reaches something new goes
into the corpus by hand (`inputs.pack`).  A fuzzer that cannot be had is named.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from inputs import unpack

HERE = Path(__file__).resolve().parent
CORE = HERE.parents[1] / "csrc"
SECONDS = os.environ.get("PYMQ_FUZZ_SECONDS", "60")
EXAMPLES = os.environ.get("PYMQ_FUZZ_EXAMPLES", "5000")
FLAGS = "-std=c11 -D_GNU_SOURCE -g -O1 -pthread -fsanitize=fuzzer,address,undefined"


def _run(*command: object, **variables: str) -> bool:
    print("+", *command, flush=True)
    done = subprocess.run(list(map(str, command)), env={**os.environ, **variables})
    return done.returncode == 0


def _limits(longest: int, corpus: str) -> list[str]:
    unpack(f"{corpus}.txt", Path(corpus))
    return [f"-max_total_time={SECONDS}", f"-max_len={longest}", corpus]


def decoder() -> bool:
    """The native engine's input, in C."""
    if not shutil.which("clang"):
        print("no clang: the decoder is not fuzzed")
        return True
    sources = [path for path in sorted(CORE.glob("*.c")) if path.name != "loop.c"]
    harness = HERE / "decoder.c"
    built = _run("clang", *FLAGS.split(), f"-I{CORE}", "-o", "fuzz", harness, *sources)
    return built and _run("./fuzz", *_limits(600, "decoder"))


def handshakes() -> bool:
    """Those of both backends, in Python."""
    if importlib.util.find_spec("atheris") is None:
        print("no atheris: handshakes are not fuzzed")
        return True
    return _run(sys.executable, HERE / "handshake.py", *_limits(700, "handshake"))


def backends() -> bool:
    """Native against pure."""
    test = HERE / "test_differential.py"
    options = ("-c", HERE.parents[1] / "pyproject.toml", "-q", "-o", "timeout=0")
    command = (sys.executable, "-m", "pytest", *options, test)
    return _run(*command, PYMQ_FUZZ_EXAMPLES=EXAMPLES)


if __name__ == "__main__":
    sys.exit(0 if all([decoder(), handshakes(), backends()]) else 1)
