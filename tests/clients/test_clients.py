"""Programs that were written for pyzmq, from end to end, each side on pymq or libzmq.

They are not changed, and know nothing of it: the environment of their process says what
``import zmq`` gives (`pymq.dropin.environment`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

import pymq
from pymq import dropin

pytestmark = pytest.mark.slow

PROGRAMS = Path(__file__).parent / "programs"
TIMEOUT = 120  # seconds
HERE = os.environ.get("PYMQ_BACKEND") or "native"
PAIRS = [(HERE, HERE), (HERE, "pyzmq"), ("pyzmq", HERE)]

pairs = pytest.mark.parametrize("first, second", PAIRS)


def _environment(tag: str) -> dict[str, str]:
    if tag == "pyzmq":
        return dict(os.environ)
    return {**dropin.environment(os.environ), "PYMQ_BACKEND": tag}


def _has(tag: str, file: str) -> bool:
    """Whether a `zmq.__file__` is of the implementation that was to be there."""
    return (Path(file) == Path(pymq.__file__)) == (tag != "pyzmq")


def _start(tag: str, program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAMS / program), *arguments]
    return subprocess.Popen(
        command, env=_environment(tag), stdout=subprocess.PIPE, text=True
    )


def _run(tag: str, program: str, *arguments: str) -> str:
    """What a program prints in its last line; it must end well."""
    with _start(tag, program, *arguments) as process:
        try:
            output, _ = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    assert process.returncode == 0
    return output.splitlines()[-1]


class _Server:
    """A program that runs until the test ends."""

    def __init__(self, tag: str, program: str, *arguments: str) -> None:
        self.process = _start(tag, program, *arguments)
        assert self.process.stdout is not None
        assert _has(tag, self.process.stdout.readline().rstrip("\n"))

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=TIMEOUT)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose name is short enough for ipc."""
    yield tmp_path_factory.mktemp("c")


@pairs
def test_a_notebook(first: str, second: str) -> None:
    """`first` is who executes it, `second` the kernel."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    variables = json.dumps(_environment(second))
    files = json.loads(_run(first, "notebook.py", variables))
    assert _has(first, files[0]) and _has(second, files[1])


@pairs
def test_remote_procedure_calls(first: str, second: str, folder: Path) -> None:
    """zerorpc: sockets of gevent, on FD and EVENTS, by classes of its own."""
    pytest.importorskip("zerorpc")
    endpoint = f"ipc://{folder}/rpc"
    with _Server(first, "rpc_server.py", endpoint):
        assert _has(second, _run(second, "rpc_client.py", endpoint))


CIRCUS = """
[circus]
endpoint = ipc://{folder}/endpoint
pubsub_endpoint = ipc://{folder}/events
stats_endpoint = ipc://{folder}/stats
[watcher:sleeper]
cmd = sleep 1000
numprocesses = 2
"""


@pairs
def test_a_supervisor(first: str, second: str, folder: Path) -> None:
    """circus: streams in tornado's loop."""
    pytest.importorskip("circus")
    configuration = folder / "circus.ini"
    configuration.write_text(CIRCUS.format(folder=folder))
    endpoints = [f"ipc://{folder}/{name}" for name in ("endpoint", "events")]
    with _Server(first, "supervisor.py", str(configuration)):
        assert _has(second, _run(second, "supervisor_client.py", *endpoints))
