"""What a socket type has around its hub that its policies do not do for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from threading import RLock
from typing import Callable, Sequence, Union

from ..backend.abc import Buffer, Hub, check_bytes
from ..backend.messages import no_way, recv_message, send_message


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
