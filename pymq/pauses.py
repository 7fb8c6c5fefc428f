"""What calls wait for, apart from how they wait.

A call that may have to wait is a generator of pauses.  A thread sleeps through each
pause (`finish`).  A task of an event loop hangs a bell, and looks when it rings
(`pymq._awaited`, `pymq.anyio`).  The generator is told whether the thing has come, or
whether the time was over.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Callable, Generator, Protocol, TypeVar, Union

from .backend.abc import SENT, Bell
from .changed import Changed
from .constants import POLLIN, POLLOUT
from .deadline import remaining
from .error import Again, error_for

if TYPE_CHECKING:
    from .socket_state import SocketState

_Result = TypeVar("_Result")


class Pause(Protocol):
    """A wait until something has come, or until `deadline`.

    `deadline` is a time of `time.monotonic`; None means for ever.
    """

    deadline: Union[float, None]

    def look(self) -> Any:
        """Whether it has come, without waiting.  Raises if it cannot come any more."""

    def sleep(self) -> bool:
        """Wait, in a thread.  Returns whether it has come."""

    def hang(self) -> Bell:
        """Make a bell that rings when it may have come."""


Steps = Generator[Pause, bool, _Result]


def _sleep(pause: Pause) -> bool:
    return pause.sleep()


def finish(steps: Steps[_Result], sleep: Callable[[Pause], bool] = _sleep) -> _Result:
    """Run a call in a thread, and return its result."""
    try:
        pause = next(steps)
        while True:
            pause = steps.send(sleep(pause))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        steps.close()  # also when Ctrl-C gets out of a sleep


class Events:
    """A wait until a socket's hub has some of `events`, or `SENT`."""

    __slots__ = ("_events", "_socket", "deadline")

    def __init__(
        self, socket: SocketState, events: int, deadline: Union[float, None]
    ) -> None:
        self._socket = socket
        self._events = events
        self.deadline = deadline

    def look(self) -> bool:
        """See `Pause.look`."""
        result = self._socket._hub.wait(self._events, 0)
        if result < 0:
            self._socket._check_call()
            raise error_for(-result)
        return result > 0

    def sleep(self) -> bool:
        """See `Pause.sleep`."""
        try:
            self._socket._wait(self._events, self.deadline)
        except Again:
            return False
        return True

    def hang(self) -> Bell:
        """See `Pause.hang`."""
        ended = POLLOUT if self._events & SENT else 0  # a pipe that is no more
        return self._socket._hub.bell(self._events | ended)


class News:
    """A wait until `holds` is true, which anything that comes to a socket may
    change."""

    __slots__ = ("_holds", "_socket", "deadline")

    def __init__(
        self,
        socket: SocketState,
        holds: Callable[[], Any],
        deadline: Union[float, None],
    ) -> None:
        self._socket = socket
        self._holds = holds
        self.deadline = deadline

    def look(self) -> Any:
        """See `Pause.look`."""
        self._socket._check_open()
        return self._holds()

    def sleep(self) -> bool:
        """See `Pause.sleep`."""
        bell = self.hang()
        try:
            poll = select.poll()
            poll.register(bell.fileno(), select.POLLIN)
            while True:
                bell.hush()
                if self.look():
                    return True
                left = remaining(self.deadline)
                if left <= 0:
                    return False
                poll.poll(left * 1000)
        finally:
            bell.close()

    def hang(self) -> Bell:
        """See `Pause.hang`."""
        return self._socket._hub.bell(POLLIN | SENT)


class Until:
    """A wait until `holds` is true, of which a condition tells."""

    __slots__ = ("_changed", "_holds", "deadline")

    def __init__(
        self,
        changed: Changed,
        holds: Callable[[], Any],
        deadline: Union[float, None],
    ) -> None:
        self._changed = changed
        self._holds = holds
        self.deadline = deadline

    def look(self) -> Any:
        """See `Pause.look`."""
        with self._changed.lock:
            return self._holds()

    def sleep(self) -> bool:
        """See `Pause.sleep`."""
        with self._changed.lock:
            while not self._holds():
                left = remaining(self.deadline)
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def hang(self) -> Bell:
        """See `Pause.hang`."""
        return _Bell(self._changed)


class _Bell:
    """A bell that rings when a condition is notified."""

    def __init__(self, changed: Changed) -> None:
        from .backend.pure.signal import Signal  # few need it

        self._changed = changed
        self._signal = Signal()
        with changed.lock:
            changed.listen(self._signal.raise_)

    def fileno(self) -> int:
        """See `pymq.backend.abc.Bell.fileno`."""
        return self._signal.fileno()

    def hush(self) -> None:
        """See `pymq.backend.abc.Bell.hush`."""
        with self._changed.lock:
            self._signal.clear()

    def close(self) -> None:
        """See `pymq.backend.abc.Bell.close`."""
        with self._changed.lock:
            self._changed.forget(self._signal.raise_)
