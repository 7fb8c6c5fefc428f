"""Runs ``pymq`` as a shell would: in a process of its own, in another folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Union

from library import Library
from patience import PATIENCE

import pymq

HOME = Path(pymq.__file__).parents[1]


class Command:
    """``pymq`` with arguments, running; ends with the test."""

    def __init__(self, zmq: Library, *arguments: str, **options: Any) -> None:
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pymq", *arguments],
            cwd=zmq.folder,
            env=environment(zmq.tag),
            **{**streams, **options},
        )

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def bound(self) -> str:
        """Wait for the endpoint that it says it has bound."""
        assert self.process.stderr is not None
        line: str = self.process.stderr.readline().decode()
        assert line.startswith("pymq: bound "), line
        return line.split()[2]

    def outcome(self, stdin: Union[bytes, None] = None) -> tuple[int, bytes, str]:
        """Wait for the end: exit code, stdout, stderr."""
        out, err = self.process.communicate(stdin, timeout=PATIENCE)
        return self.process.returncode, out, (err or b"").decode()


def environment(backend: str) -> dict[str, str]:
    """Variables with which the package under test is found from any folder."""
    return {
        **os.environ,
        "PYTHONPATH": str(HOME),
        "PYMQ_BACKEND": backend,
        "COLUMNS": "100",
    }


def run(
    zmq: Library, *arguments: str, stdin: Union[bytes, None] = None
) -> tuple[int, bytes, str]:
    """Run to the end: exit code, stdout, stderr."""
    options = {} if stdin is None else {"stdin": subprocess.PIPE}
    with Command(zmq, *arguments, **options) as command:
        return command.outcome(stdin)
