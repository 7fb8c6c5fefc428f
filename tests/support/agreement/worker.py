"""A process that runs programs: one a line, and one line with the transcript back."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import implementations
from implementations import Implementation

from .interpreter import Entry, Interpreter
from .network import Network
from .programs import Program


def run(implementation: Implementation, program: Program) -> list[Entry]:
    """The transcript of a program."""
    kind = Interpreter if program.place == "inproc" else Network
    return kind(implementation, program).run()


class Worker:
    """Runs programs on an implementation that may take its process with it."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._process: subprocess.Popen[str] | None = None

    def run(self, program: Program) -> list[Entry]:
        """The transcript; "died" with its exit code if the process did not survive."""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(repr(tuple(program)) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self._process = None
            return [("died", process.wait())]
        found: list[Entry] = ast.literal_eval(line)
        return found

    def _start(self) -> subprocess.Popen[str]:
        folder = Path(__file__).parent.parent
        paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agreement.worker", self._tag],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        return self._process

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def main(tag: str) -> None:
    """Serve until the input ends."""
    implementation = implementations.load(tag)
    for line in sys.stdin:
        program = Program(*ast.literal_eval(line))
        print(repr(run(implementation, program)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
