"""The descriptor behind `Socket.fileno`: readable while there is something to receive.

The option FD of libzmq is edge-triggered: a program that sleeps on it before it has
read EVENTS until nothing is left sleeps for ever.  This descriptor is level-triggered,
as ``selectors`` and others expect.

When something arrives, the hub's bell wakes the control thread.  It looks, and thereby
takes in what is not for the user (topics, late replies).  When something is received,
the call looks itself: it goes through an end that is put around the socket's own when
`fileno` is first called.  So other sockets pay nothing.
"""

from __future__ import annotations

import os
from collections import deque
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Callable, TypeVar, Union

from . import watch
from .backend.abc import Bell, Hub
from .backend.messages import no_way
from .constants import POLLIN, POLLOUT
from .patterns.end import End

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    from .control import Control
    from .timer import Timer

    _Given = ParamSpec("_Given")

_Result = TypeVar("_Result")

_ANY = int(POLLIN | POLLOUT)  # what makes a wrapper receive may be either
_UNDER_WAY = 0.1  # seconds


def _seen(
    method: Callable[Concatenate[End, _Given], _Result],
) -> Callable[Concatenate[Level, _Given], _Result]:
    """Return a method that calls the same method of the end inside, and then looks."""
    name = method.__name__

    @wraps(method)
    def call(level: Level, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        try:
            return getattr(level._end, name)(*args, **kwargs)  # type: ignore[no-any-return]
        finally:
            level.refresh()

    return call


class Level:
    """An end around another end, which keeps the descriptor up to date."""

    def __init__(self, end: End, hub: Hub, control: Control, turns: bool) -> None:
        self.ahead: deque[bytes] = deque()  # never anything: each receive is seen
        self._end = end
        self._hub = hub
        self._control = control
        self._turns = turns  # so that it receives only after it has sent
        self._pid = os.getpid()
        # Reentrant: a signal's handler may receive, too; see `refresh`.
        self._lock = RLock()
        self._stale = self._looking = False
        self._shown: Union[bool, None] = False  # None: interrupted in the middle
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._timer: Union[Timer, None] = None
        self._bell: Bell = hub.bell(_ANY)
        control.call(self._watch)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # Not before: who polls it while another thread closes the socket wakes up.
        descriptors = getattr(self, "_reader", -1), getattr(self, "_writer", -1)
        self._reader = self._writer = -1  # others of a garbage cycle may still come
        for fd in descriptors:
            if fd >= 0:
                close(fd)

    def fileno(self) -> int:
        """A descriptor that is readable while a receive would not block, and after
        the end."""
        return self._reader

    def around(self, end: End) -> Level:
        """Be around this end from now on."""
        self._end = end
        self.refresh()
        return self

    # On the control thread.

    def _watch(self) -> None:
        fd = self._bell.fileno()
        if fd >= 0:
            self._control.watch(fd, watch.READ, self._rung)
            # A receive that was under way when this was made has not told.
            self._timer = self._control.later(_UNDER_WAY, self.refresh)

    def _rung(self) -> None:
        self._bell.hush()
        self.refresh()

    def close(self) -> None:
        """The socket is closed: nothing changes any more."""
        fd = self._bell.fileno()
        if fd >= 0:
            self._control.unwatch(fd)
            self._bell.close()
        if self._timer is not None:
            self._timer.cancel()  # it would keep the descriptor
        self.refresh()

    # Anywhere.

    def refresh(self) -> None:
        """Look, and set the descriptor.

        If a signal's handler comes in between, on the same thread, it leaves it to the
        interrupted call to look again.
        """
        if os.getpid() != self._pid:
            return  # a child's copy of the socket says nothing to its parent
        with self._lock:
            self._stale = True
            while self._stale and not self._looking:
                self._look()

    def _look(self) -> None:
        self._looking = True
        try:
            self._stale = False
            ready = self._end.ready()
            # Once stopped, a receive fails at once.
            self._show(ready < 0 or ready & POLLIN != 0)
        except BaseException:
            self._control.run_later(self.refresh)  # Ctrl-C must not hide a message
            raise
        finally:
            self._looking = False

    def _show(self, readable: bool) -> None:
        if readable == self._shown or self._writer < 0:
            return
        self._shown = None
        if readable:
            os.write(self._writer, b"\1")
        else:
            try:
                os.read(self._reader, 64)
            except BlockingIOError:
                pass
        self._shown = readable

    # As an end.

    @property
    def more(self) -> bool:
        """See `pymq.backend.abc.Hub.more`."""
        return self._end.more

    def ready(self) -> int:
        """See `pymq.backend.abc.Hub.ready`."""
        return self._end.ready()

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """See `pymq.backend.abc.Hub.quick_send`."""
        return self.send if self._turns else self._end.quick_send

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """See `pymq.backend.abc.Hub.quick_send_message`."""
        return no_way if self._turns else self._end.quick_send_message

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv`."""
        return self.recv

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """There is none: each receive has to be seen."""
        return no_way

    send = _seen(End.send)
    send_many = _seen(End.send_many)
    send_message = _seen(End.send_message)
    recv = _seen(End.recv)
    recv_from = _seen(End.recv_from)
    recv_message = _seen(End.recv_message)
    recv_message_from = _seen(End.recv_message_from)
    recv_many = _seen(End.recv_many)
