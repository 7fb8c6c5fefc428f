"""inproc://: sockets of one context, joined pipe to pipe (see libzmq's zmq_inproc).

No descriptors, no handshake, no threads.  Connecting before binding is allowed: the
connecter's messages wait in its pipe.  Nothing reconnects.
"""

from __future__ import annotations

import threading
from errno import EADDRINUSE
from typing import TYPE_CHECKING, Sequence, Union

from ..constants import SocketOption
from ..error import ZMQError, error_for
from ..meeting import Meeting

if TYPE_CHECKING:
    from ..backend.abc import Pipe
    from ..session.side import Side


class Registry:
    """The names of one context, and who waits for one to be bound."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may be in here too
        self._bound: dict[str, Binding] = {}
        self._pending: dict[str, list[Connection]] = {}

    def bind(self, name: str, side: Side, first: Union[Pipe, None] = None) -> Binding:
        """Take a name; whoever waits for it is joined.  ZMQError(EADDRINUSE).

        `first` is the pipe that the first to connect gets; it may hold messages.
        """
        with self._lock:
            if name in self._bound:
                raise ZMQError(EADDRINUSE)
            binding = self._bound[name] = Binding(self, name, side, first)
            waiting = self._pending.pop(name, [])
        for connection in waiting:
            _join(connection, binding)
        return binding

    def connect(self, name: str, side: Side) -> Connection:
        """Join whoever has the name, now or later."""
        connection = Connection(self, name, side)
        with self._lock:
            binding = self._bound.get(name)
            if binding is None:
                self._pending.setdefault(name, []).append(connection)
        if binding is not None:
            _join(connection, binding)
        return connection

    def find(self, name: str, kinds: Sequence[str]) -> Union[Binding, None]:
        """Who has the name, if it is a socket of one of these types."""
        with self._lock:
            binding = self._bound.get(name)
        if binding is None or binding.side.pattern.name not in kinds:
            return None
        return binding

    def reach(
        self, name: str, side: Side, kinds: Sequence[str]
    ) -> Union[Connection, None]:
        """As `connect`, but None unless a socket of one of these types has the name
        already."""
        binding = self.find(name, kinds)
        if binding is None:
            return None
        connection = Connection(self, name, side)
        _join(connection, binding)
        return connection

    def unbind(self, binding: Binding) -> None:
        """Free a name; what is joined stays joined."""
        with self._lock:
            if self._bound.get(binding.name) is binding:
                del self._bound[binding.name]

    def forget(self, connection: Connection) -> None:
        """A connecter that waits no longer."""
        with self._lock:
            waiting = self._pending.get(connection.name, [])
            if connection in waiting:
                waiting.remove(connection)
            if not waiting:
                self._pending.pop(connection.name, None)


class Binding:
    """A bound name.  Ending it frees the name; connections live on."""

    keeps_input = True
    has_address = True
    meeting = None
    exposed = False
    over = False

    def __init__(
        self, registry: Registry, name: str, side: Side, first: Union[Pipe, None]
    ) -> None:
        self.endpoint = f"inproc://{name}"
        self.name = name
        self.side = side
        self._registry = registry
        self._first = [] if first is None else [first]

    def open(self) -> Union[Pipe, None]:
        """A pipe for who connects.  None if there is no room for another."""
        try:
            return self._first.pop()
        except IndexError:
            return self.side.hub.open(self.side.conflates)

    def close(self, linger: int, keep_input: bool) -> None:
        """Free the name."""
        self._registry.unbind(self)


class Connection:
    """A connected name."""

    keeps_input = False
    has_address = True  # its peer's place, to say it exactly
    exposed = False

    def __init__(self, registry: Registry, name: str, side: Side) -> None:
        self.endpoint = f"inproc://{name}"
        self.name = name
        self.side = side
        self.pipe: Union[Pipe, None] = side.hub.open(side.conflates)
        self.closed = False
        self.meeting = Meeting()
        self._registry = registry
        routing_id = side.options[SocketOption.CONNECT_ROUTING_ID]
        self.named = bool(routing_id)
        if self.pipe is not None and routing_id and self.pipe.name(routing_id) < 0:
            self.pipe.close(False)
            raise error_for(EADDRINUSE, f"routing id {routing_id!r} is taken")

    @property
    def over(self) -> bool:
        """Whether the peer has left, and all that it sent was received."""
        return self.pipe is None or self.pipe.gone()

    def close(self, linger: int, keep_input: bool) -> None:
        """What the peer has not read stays readable there; what was sent to a name
        that nobody has bound yet waits for that, or for the end of the context.
        What a peer has sent that left before is not lost, either."""
        if self.pipe is not None and not self.closed:
            self.side.drain.count(0, self.pipe.unsent()[0])
        self.closed = True
        if self.pipe is not None:
            keep_input = keep_input or not self.side.hub.has(self.pipe.id)
        if self.pipe is None or self.pipe.close(linger != 0, keep_input):
            self._registry.forget(self)


def _join(connection: Connection, binding: Binding) -> None:
    """Give the binder a pipe for this connection, unless either side refuses."""
    pipe, binder = connection.pipe, binding.side
    if pipe is None:
        return
    peer = binding.open()
    if peer is None:
        pipe.close(False)
    elif _name(peer, binder, connection.side) and (
        connection.closed or connection.named or _name(pipe, connection.side, binder)
    ):
        pipe.join(peer)
        connection.meeting.tell(True)
    else:
        peer.close(False)
        pipe.close(False)


def _name(pipe: Pipe, side: Side, other: Side) -> bool:
    return side.claim(pipe, other.options[SocketOption.ROUTING_ID])
