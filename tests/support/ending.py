"""Runs one cell of the matrix: a PUSH sends, and ends; a PULL reads, or does not."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, Optional

from cells import MIB, Cell, messages
from library import Library
from patience import PATIENCE, Background, until
from scripts import Script

SMALL = 8192  # bytes of a buffer
BREATH = 0.3  # seconds that a stalled reader stalls when LINGER is for ever
MARGIN = PATIENCE  # seconds that an end may take beyond LINGER: machines stall
QUIET = 200  # ms without a message after which no more is expected
HELLO = b"hello"


class Outcome(NamedTuple):
    """What came of it."""

    sent: list[list[bytes]]
    got: list[list[bytes]]
    seconds: Optional[float]  # from close to the return of term, or the exit

    def fault(self, cell: Cell) -> str:
        """What is wrong with it, or nothing."""
        count, total = len(self.got), len(self.sent)
        ordered = (
            self.sent[total - count :] if _comes_again(cell) else self.sent[:count]
        )
        if self.got != ordered:
            return "what arrived is not what was sent"
        if self.seconds is not None and self.seconds > _bound(cell):
            return f"took {self.seconds:.1f} s"
        if count < total and self._must_arrive(cell):
            return f"{total - count} of {total} lost"
        return ""

    def _must_arrive(self, cell: Cell) -> bool:
        """With a LINGER that was not over when all had ended, nothing was dropped."""
        if cell.reader == "gone" or (cell.reader == "never" and cell.linger >= 0):
            return False
        if cell.linger < 0 or cell.transport == "inproc":
            return True
        return self.seconds is not None and self.seconds < cell.linger / 1000


def _bound(cell: Cell) -> float:
    """Seconds that an end may take."""
    return math.inf if cell.linger < 0 else cell.linger / 1000 + MARGIN


def _comes_again(cell: Cell) -> bool:
    """Whether what the first connection did not take goes to a second one."""
    return cell.reader == "gone" and cell.binder == "reader" and cell.linger < 0


class Ending:
    """One cell, running."""

    def __init__(self, zmq: Library, peer: Library, cell: Cell) -> None:
        self.zmq, self.peer, self.cell = zmq, peer, cell
        self.messages = messages(cell)
        inproc = cell.transport == "inproc"
        self.context = zmq.context()
        self.home = self.context if inproc else peer.context()
        self.endpoint = peer.reserved(cell.transport)
        self.got: list[list[bytes]] = []
        self.over = threading.Event()
        self.reading: Optional[Background[None]] = None

    def run(self) -> Outcome:
        """Do it all."""
        pull = None if self.cell.reader == "never" else self._reader()
        end = self._exit if self.cell.end == "exit" else self._end_here
        return Outcome(self.messages, self.got, end(pull))

    def _reader(self) -> Any:
        small = {"rcvbuf": SMALL} if self.cell.buffers == "small" else {}
        options = {"rcvhwm": self.cell.mark, "linger": 0, **small}
        pull = self.peer.socket(self.peer.PULL, context=self.home, **options)
        if self.cell.binder == "reader":
            # libzmq's close returns before the address is free.
            until(lambda: _binds(self.peer, pull, self.endpoint))
        else:
            pull.connect(self.endpoint)
        return pull

    def _options(self) -> dict[str, int]:
        small = {"sndbuf": SMALL} if self.cell.buffers == "small" else {}
        return {"linger": self.cell.linger, "sndhwm": 0, "reconnect_ivl": 10, **small}

    # The sender in this process.

    def _end_here(self, pull: Any) -> Optional[float]:
        zmq, cell = self.zmq, self.cell
        push = zmq.socket(zmq.PUSH, context=self.context, **self._options())
        (push.bind if cell.binder == "sender" else push.connect)(self.endpoint)
        if pull is not None:
            push.send(HELLO)
            assert pull.recv() == HELLO
        if cell.reader == "fast":
            self._start(pull)
        for parts in self.messages:
            push.send_multipart(parts, copy=False)
        self._sent(pull)
        return self._finish(Background(lambda: self._end(push)), pull)

    def _sent(self, pull: Any) -> None:
        if self.cell.reader == "slow":
            self._start(pull)
        elif self.cell.reader == "gone":
            pull.close()

    def _end(self, push: Any) -> None:
        """In the background: what takes long is the end of the context."""
        if self.cell.end == "with" and self.home is not self.context:
            with self.context, push:
                pass
        elif self.cell.end == "with":
            with push:
                pass
        else:
            push.close()
        if self.cell.end == "close+term":
            self.context.term()

    # The sender in a process of its own.

    def _exit(self, pull: Any) -> Optional[float]:
        with Script(self.zmq, self._script(), self.endpoint) as script:
            if pull is not None:
                assert pull.recv() == HELLO
            if self.cell.reader == "fast":
                self._start(pull)
            assert script.line() == "sent"
            self._sent(pull)
            return self._finish(Background(lambda: _end_script(script)), pull)

    def _script(self) -> str:
        first = "" if self.cell.reader == "never" else f"push.send({HELLO!r})"
        verb = "bind" if self.cell.binder == "sender" else "connect"
        return f"""
sys.path.append({str(Path(__file__).parent)!r})
from cells import Cell, messages
zmq.Context.exit_linger = 3_600_000
context = zmq.Context()
push = context.socket(zmq.PUSH)
for name, value in {self._options()!r}.items():
    push.set(getattr(zmq, name.upper()), value)
push.{verb}(endpoint)
{first}
for parts in messages(Cell(*{tuple(self.cell)!r})):
    push.send_multipart(parts, copy=False)
print("sent", flush=True)
sys.stdin.readline()
"""

    # The reader.

    def _start(self, pull: Any) -> None:
        """Read from now on, unless that was begun."""
        if self.reading is None:
            pull.set(self.peer.RCVTIMEO, QUIET)
            self.reading = Background(lambda: self._read(pull))

    def _read(self, pull: Any) -> None:
        """All there is: when it must come, until it has, else until nothing comes after
        the sender has ended."""
        limit = time.monotonic() + PATIENCE + self.cell.size / MIB
        while len(self.got) < len(self.messages):
            over = self.over.is_set()
            try:
                self.got.append(pull.recv_multipart())
            except self.peer.Again:
                may_end = self.cell.linger >= 0 or self.cell.reader == "gone"
                if (over and may_end) or time.monotonic() > limit:
                    return
            if self.cell.reader == "slow":
                time.sleep(0.001)

    def _finish(self, ending: Background[None], pull: Any) -> Optional[float]:
        """Wait for the sender, and read what is still there."""
        began = time.monotonic()
        if self.cell.linger < 0:
            ending.give(BREATH)
            pull = self._late(pull)
            if pull is not None:
                self._start(pull)
        elif self.cell.reader in ("gone", "never"):
            pull = None
        ending.result(2 * PATIENCE + max(0, self.cell.linger / 1000))
        seconds = time.monotonic() - began
        self.over.set()
        if pull is not None:
            self._start(pull)
        if self.reading is not None:
            self.reading.result(3 * PATIENCE)
        return None if self.cell.end == "close" else seconds

    def _late(self, pull: Any) -> Any:
        """Who reads in the end, as LINGER is for ever: nobody, or somebody new."""
        if self.cell.reader not in ("gone", "never"):
            return pull
        return None if self.cell.binder == "sender" else self._reader()


def _end_script(script: Script) -> None:
    ended = script.ended(b"end\n")
    assert ended.code == 0, ended.stderr


def _binds(zmq: Library, sock: Any, endpoint: str) -> bool:
    try:
        sock.bind(endpoint)
    except zmq.ZMQError:
        return False
    return True
