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
from threading import RLock
from typing import TYPE_CHECKING, Any, Callable, Sequence, TypeVar, Union

from . import watch
from .backend.abc import Bell, Buffer, Hub
from .backend.messages import no_way
from .constants import POLLIN, POLLOUT

if TYPE_CHECKING:
    from .control import Control
    from .patterns.end import End
    from .timer import Timer

_Result = TypeVar("_Result")

_ANY = int(POLLIN | POLLOUT)  # what makes a wrapper receive may be either
_UNDER_WAY = 0.1  # seconds


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

    def _seen(self, call: Callable[..., _Result], *args: Any) -> _Result:
        try:
            return call(*args)
        finally:
            self.refresh()

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """See `pymq.backend.abc.Hub.send`."""
        return self._seen(self._end.send, data, more, owner)

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """See `pymq.backend.abc.Hub.quick_send`."""
        return self.send if self._turns else self._end.quick_send

    def send_many(self, messages: Sequence[bytes]) -> int:
        """See `pymq.backend.abc.Hub.send_many`."""
        return self._seen(self._end.send_many, messages)

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """See `pymq.backend.abc.Hub.send_message`."""
        return self._seen(self._end.send_message, frames, more, owners)

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """See `pymq.backend.abc.Hub.quick_send_message`."""
        return no_way if self._turns else self._end.quick_send_message

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """There is none: each receive has to be seen."""
        return no_way

    def recv(self) -> Union[bytes, int]:
        """See `pymq.backend.abc.Hub.recv`."""
        return self._seen(self._end.recv)

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv`."""
        return self.recv

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """See `pymq.backend.abc.Hub.recv_from`."""
        return self._seen(self._end.recv_from)

    def recv_message(self) -> Union[list[bytes], int]:
        """See `pymq.backend.abc.Hub.recv_message`."""
        return self._seen(self._end.recv_message)

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """See `pymq.backend.abc.Hub.recv_message_from`."""
        return self._seen(self._end.recv_message_from)

    def recv_many(self, most: int) -> list[bytes]:
        """See `pymq.backend.abc.Hub.recv_many`."""
        return self._seen(self._end.recv_many, most)
