"""Waiting for several sockets and descriptors at once (zmq_poll)."""

from __future__ import annotations

import select as _select
import time
from typing import Any, Sequence, Union

from . import naps
from .backend.abc import Bell
from .constants import POLLERR, POLLIN, POLLOUT, POLLPRI
from .socket import Socket

_SYSTEM = (
    (POLLIN, _select.POLLIN),
    (POLLOUT, _select.POLLOUT),
    (POLLPRI, _select.POLLPRI),
)
_FAULTS = _select.POLLERR | _select.POLLHUP | _select.POLLNVAL


def zmq_poll(
    sockets: Sequence[tuple[Any, int]],
    timeout: Union[float, None] = -1,
    waiter_class: Union[type[Waiter], None] = None,
) -> list[tuple[Any, int]]:
    """Wait until something can be received or sent (zmq_poll).

    `sockets` is a list of ``(socket, events)``.  A socket is a `Socket`, a descriptor,
    or an object with a `fileno` method; `events` are POLLIN, POLLOUT or both (for
    descriptors POLLPRI and POLLERR, too).  Waits for at most `timeout` ms (None or
    negative: for ever).

    Returns a list of those that are ready, as ``(socket, events)``, empty after a
    timeout.  Anything but a `Socket` is returned as its descriptor.  `waiter_class` is
    for event loops that sleep in their own way.

    TypeError for anything else in `sockets`, ZMQError(ENOTSOCK) for a closed socket.
    """
    waiter_class = waiter_class or Waiter
    ready = waiter_class(sockets).look(0)
    if ready or timeout == 0:
        return ready
    forever = timeout is None or timeout < 0
    deadline = None if forever else time.monotonic() + int(timeout or 0) / 1000
    with waiter_class(sockets, bells=True) as waiter:
        return waiter.wait(deadline)


class Waiter:
    """Waits for sockets and descriptors with the system's ``poll``.

    A socket's *bell* is a descriptor of its hub that says only that the socket may have
    become ready, so the socket is asked again.  Each waiter has bells of its own: one
    thread's look does not take a notice from another.  `masks` are the events that each
    descriptor is polled for.
    """

    def __init__(
        self, everything: Sequence[tuple[Any, int]], bells: bool = False
    ) -> None:
        self._everything = everything
        self._poll = _select.poll()
        self.masks: dict[int, int] = {}
        self._bells: list[Bell] = []
        try:
            for entry, events in everything:
                if not isinstance(entry, Socket):
                    self._add(fileno(entry), _to_system(events))
                elif bells:
                    self._bells.append(entry._bell(events))
                    self._add(self._bells[-1].fileno(), _select.POLLIN)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Waiter:
        return self

    def __exit__(self, *args: object) -> None:
        for bell in self._bells:
            bell.close()

    def _add(self, fd: int, mask: int) -> None:
        self.masks[fd] = self.masks.get(fd, 0) | mask
        self._poll.register(fd, self.masks[fd])

    def wait(self, deadline: Union[float, None] = None) -> list[tuple[Any, int]]:
        """Return what is ready, once something is; [] when it is `deadline`.

        `deadline` is a time of ``time.monotonic``, None for never.  The waiter must
        have been made with bells.
        """
        ready = self.look(0)
        while not ready:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            nap = naps.longest()
            ready = self.look(min(nap if left is None else left, nap) * 1000 + 1)
        return ready

    def look(self, timeout: float) -> list[tuple[Any, int]]:
        """Return what is ready, after at most `timeout` ms; 0 does not wait."""
        polled = dict(self._poll.poll(timeout)) if self.masks else {}
        for bell in self._bells:
            bell.hush()
        return self._ready(polled)

    def _ready(self, polled: dict[int, int]) -> list[tuple[Any, int]]:
        found: list[tuple[Any, int]] = []
        for entry, events in self._everything:
            if isinstance(entry, Socket):
                got = entry._ready() & events
            else:
                entry = fileno(entry)
                got = _from_system(polled.get(entry, 0)) & (events | POLLERR)
            if got:
                found.append((entry, got))
        return found


def fileno(entry: Any) -> int:
    """Return the descriptor of an object, or an int as it is.

    TypeError if the object has none.
    """
    if isinstance(entry, int):
        return entry
    try:
        return int(entry.fileno())
    except AttributeError:
        raise TypeError(
            "Socket must be a 0MQ socket, an integer fd or have a fileno() method: "
            f"{entry!r}"
        ) from None


def _to_system(events: int) -> int:
    return sum(theirs for ours, theirs in _SYSTEM if events & ours)


def _from_system(events: int) -> int:
    found = sum(int(ours) for ours, theirs in _SYSTEM if events & theirs)
    return found | (POLLERR if events & _FAULTS else 0)


class Poller:
    """A list of sockets and descriptors that `poll` waits for.

    `sockets` is the list of ``(socket, events)``, in the order in which they were
    registered.
    """

    def __init__(self) -> None:
        self.sockets: list[tuple[Any, int]] = []
        self._places: dict[Any, int] = {}

    def __contains__(self, socket: Any) -> bool:
        return socket in self._places

    def register(self, socket: Any, flags: int = POLLIN | POLLOUT) -> None:
        """Add a socket or descriptor, or change its events if it is registered already.

        `flags` are POLLIN, POLLOUT or both; 0 removes it.
        """
        if not flags:
            if socket in self._places:
                self.unregister(socket)
            return
        if socket in self._places:
            self.sockets[self._places[socket]] = (socket, flags)
        else:
            self._places[socket] = len(self.sockets)
            self.sockets.append((socket, flags))

    def modify(self, socket: Any, flags: int = POLLIN | POLLOUT) -> None:
        """Change the events to wait for; the same as `register`."""
        self.register(socket, flags)

    def unregister(self, socket: Any) -> None:
        """Remove a socket or descriptor.  KeyError if it is not registered."""
        place = self._places.pop(socket)
        del self.sockets[place]
        for index in range(place, len(self.sockets)):
            self._places[self.sockets[index][0]] = index

    def poll(self, timeout: Union[float, None] = None) -> list[tuple[Any, int]]:
        """Wait for at most `timeout` ms (None: for ever) and return what is ready.

        The result and the errors are those of `zmq_poll`.  If nothing is registered it
        returns [] at once.
        """
        if not self.sockets:
            return []
        return zmq_poll(self.sockets, timeout)


def select(
    rlist: Sequence[Any],
    wlist: Sequence[Any],
    xlist: Sequence[Any],
    timeout: Union[float, None] = None,
) -> tuple[list[Any], list[Any], list[Any]]:
    """`select.select` that also takes sockets.

    `timeout` is in **seconds**, None for ever.  Returns three lists: what can be read,
    what can be written, what has an error.
    """
    wanted: dict[Any, int] = {}
    for entries, flag in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR)):
        for entry in entries:
            wanted[entry] = wanted.get(entry, 0) | flag
    if not wanted:
        return [], [], []
    milliseconds = -1 if timeout is None or timeout < 0 else int(timeout * 1000)
    ready = dict(zmq_poll(list(wanted.items()), milliseconds))

    def those(entries: Sequence[Any], flag: int) -> list[Any]:
        return [entry for entry in entries if _got(ready, entry) & flag]

    return those(rlist, POLLIN), those(wlist, POLLOUT), those(xlist, POLLERR)


def _got(ready: dict[Any, int], entry: Any) -> int:
    return ready.get(entry if isinstance(entry, Socket) else fileno(entry), 0)
