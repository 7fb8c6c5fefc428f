"""Socket types: one file each, a row of facts over the hub's policies.

To add a socket type, write its file and name it in `_FILES`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from errno import EINVAL
from functools import lru_cache
from threading import RLock
from typing import (
    Any,
    Callable,
    Mapping,
    NamedTuple,
    Protocol,
    Sequence,
    Union,
    cast,
)

from ..backend.abc import Buffer, Hub, Routing, check_bytes
from ..backend.messages import no_way, recv_message, send_message
from ..constants import SocketType
from ..error import ZMQError
from ..loading import load


class End(Protocol):
    """What a socket sends to and receives from: a hub, or a wrapper around one."""

    ahead: deque[bytes]

    @property
    def more(self) -> bool:
        """See `pymq.backend.abc.Hub.more`."""

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """See `pymq.backend.abc.Hub.send`."""

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """See `pymq.backend.abc.Hub.quick_send`."""

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv`."""

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """See `pymq.backend.abc.Hub.quick_send_message`."""

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv_message`; sets `more`, if it is not
        the hub's."""

    def send_many(self, messages: Sequence[bytes]) -> int:
        """See `pymq.backend.abc.Hub.send_many`."""

    def recv(self) -> Union[bytes, int]:
        """See `pymq.backend.abc.Hub.recv`."""

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """See `pymq.backend.abc.Hub.send_message`."""

    def recv_message(self) -> Union[list[bytes], int]:
        """See `pymq.backend.abc.Hub.recv_message`."""

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """See `pymq.backend.abc.Hub.recv_message_from`."""

    def recv_many(self, most: int) -> list[bytes]:
        """See `pymq.backend.abc.Hub.recv_many`."""

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """See `pymq.backend.abc.Hub.recv_from`."""

    def ready(self) -> int:
        """See `pymq.backend.abc.Hub.ready`."""


def plain(hub: Hub, options: Mapping[int, Any]) -> End:
    """Most types need nothing beyond their policies."""
    return hub


class Wrapper(ABC):
    """An end that wraps a hub, and is not after speed: what the calls that are for that
    have no answer for, `send` and `recv` have.

    Threads take turns: every call locks, what a subclass adds included.
    """

    #: Ends the connection of a pipe, by its id, when all that was sent has gone.
    hang_up: Callable[[int], None]

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = RLock()  # a signal's handler may use the socket its thread is in
        self.ahead: deque[bytes] = deque()  # never anything
        self.more = False

    @abstractmethod
    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """See `pymq.backend.abc.Hub.send`."""

    def recv(self) -> Union[bytes, int]:
        """What the hub receives, unless a type has states.  Sets `more`."""
        with self._lock:
            frame = self._hub.recv()
            self.more = self._hub.more
            return frame

    def ready(self) -> int:
        """See `pymq.backend.abc.Hub.ready`; as `recv`."""
        return self._hub.ready()

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """See `pymq.backend.abc.Hub.recv_from`."""
        with self._lock:
            frame = self.recv()
            if isinstance(frame, int):
                return frame
            return frame, self._hub.peer, self.more

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """See `pymq.backend.abc.Hub.quick_send`."""
        return self.send

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """See `pymq.backend.abc.Hub.quick_recv`."""
        return self.recv

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """There is none."""
        return no_way

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """There is none."""
        return no_way

    def send_many(self, messages: Sequence[bytes]) -> int:
        """Send one."""
        check_bytes(messages[:1])
        return self.send(messages[0]) or 1

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """See `pymq.backend.abc.Hub.send_message`."""
        with self._lock:
            return send_message(self, frames, more, owners)

    def recv_message(self) -> Union[list[bytes], int]:
        """See `pymq.backend.abc.Hub.recv_message`."""
        with self._lock:
            return recv_message(self)

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """See `pymq.backend.abc.Hub.recv_message_from`."""
        with self._lock:
            frames = recv_message(self)
            return frames if isinstance(frames, int) else ([*frames], self._hub.peer)

    def recv_many(self, most: int) -> list[bytes]:
        """Nothing."""
        return []


class Pattern(NamedTuple):
    """A socket type."""

    name: str  # on the wire, RFC 37's Socket-Type
    routing: Routing
    wrap: Callable[[Hub, Mapping[int, Any]], End] = plain  # options: as they are now
    conflates: bool = False  # CONFLATE has a meaning
    once: bool = False  # a second connect to the same endpoint does nothing
    linger: int = -1  # milliseconds; subscriptions need not outlive their socket
    raw: bool = False  # its connections speak no ZMTP


_FILES = {
    SocketType.PAIR: "pair",
    SocketType.PUB: "pub",
    SocketType.SUB: "sub",
    SocketType.REQ: "req",
    SocketType.REP: "rep",
    SocketType.DEALER: "dealer",
    SocketType.ROUTER: "router",
    SocketType.PULL: "pull",
    SocketType.PUSH: "push",
    SocketType.XPUB: "xpub",
    SocketType.XSUB: "xsub",
    SocketType.STREAM: "stream",
}


def get(socket_type: int) -> Pattern:
    """The pattern of a socket type.  TypeError, or ZMQError(EINVAL) if there is
    none."""
    if not isinstance(socket_type, int):
        raise TypeError(f"a socket type is an int, not {socket_type!r}")
    return _load(socket_type)


@lru_cache(maxsize=32)  # to import it again costs as much as to make a socket
def _load(socket_type: int) -> Pattern:
    try:
        file = _FILES[SocketType(socket_type)]
    except ValueError:
        raise ZMQError(EINVAL, f"no socket type {socket_type!r}") from None
    except KeyError:
        raise ZMQError(
            EINVAL, f"socket type {SocketType(socket_type).name} is not built"
        ) from None
    return cast(Pattern, load(f".{file}", __name__).PATTERN)
