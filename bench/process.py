"""Starts the two sides of a measurement, and never waits for them for ever."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Dict, Mapping, NamedTuple, Tuple, Union

#: A worker's exit code: the library, or the worker, has no such thing.
UNSUPPORTED = 3

#: Seconds for the other side to end by itself when one has failed.
GRACE = 2.0


class Unsupported(Exception):
    """The peer cannot do what the row asks for; the message says what."""


class Unfinished(Exception):
    """A worker failed, or was still running at the time limit."""


@dataclass
class Program:
    """How a peer's worker is started, before workload, side and keys."""

    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Union[str, int]] = field(default_factory=dict)


class Call(NamedTuple):
    """What a side is started with, besides what all sides are; `under` is a command
    that runs its own."""

    workload: str
    keys: Mapping[str, Any]
    under: Tuple[str, ...] = ()


def _surroundings(program: Program) -> Dict[str, str]:
    """Environment variables.  Python may keep what it compiles, as it does for users:
    what is compiled at the first import is none of a peer's cost."""
    variables = {**os.environ, **program.environment}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables


class Worker:
    """One side, running; ends with the ``with`` block whatever happens in it."""

    def __init__(
        self, program: Program, side: str, call: Call, given: Mapping[str, Any]
    ) -> None:
        self.side = side
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        keys = {**program.keys, **given, **call.keys}
        pairs = [f"{key}={value}" for key, value in keys.items()]
        self._process = subprocess.Popen(
            [*call.under, *program.command, call.workload, side, *pairs],
            env=_surroundings(program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._read = b""

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            stream.close()
        self._process.wait()

    def fileno(self) -> int:
        """Readable when the worker has printed something, or has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read(self) -> bool:
        """Take what it has printed; False at its end."""
        data = os.read(self.fileno(), 65536)
        self._read += data
        return bool(data)

    def release(self) -> None:
        """Nobody needs it any more: a sender that stayed may leave."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def endpoint(self, deadline: float) -> str:
        """Where this side has bound; raises as `result` does."""
        while b"\n" not in self._read:
            if not select.select([self], [], [], left(deadline))[0]:
                raise self.late()
            if not self.read():
                self.result(deadline)
                raise Unfinished(f"the {self.side} ended without an endpoint")
        line, _, self._read = self._read.partition(b"\n")
        word, _, endpoint = line.decode().partition(" ")
        if word != "endpoint":
            raise Unfinished(f"the {self.side} said {line.decode()!r}")
        return endpoint

    def result(self, deadline: float) -> dict[str, Any]:
        """What an ended side has measured.

        `deadline` is of `time.monotonic`.  Raises Unfinished or Unsupported.
        """
        try:
            code = self._process.wait(left(deadline))
        except subprocess.TimeoutExpired:
            raise self.late() from None
        if code:
            raise self._fault(code)
        try:
            return dict(json.loads(self._read.decode().splitlines()[-1]))
        except (IndexError, ValueError):
            raise Unfinished(f"the {self.side} reported nothing") from None

    def late(self) -> Unfinished:
        """What to raise when it takes too long."""
        return Unfinished(f"the {self.side} was still running at the time limit")

    def _fault(self, code: int) -> Union[Unfinished, Unsupported]:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "nothing"
        if code == UNSUPPORTED:
            return Unsupported(said)
        return Unfinished(f"the {self.side} ended with {code} and said: {said}")


def left(deadline: float) -> float:
    """Seconds until then."""
    return max(0.0, deadline - time.monotonic())


def measure(
    program: Program, sides: Mapping[str, Call], keys: Mapping[str, Any], limit: float
) -> dict[str, dict[str, Any]]:
    """Run all sides of a workload; what each one measured, by its name.

    `sides` has the keys of each side beyond `keys`; the first of two binds.  `limit`
    is in seconds.  Raises Unfinished or Unsupported.
    """
    deadline = time.monotonic() + limit
    with (
        tempfile.TemporaryDirectory(prefix="pymq-bench-") as folder,
        ExitStack() as stack,
    ):
        given = dict(keys)
        if "endpoint" in given:
            given["endpoint"] = str(given["endpoint"]).replace("FOLDER", folder)
        workers: list[Worker] = []
        for side, call in sides.items():
            if workers:
                given["endpoint"] = workers[0].endpoint(deadline)
            worker = Worker(program, side, call, given)
            workers.append(stack.enter_context(worker))
        return gather(workers, deadline)


def gather(workers: list[Worker], deadline: float) -> dict[str, dict[str, Any]]:
    """The results of all sides; the fault of the one that failed first."""
    found: dict[str, dict[str, Any]] = {}
    running, faults = list(workers), list[Union[Unfinished, Unsupported]]()
    while running:
        ready = select.select(running, [], [], left(deadline))[0]
        if not ready:
            faults.append(running[0].late())
            break
        for worker in ready:
            if worker.read():
                continue
            running.remove(worker)
            try:
                found[worker.side] = worker.result(deadline)
            except (Unfinished, Unsupported) as fault:
                faults.append(fault)
                # What the other side waits for will not come.
                deadline = min(deadline, time.monotonic() + GRACE)
            for other in running:
                other.release()
    if faults:
        raise next((one for one in faults if isinstance(one, Unsupported)), faults[0])
    return found


def here() -> Path:
    """The folder of the workers."""
    return Path(__file__).resolve().parent / "workers"
