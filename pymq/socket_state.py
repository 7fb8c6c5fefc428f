"""What a socket is made of, and its life; `Socket` adds what it can do."""

from __future__ import annotations

import os
import warnings
from collections import deque
from errno import ENOTSOCK
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Callable, Sequence, TypeVar, Union

from . import constants as _C
from . import exits, patterns
from . import options as table
from .attendant import Attendant
from .attributes import Attributes
from .backend.abc import Bell, Hub
from .constants import POLLIN, POLLOUT, SocketType
from .drain import Drain, Drained
from .error import error_for
from .inherited import Inherited, keep, refuse
from .level import Level
from .monitor import Monitor
from .once import once
from .patterns.end import End
from .patterns.wrapper import Wrapper
from .pauses import Steps, Until, finish
from .properties import Connections
from .shadow import Handle, shown_class
from .turn import Turn

_Result = TypeVar("_Result")

_ANY = POLLIN | POLLOUT
_TYPES = {int(one): one for one in SocketType}  # to look one up there takes 1 us

if TYPE_CHECKING:
    from typing_extensions import Self

    from .context import Context
    from .control import Control
    from .session import Session
    from .session.side import Side


class SocketState(Attributes, Handle):
    """The state of a socket and its end; the mixins of `Socket` add what it can do.

    It holds the hub (the socket's end of all its connections, in the backend), the
    `end` that its socket type makes of the hub, the options, and the sessions of its
    endpoints.
    """

    context: Context
    _closed: bool = True  # until everything is there
    _type: SocketType
    _options: dict[int, Any]
    _hub: Hub
    _asks: Turn
    _end: End
    _send: Any
    _quick_send: Any
    _quick_recv: Any
    _quick_send_message: Any
    _quick_recv_message: Any
    _ahead: deque[bytes]
    _sessions: dict[str, list[Session]]
    _monitor: Monitor
    _connections: Connections
    _drain: Drain
    _pattern: patterns.Pattern
    _pid: int
    _life: list[None]
    _busy: Any
    _levels: list[Level]
    _rooms: list[Any]
    _attendants: list[Attendant]
    _rests: dict[int, bytes]  # by thread; see `Socket.recv_into`
    #: All of these, and what the mixins of `Socket` declare.
    _shared = (*__annotations__, "_overflow", "_last_values", "_minded", "_warned")
    _missing = ENOTSOCK
    copy_threshold: int = 65536

    def __init__(
        self,
        ctx_or_socket: Union[Context, SocketState, None] = None,
        socket_type: int = 0,
        *,
        shadow: Union[SocketState, int] = 0,
        copy_threshold: Union[int, None] = None,
        **options: Any,
    ) -> None:
        if copy_threshold is not None:
            self.copy_threshold = copy_threshold
        if shadow or isinstance(ctx_or_socket, SocketState):
            self._join(shadow or ctx_or_socket)
        elif ctx_or_socket is None:
            raise TypeError("a socket needs a context, or another socket to shadow")
        else:
            self._create(ctx_or_socket, socket_type)
        for name, value in options.items():
            setattr(self, name, value)

    def _create(self, context: Context, socket_type: int) -> None:
        pattern = patterns.get(socket_type)
        values = table.defaults()
        values[_C.LINGER] = pattern.linger
        values.update(context._inherited)
        hub = context._backend.hub(context._loop, pattern.routing)
        self._declare(
            _pattern=pattern,
            context=context,
            _pid=os.getpid(),
            _type=_TYPES[socket_type],
            _options=values,
            _hub=hub,
            _levels=[],  # one, once `fileno` was asked for
            _rooms=[],  # a `WaitingRoom` for each event loop that waits for it
            _attendants=[],  # one, once `last_values` was set
            _rests={},
            _sessions={},
            _monitor=Monitor(),
            _connections=Connections(),
            _asks=Turn(),  # of those who make a request
            _drain=Drain(context._control.changed),
            _life=[None],  # whoever takes it closes the socket
            _busy=RLock(),  # bind, connect, and back; a signal's handler may be, too
        )
        self._use(pattern.wrap(hub, values))
        context._adopt(self)

    @classmethod
    def shadow(cls, address: Union[int, SocketState]) -> Self:
        """Return another handle of a socket.

        `address` is a socket, or the `underlying` number of one.  The two handles are
        one socket: what is done through one is done to both.  When this handle is no
        longer referenced the socket stays open.

        ZMQError(ENOTSOCK) if no socket has that number.
        """
        return cls(shadow=address)

    def _use(self, end: End) -> None:
        """Send to, and receive from, this end."""
        if end is not self._hub and isinstance(end, Wrapper):
            end.hang_up = self.context._control.hang_up
        for level in self._levels:
            end = level.around(end)
        turns = self._pattern.routing.turns
        self._hub.looks_ahead = end is self._hub and not turns
        self._tell(
            _end=end,
            _send=end.send,
            _quick_send=end.quick_send,
            _quick_recv=end.quick_recv,
            _quick_send_message=end.quick_send_message,
            _quick_recv_message=end.quick_recv_message,
            _ahead=end.ahead,
        )

    def _declare(self, **values: Any) -> None:
        """Set attributes that are not options, without `__setattr__`, which looks up
        names.

        Not through `vars`: then CPython 3.11 takes 30 ns more for each look at any
        attribute.
        """
        for name, value in values.items():
            object.__setattr__(self, name, value)

    if TYPE_CHECKING:

        def __getattr__(self, key: str) -> Any:
            """Options (see `pymq.attributes.define_options`)."""

        def _wait(self, events: int, deadline: Union[float, None]) -> None:
            """Of `Socket`."""

        def _side(self) -> Side:
            """Of `Endpoints`."""

    # Life.

    @property
    def closed(self) -> bool:
        """Whether the socket is closed."""
        return self._closed

    def close(self, linger: Union[int, None] = None) -> None:
        """Close the socket (zmq_close).  Returns None at once.

        What is queued is sent in the background, for at most LINGER ms (-1: until it is
        sent), or `linger` ms if given.  Addresses that it had bound are free when this
        returns.  Calls of other threads that wait on the socket raise
        ZMQError(ENOTSOCK).  Closing it again does nothing.

        To wait until everything was sent use `flush` before, or `drain` instead.
        """
        if not self._die():
            return
        self._tell(_closed=True)
        if self._pid != os.getpid():
            return
        ending = self._ending(linger)
        try:
            self._stop(ENOTSOCK)
            self._close_rooms()
            with self._busy:  # nobody is in bind or connect any more
                addressed = self._has_address()
            self.context._disown(self._first())
            if addressed:
                self.context._control.run(ending)
            else:
                self.context._control.leave(ending)
        except BaseException:
            self.context._control.run_later(ending)  # Ctrl-C must not stop it
            raise

    def _die(self) -> bool:
        """Return whether this caller is the one that closes the socket."""
        try:
            self._life.pop()
        except (AttributeError, IndexError):
            return False  # it has no life yet, or another was faster
        return True

    def drain(self, linger: Union[int, None] = None) -> Drained:
        """Close the socket, and wait until what is queued was sent or dropped.

        Not in pyzmq.  Waits for at most LINGER ms (-1: for ever), or `linger` ms if
        given; then drops the rest.  Returns a `Drained`: how many messages were *sent*
        and how many *dropped*, of those that were still queued when the socket, or
        earlier one of its endpoints, was closed.

        - *Sent* means that the kernel has accepted the last byte (over ipc: and has
          passed it on, if there was time), or that the inproc peer can read the
          message.
        - A message for several peers counts once for each.
        - A message for an inproc name that is not bound counts as dropped, although a
          socket that binds the name later still gets it.
        - Subscriptions do not count.

        On a socket that is already closed it waits for what still lingers, and returns
        the same numbers; a `linger` given then counts from now.  Ctrl-C interrupts the
        wait; the socket is closed all the same, and goes on sending in the background.
        """
        return self._finish(self._draining(linger))

    def _draining(self, linger: Union[int, None]) -> Steps[Drained]:
        if self._closed and linger is not None:
            known = self._sessions
            self.context._control.run(partial(_close_all, known, linger))
        self.close(linger)
        if self._pid != os.getpid():
            return Drained(0, 0)
        drain = self._drain
        yield Until(drain.changed, drain.has_ended, None)
        return drain.outcome()

    def _stop(self, error: int) -> None:
        """Make every blocked and every later call fail with `error`.

        Also those for which the socket type has a message ready, and would not ask the
        hub.
        """
        self._hub.stop(error)
        if self._end is not self._hub:
            self._use(self._hub)

    def _stay_behind(self) -> None:
        """This process is a forked child: every call but `close` raises
        `ForkedError`."""
        keep(self._hub, self._end, self._sessions, self._monitor)
        keep(self._levels, self._attendants)
        nobody: Any = Inherited()
        self._tell(
            _busy=RLock(),  # another thread of the parent may have had it
            _hub=nobody,
            _end=nobody,
            _send=refuse,
            _quick_send=refuse,
            _quick_recv=refuse,
            _quick_send_message=refuse,
            _quick_recv_message=refuse,
            _ahead=deque(),
        )

    def _has_address(self) -> bool:
        """Whether an address must be free when `close` returns."""
        for group in self._sessions.values():
            for session in group:
                if session.has_address:
                    return True
        return False

    def _ending(self, linger: Union[int, None]) -> Callable[[], None]:
        """Return the function that ends the socket; it must not need the socket
        itself."""
        if linger is None:
            linger = self._options[_C.LINGER]
        control, monitor, drain = self.context._control, self._monitor, self._drain
        known = self._sessions
        watching: Sequence[Any] = [self._levels, self._attendants]
        return once(
            partial(_end, self._hub, known, linger, control, monitor, drain, watching)
        )

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def __del__(self) -> None:
        mine = not (self._closed or self._shadow) and self._pid == os.getpid()
        # In a garbage cycle others may come later, and close it.
        if mine and self._die():
            message = f"Unclosed socket {self}"
            self._tell(_closed=True)
            self._close_rooms()
            # The collector may run anywhere, also where a lock is held.
            self.context._control.run_later(self._ending(None))
            # Last: it may be an error.
            warnings.warn(message, ResourceWarning, stacklevel=2)

    def __copy__(self, memo: object = None) -> Any:
        """See `shadow`."""
        return self.shadow(self)

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        state = " closed" if self._closed else ""
        kind = f"zmq.{self._type.name}"
        return f"<{shown_class(type(self))}({kind}) at {hex(id(self))}{state}>"

    def _check_open(self) -> None:
        if self._closed:
            raise error_for(ENOTSOCK)
        if self.context._terminating:
            raise self.context._refusal()

    def _check_call(self) -> None:
        """`_check_open`, for a call that may have been under way; see `exits.park`."""
        exits.park()
        self._check_open()

    def _ready(self) -> int:
        """Return POLLIN and POLLOUT as they are now (option EVENTS)."""
        self._check_call()
        result = self._end.ready()
        if result < 0:
            raise error_for(-result)
        return int(result)

    def _bell(self, events: int, reads: bool = False) -> Bell:
        """Make a bell that rings when one of `events` may have come."""
        self._check_call()
        # What lets a wrapper go on may be anything.
        plain = self._end is self._hub and not self._pattern.routing.turns
        return self._hub.bell(events if plain else _ANY, reads)

    def _finish(self, steps: Steps[_Result]) -> _Result:
        """Run a call that may have to wait, and return its result."""
        return finish(steps)

    def _signal_fd(self) -> int:
        self._check_open()
        return int(self._hub.fileno())

    def _level_fd(self) -> int:
        self._check_open()
        if not self._levels:
            with self._busy:
                self._add_level()
        return self._levels[0].fileno()

    def _add_level(self) -> None:
        self._check_open()
        if self._levels:
            return  # another thread was faster
        self.context._start_threads()
        end = self._end
        turns = bool(self._pattern.routing.turns)
        self._levels.append(Level(end, self._hub, self.context._control, turns))
        self._use(end)
        if self._closed or self.context._terminating:
            self._use(self._hub)  # as `_stop`, which may have come in between

    def _close_rooms(self) -> None:
        """No event loop needs to wait for this socket any more."""
        for room in self._rooms:
            room.close()

    def _changed(self) -> None:
        """Something other than a message may have changed what can be received."""
        for level in self._levels:
            level.refresh()


def _end(
    hub: Hub,
    sessions: dict[str, list[Session]],
    linger: int,
    control: Control,
    monitor: Monitor,
    drain: Drain,
    watching: Sequence[Sequence[Union[Level, Attendant]]],
) -> None:
    hub.stop(ENOTSOCK)
    for group in watching:
        for one in group:
            one.close()
    _close_all(sessions, linger)
    drain.close()
    monitor.release()
    hub.free()
    control.release(drain)


def _close_all(sessions: dict[str, list[Session]], linger: int) -> None:
    for group in list(sessions.values()):
        for session in group:
            session.close(linger, False)
