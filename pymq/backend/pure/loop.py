"""The I/O thread: waits for descriptors, drives engines, collects events."""

from __future__ import annotations

import math
import selectors
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Sequence, Union

from ..abc import Event
from .signal import Signal
from .trim import AFTER, trimmer

if TYPE_CHECKING:
    from .engine import Engine

BEAT_STEP = 0.005  # seconds between two looks at who is due


class Loop:
    """See `pymq.backend.abc.Loop`.

    Only the loop's thread touches the selector; other threads, holding the lock,
    put engines on `_asked` and raise the signal.
    """

    def __init__(self) -> None:
        # Reentrant: a signal's handler, or a finalizer, may use a socket while its
        # own thread is in here.
        self.lock = threading.RLock()
        self._thread: Union[threading.Thread, None] = None
        self._selector: Union[selectors.BaseSelector, None] = None
        self._signal: Union[Signal, None] = None
        self._asked: dict[Engine, None] = {}
        self._engines: set[Engine] = set()
        self._lingering: set[Engine] = set()  # only the thread's
        self._beating: set[Engine] = set()  # only the thread's: those with heartbeats
        self._next_beat = math.inf  # when to look through them
        self._worked = False  # since the last look at what may be given back
        self._stopping = False
        self._events: deque[Event] = deque()
        self._event_signal: Union[Signal, None] = None

    def start(self) -> None:
        """See `pymq.backend.abc.Loop.start`."""
        with self.lock:
            if self._thread is not None:
                return
            self._signal = Signal()
            self._selector = selectors.DefaultSelector()
            self._selector.register(self._signal.fileno(), selectors.EVENT_READ)
            thread = threading.Thread(target=self._run, name="pymq-io", daemon=True)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """See `pymq.backend.abc.Loop.stop`."""
        with self.lock:
            thread, self._thread = self._thread, None
            self._stopping = True
            if self._signal is not None and thread is not None:
                self._signal.raise_()
        if thread is not None:
            thread.join()
        with self.lock:
            if self._event_signal is not None:
                self._event_signal.close()
            self._event_signal = None

    def fileno(self) -> int:
        """See `pymq.backend.abc.Loop.fileno`."""
        with self.lock:
            if self._event_signal is None:
                self._event_signal = Signal()
            return self._event_signal.fileno()

    def nudge(self) -> None:
        """See `pymq.backend.abc.Loop.nudge`."""
        # Not with the lock: who had it may be no more, when the interpreter ends and
        # finalizers call this.
        signal = self._event_signal
        if signal is not None:
            signal.nudge()

    def take_events(self) -> Sequence[Event]:
        """See `pymq.backend.abc.Loop.take_events`."""
        with self.lock:
            events = list(self._events)
            self._events.clear()
            if self._event_signal is not None:
                self._event_signal.settle()
            return events

    # With the lock held.

    def _report(self, event: Event) -> None:
        self._events.append(event)
        if self._event_signal is not None:
            self._event_signal.raise_()

    def _add(self, engine: Engine) -> None:
        self._engines.add(engine)
        self._ask(engine)

    def _ask(self, engine: Engine) -> None:
        """Have the loop's thread drive this engine soon."""
        self._asked[engine] = None
        if self._signal is not None:
            self._signal.raise_()

    # The thread.

    def _run(self) -> None:
        assert self._selector is not None and self._signal is not None
        while not self._stopping:
            asked = self._take_asked()
            for engine in asked:
                if not engine.ended:
                    self._drive(engine, 0)
            ready = self._selector.select(self._timeout())
            if not ready and trimmer.idle():
                self._worked = False
            for key, events in ready:
                if key.data is not None:
                    self._drive(key.data, events)
        for engine in self._engines:
            engine.close()
        self._selector.close()
        with self.lock:
            self._signal.close()
            self._signal = None

    def _take_asked(self) -> list[Engine]:
        assert self._signal is not None
        with self.lock:
            self._signal.clear()
            asked = [engine for engine in self._asked if not engine.ended]
            self._asked.clear()
        now = time.monotonic()
        asked += [e for e in self._lingering if min(e.deadline, e.look_at) <= now]
        return asked + self._take_due() if self._beating else asked

    def _take_due(self) -> list[Engine]:
        """Engines whose heartbeat is due; there may be many, so not too often."""
        now = time.monotonic()
        if now < self._next_beat:
            return []
        later = [engine.due for engine in self._beating if engine.due > now]
        self._next_beat = max(min(later, default=math.inf), now + BEAT_STEP)
        return [engine for engine in self._beating if engine.due <= now]

    def _timeout(self) -> Union[float, None]:
        if self._stopping:
            return 0  # the signal that told so may just have been cleared
        first = self._next_beat
        for engine in self._lingering:
            first = min(first, engine.deadline, engine.look_at)
        left = max(0.0, first - time.monotonic())
        if self._worked:
            return min(left, AFTER)
        return None if left == math.inf else left

    def _drive(self, engine: Engine, events: int) -> None:
        """One turn of an engine, then wait for what it wants next."""
        self._worked = True
        try:
            self._watch(engine, engine.drive(events))
        except OSError as error:
            self._unwatch(engine)
            engine.fail(error)
        if min(engine.deadline, engine.look_at) < math.inf:
            self._lingering.add(engine)
        if engine.due < math.inf:
            self._beating.add(engine)
            self._next_beat = min(self._next_beat, engine.due)
        if engine.ended:
            engine.end()
            self._lingering.discard(engine)
            self._beating.discard(engine)
            with self.lock:
                self._engines.discard(engine)

    def _unwatch(self, engine: Engine) -> None:
        assert self._selector is not None
        if engine.watched:
            self._selector.unregister(engine.fd)
            engine.watched = 0

    def _watch(self, engine: Engine, wanted: int) -> None:
        assert self._selector is not None
        if wanted == engine.watched:
            return
        if not wanted:
            # EPOLLHUP cannot be masked: a paused descriptor must be taken out.
            self._selector.unregister(engine.fd)
        elif not engine.watched:
            self._selector.register(engine.fd, wanted, engine)
        else:
            self._selector.modify(engine.fd, wanted, engine)
        engine.watched = wanted
