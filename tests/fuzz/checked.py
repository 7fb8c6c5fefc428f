"""The native backend under valgrind's memcheck: ``tox -e valgrind``.

The decoder on all of its corpus, leaks included; then a part of the suite's stress, and
most tests of the backend.  Of what is reported of Python only that counts which passes
through the C core.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from inputs import unpack
from run import CORE, HERE

ROUNDS = os.environ.get("PYMQ_STRESS_ROUNDS", "60")
CHECK = ("valgrind", "--fair-sched=try", "--log-file=memcheck.log")
CORE_NAME = "_core."  # the extension, in a stack
#: Files of tests/backend: all but those that look at the clock.
BACKEND = (
    *("ahead", "ahead_turns", "batches", "close", "held", "hub", "link", "move"),
    *("origin", "raw", "sealed", "topics"),
)

STRESS = """
import random, sys
sys.path[:0] = [{support!r}, {lifecycle!r}]
import implementations, test_stress
from library import Library
zmq, chance, messages = Library(implementations.load("native")), random.Random(3), 0
for number in range({rounds}):
    messages += test_stress.Round(zmq, chance).run()
zmq.close()
print({rounds}, "rounds,", messages, "messages")
"""


def _run(*command: object, **variables: str) -> int:
    print("+", *list(map(str, command))[:6], "...", flush=True)
    environment = {**os.environ, **variables}
    return subprocess.run(list(map(str, command)), env=environment).returncode


def decoder() -> bool:
    """Every input that ever reached something new."""
    sources = [path for path in sorted(CORE.glob("*.c")) if path.name != "loop.c"]
    flags = ["-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-pthread"]
    harness = HERE / "decoder.c", HERE / "replay.c"
    if _run("gcc", *flags, f"-I{CORE}", "-o", "replay", *harness, *sources):
        return False
    unpack("decoder.txt", Path("replayed"))
    leaks = ("--leak-check=full", "--error-exitcode=33")
    return _run(*CHECK, *leaks, "./replay", *sorted(Path("replayed").iterdir())) == 0


def stress() -> bool:
    """Sockets that live and end at random."""
    folders = {name: str(HERE.parent / name) for name in ("support", "lifecycle")}
    return _python("-c", STRESS.format(rounds=ROUNDS, **folders))


def backend() -> bool:
    """The contract of the data plane."""
    options = ("-c", HERE.parents[1] / "pyproject.toml", "-q", "-o", "timeout=0")
    tests = [HERE.parent / "backend" / f"test_{name}.py" for name in BACKEND]
    return _python("-m", "pytest", *options, "--implementations", "native", *tests)


def _python(*arguments: object) -> bool:
    done = _run(*CHECK, sys.executable, *arguments, PYTHONMALLOC="malloc")
    stacks = Path("memcheck.log").read_text().count(CORE_NAME)
    print(f"{stacks} lines of reports name the core")
    return not (done or stacks)


if __name__ == "__main__":
    sys.exit(0 if all([decoder(), stress(), backend()]) else 1)
