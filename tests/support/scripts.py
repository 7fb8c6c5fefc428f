"""Python programs of their own process, which use the implementation under test."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import NamedTuple

from commandline import environment
from library import Library
from patience import PATIENCE

PRELUDE = """
import sys
zmq = __import__(sys.argv[1])
endpoint = sys.argv[2]
"""


class Ended(NamedTuple):
    """How a script ended."""

    code: int
    stderr: str
    seconds: float


class Script:
    """A script that runs; `zmq` and `endpoint` are there for it."""

    def __init__(self, zmq: Library, text: str, endpoint: str) -> None:
        ours = zmq.tag != "pyzmq"
        variables = environment(zmq.tag) if ours else None
        name = "pymq" if ours else "zmq"
        command = [sys.executable, "-c", PRELUDE + text, name, endpoint]
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=zmq.folder,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().rstrip("\n")

    def interrupted(self) -> bool:
        """Press Ctrl-C; whether that, or the last time, has ended it."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(0.1)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ended(self, said: bytes = b"") -> Ended:
        """Tell it something, and wait for its end."""
        _, error = self.process.communicate(said, timeout=5 * PATIENCE)
        seconds = time.monotonic() - self.began
        return Ended(self.process.returncode, error.decode(), seconds)
