"""The control thread: timers, descriptors of handshakes, events from the loop.

Each context has one.  The first transport that needs it starts it; it sleeps unless
something connects, fails or times out.  Sessions run on it and nowhere else, so they
need no locks.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import warnings
from collections import deque
from typing import Any, Callable, Collection, Protocol, TypeVar, Union

from . import exits, naps, watch
from .backend.abc import EventKind, Loop, Pipe
from .changed import Changed
from .error import LingerWarning
from .pauses import Steps, Until, finish
from .timer import CALL, WHEN, Timer

_Result = TypeVar("_Result")

EXIT_LINGER = 5000  # ms
_LINK_DOWN = EventKind.LINK_DOWN
LONGEST_NAP = 86400.0  # seconds; epoll takes no more than 2**31 ms


class Closable(Protocol):
    """An object with descriptors that the control thread watches."""

    def close(self) -> None:
        """Close them."""


class PipeOwner(Protocol):
    """An object that is told what happens to a pipe."""

    def link_down(self, pipe: int, error: int) -> None:
        """See `pymq.backend.abc.EventKind.LINK_DOWN`."""

    def pipe_closed(self, pipe: int) -> None:
        """See `pymq.backend.abc.EventKind.PIPE_CLOSED`."""

    def ended(self, pipe: int) -> None:
        """Whether it was closed and has nothing left to do."""

    def displaced(self, pipe: int) -> None:
        """Another pipe has taken its name (ROUTER_HANDOVER)."""

    def hang_up(self, pipe: int) -> None:
        """The user ends the connection; what was sent before is still sent."""


def _unsent(what: str, pipe: Pipe) -> str:
    count = pipe.unsent()[0]
    if not count:
        return f"what the kernel holds of {what}"
    return f"{count} message" + ("s" if count > 1 else "") + f" of {what}"


def _complain() -> None:
    """Log an exception: one connection's fault must not end the others."""
    import logging

    logging.getLogger("pymq").exception("unexpected error, control thread")


def _nothing() -> None:
    """A call that does nothing, to wait for those before it."""


class Control:
    """See the module's docstring."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.owners: dict[int, PipeOwner] = {}  # by pipe id
        self.splices: set[Closable] = set()  # which end with the thread
        self.exit_linger = EXIT_LINGER  # ms; see `_leave_interpreter`
        self.hurried = False  # nobody wants to wait at exit
        self.changed = Changed()  # what lingers, here and in drains
        #: Who holds it: sockets by their drains, and pipes that linger by their ids;
        #: what each is, and the pipe.
        self._held: dict[object, tuple[str, Union[Pipe, None]]] = {}
        self._leaving = False
        self._calls: deque[Callable[[], None]] = deque()
        self._late: deque[Callable[[], None]] = deque()
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self.started = False  # without a thread there are no sessions either
        self._thread: Union[threading.Thread, None] = None
        # Reentrant: a finalizer may run in the middle of `start`, and call.
        self._starting = threading.RLock()
        self._stopped = False
        self._listening = False
        self._asleep = False  # or about to be; else a wake-up would be idle

    # From any thread.

    def start(self) -> None:
        """Start the control thread and the loop.  Idempotent."""
        if self.started:
            return
        with self._starting:
            if self._thread is not None:
                return
            self.loop.start()
            self._watch = watch.new()
            try:
                self._watch.add(self.loop.fileno(), watch.READ, self._dispatch)
                thread = threading.Thread(
                    target=self._run, name="pymq-control", daemon=True
                )
                self._listening = True
                thread.start()
            except BaseException:
                self._close()
                raise
            self._thread, self.started = thread, True
            exits.remember(self, waits=True)

    def _close(self) -> None:
        self._watch.close()
        with self._starting:
            self._listening = False

    def stop(self) -> None:
        """End the thread and the loop.  Idempotent.

        A second caller waits for the thread, too.  The thread sleeps on the loop's
        descriptor, and would sleep for ever if that were closed first.
        """
        with self._starting:
            self.started, thread = False, self._thread
        if thread is not None:
            self.call(self._stop)
            thread.join()
        self.loop.stop()

    def stop_when_idle(self) -> None:
        """End the thread and the loop when nothing lingers any more.  Does not wait."""
        with self.changed.lock:
            self._leaving = True
            self._leave_if_idle()

    def call(self, function: Callable[[], None]) -> bool:
        """Let the control thread call `function` soon.  False if the thread has
        ended."""
        with self._starting:
            if not self._listening:
                return False
            self._calls.append(function)
            if self._asleep:
                self.loop.nudge()
        return True

    def run(self, function: Callable[[], _Result]) -> _Result:
        """Let the control thread call `function`, and wait for the result.

        If the thread was not started, it is called here.
        """
        if not self.started:
            self._run_late()
            return function()
        if threading.current_thread() is self._thread:
            return function()
        done = threading.Lock()  # an Event is made of several
        done.acquire()
        outcome: list[Any] = []

        def work() -> None:
            try:
                self._run_late()
                outcome.append((function(), None))
            except BaseException as error:
                outcome.append((None, error))
            finally:
                done.release()

        if not self.call(work):
            return function()
        while not done.acquire(timeout=naps.longest()):
            pass  # Ctrl-C gets out; what was asked for is done all the same
        result, error = outcome[0]
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def hang_up(self, pipe: int) -> None:
        """Let the owner of a pipe end its connection.  Nothing happens if it is
        gone."""

        def work() -> None:
            if pipe in self.owners:
                self.owners[pipe].hang_up(pipe)

        self.run(work)

    def leave(self, function: Callable[[], None]) -> None:
        """Let the control thread call `function`, without waiting for it.

        If the thread was not started, it is called here.
        """
        if not (self.started and self.call(function)):
            self._run_late()
            function()

    def run_later(self, function: Callable[[], None]) -> None:
        """Let `function` be called soon, without taking a lock that the caller may
        hold.

        For finalizers.
        """
        self._late.append(function)
        if self.started:
            self.call(self._run_late)

    def _run_late(self) -> None:
        while self._late:
            try:
                function = self._late.popleft()
            except IndexError:
                return  # another thread was faster
            function()

    def catch_up(self) -> None:
        """If the thread was not started, do what finalizers have left to be done."""
        if self._late and not self.started:
            self._run_late()

    def hold(self, who: object, what: str, pipe: Union[Pipe, None] = None) -> None:
        """Count a socket, or a pipe that lingers: `idle` waits for its `release`."""
        with self.changed.lock:
            self._held[who] = what, pipe

    def release(self, who: object) -> None:
        """Such a socket or pipe has ended."""
        with self.changed.lock:
            self._held.pop(who, None)
            self.changed.notify_all()
            if self._leaving:
                self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if not self._held and self.started:
            self.call(self._leave)

    def idle(self, seconds: Union[float, None] = None) -> Steps[bool]:
        """Wait until nothing lingers, for at most so many seconds (None: for ever).

        Returns whether nothing does.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        self.run(_nothing)
        return (yield Until(self.changed, lambda: not self._held, deadline))

    def unsent(self) -> list[str]:
        """Return descriptions of what lingers."""
        held = self._now_held().values()
        return [_unsent(what, pipe) for what, pipe in held if pipe is not None]

    def unclosed(self, known: Collection[object] = ()) -> list[str]:
        """Return descriptions of the sockets that have not ended, except `known`
        ones."""
        return [
            f"not closed: {what}"
            for who, (what, pipe) in self._now_held().items()
            if pipe is None and who not in known
        ]

    def _now_held(self) -> dict[object, tuple[str, Union[Pipe, None]]]:
        with self.changed.lock:
            return self._held.copy()

    def _leave_interpreter(self, now: float) -> None:
        """See `pymq.exits`.  What lingers has `exit_linger` ms."""
        deadline = now + (0 if self.hurried else self.exit_linger / 1000)
        if not self.started or finish(self.idle(deadline - time.monotonic())):
            return
        text = "; ".join([*self.unsent(), *self.unclosed()])
        if text:  # all of it may have ended just now
            warnings.warn(f"dropped at exit: {text}", LingerWarning, stacklevel=1)

    def _stay_behind(self) -> None:
        """See `pymq.exits`.  Nobody calls it in a child."""

    # From the control thread.

    def later(self, seconds: float, function: Callable[[], None]) -> Timer:
        """Call `function` after `seconds`, unless the timer is cancelled."""
        timer = Timer((time.monotonic() + seconds, next(self._order), function))
        heapq.heappush(self._timers, timer)
        return timer

    def watch(self, fd: int, events: int, call: Callable[[], None]) -> None:
        """Call `call` whenever `fd` is ready for `events`.  It replaces an earlier
        function."""
        self._watch.add(fd, events, call)

    def unwatch(self, fd: int) -> None:
        """Forget a descriptor.  To be called before it is closed."""
        self._watch.remove(fd)

    def _run(self) -> None:
        ready: deque[Callable[[], None]] = deque()
        while not self._stopped:
            if not ready:
                self._sleep(ready)
            try:
                self._turn(ready)
            except Exception:
                _complain()
        for splice in list(self.splices):
            splice.close()
        self._close()
        self._timers.clear()
        while ready or self._calls:
            try:
                self._turn(ready)
            except Exception:
                _complain()

    def _sleep(self, ready: deque[Callable[[], None]]) -> None:
        """Sleep until there is something to call.

        It first says that it sleeps, and then looks whether it should.  `call` does the
        opposite, so one of the two always sees the other.
        """
        self._asleep = True
        self._watch.wait(0.0 if self._calls else self._timeout(), ready)
        self._asleep = False

    def _timeout(self) -> Union[float, None]:
        timers = self._timers
        while timers and timers[0][CALL] is None:
            heapq.heappop(timers)
        if not timers:
            return None
        left: float = timers[0][WHEN] - time.monotonic()
        return min(max(0.0, left), LONGEST_NAP)

    def _turn(self, ready: deque[Callable[[], None]]) -> None:
        """Call what is ready, what was asked for, and what is due: each once, even
        if one fails."""
        calls, timers = self._calls, self._timers
        while ready:
            ready.popleft()()
        while calls:
            calls.popleft()()
        while timers and timers[0][WHEN] <= time.monotonic():
            late = heapq.heappop(timers)[CALL]
            if late is not None:
                late()

    def _stop(self) -> None:
        self._stopped = True

    def _leave(self) -> None:
        self._stopped = True
        self.loop.stop()

    def _dispatch(self) -> None:
        for event in self.loop.take_events():
            owner = self.owners.get(event.pipe)
            if owner is None:
                continue
            if event.kind is _LINK_DOWN:
                owner.link_down(event.pipe, event.error)
            else:
                owner.pipe_closed(event.pipe)
