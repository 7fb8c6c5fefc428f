"""Who waits for a hub, and what wakes them."""

from __future__ import annotations

import select
import time
from errno import EINTR, EINVAL
from typing import TYPE_CHECKING, Union

from ..abc import SENT
from .aside import aside
from .bell import Bell
from .signal import Signal
from .trim import trimmer

if TYPE_CHECKING:
    from threading import RLock

    from .pipe import Pipe
    from .receiving import Receiver
    from .sending import Sender

POLLIN = 1
POLLOUT = 2
INT_MAX = 2**31 - 1  # poll takes a C int


class Waiting:
    """The waiters of a `Hub`, each with a signal of its own."""

    receiver: Receiver
    sender: Sender

    def __init__(self, lock: RLock) -> None:
        self.lock = lock
        self.pipes: dict[int, Pipe] = {}
        self._stopped = 0
        self._freed = False
        self._signal: Union[Signal, None] = None  # what `fileno` gives out
        self._waiting: list[Signal] = []
        self._reading: list[Signal] = []  # of these, the event loops' own
        self._spare: list[Signal] = []
        self.flushing = 0  # not 0 while threads wait for `SENT`

    def ready(self) -> int:
        """See `pymq.backend.abc.Hub.ready`."""
        with self.lock:
            if self._stopped:
                return -self._stopped
            self._clear()
            return self._ready()

    def _ready(self) -> int:
        readable = POLLIN if self.receiver.ready() else 0
        return readable | (POLLOUT if self.sender.ready() else 0)

    def wait(self, events: int, timeout: int) -> int:
        """See `pymq.backend.abc.Hub.wait`."""
        return int(aside(self._wait_for, events, timeout))

    def _wait_for(self, events: int, timeout: int) -> int:
        deadline = None if timeout < 0 else time.monotonic() + timeout / 1000
        with self.lock:
            ready = self._look(events)
        if ready or timeout == 0:
            return ready  # without a descriptor
        try:
            signal = self._take_signal(events)
        except OSError as error:
            return -(error.errno or EINVAL)
        try:
            return self._wait(events, deadline, signal)
        finally:
            self._return_signal(signal, events)

    def _take_signal(self, events: int) -> Signal:
        with self.lock:
            signal = self._spare.pop() if self._spare else Signal()
            self.flushing += events & SENT
            self._waiting.append(signal)
            return signal

    def _wait(self, events: int, deadline: Union[float, None], signal: Signal) -> int:
        poll = select.poll()
        poll.register(signal.fileno(), select.POLLIN)
        while True:
            with self.lock:
                signal.clear()
                ready = self._look(events)
            if ready:
                return ready
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                trimmer.idle()
                return 0
            try:
                # Python retries EINTR by itself, after it has run the handlers.
                poll.poll(None if left is None else min(left * 1000 + 1, INT_MAX))
            except InterruptedError:
                return -EINTR

    def _look(self, events: int) -> int:
        """Those that are there, or a negative errno."""
        if self._stopped:
            return -self._stopped
        self.receiver.take_in()
        ready = POLLIN if events & POLLIN and self.receiver.ready() else 0
        if events & POLLOUT and self.sender.resumable():
            ready |= POLLOUT
        if events & SENT and self._all_sent():
            ready |= SENT
        return ready

    def _all_sent(self) -> bool:
        return not any(pipe._unsent() for pipe in self.pipes.values())

    def bell(self, events: int, reads: bool = False) -> Bell:
        """See `pymq.backend.abc.Hub.bell`.  Nobody reads but the loop."""
        signal = self._take_signal(events & SENT)
        if reads:
            with self.lock:
                self._reading.append(signal)
        return Bell(self, signal, events & SENT)

    def _return_signal(self, signal: Signal, events: int = 0) -> None:
        with self.lock:
            self.flushing -= events & SENT
            self._waiting.remove(signal)
            if signal in self._reading:
                self._reading.remove(signal)
            signal.clear()
            if self._freed:
                signal.close()
            else:
                self._spare.append(signal)

    def fileno(self) -> int:
        """See `pymq.backend.abc.Hub.fileno`."""
        with self.lock:
            if self._signal is None:
                self._signal = Signal()
                self._signal.raise_()
            return self._signal.fileno()

    def _wake(self) -> None:
        """What `ready` says may have changed."""
        if self._signal is not None:
            self._signal.raise_()
        for signal in self._waiting:
            signal.raise_()

    def _tell_of_turn(self) -> None:
        """It may be the user's turn to send.  An event loop that reads is not told: who
        waits in it for a turn has a bell of his own."""
        for signal in self._waiting:
            if signal not in self._reading:
                signal.raise_()

    def _clear(self) -> None:
        if self._signal is not None and not self._stopped:
            self._signal.clear()
