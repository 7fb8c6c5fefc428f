"""What a socket sends to and receives from."""

from __future__ import annotations

from collections import deque
from typing import Callable, Protocol, Sequence, Union

from ..backend.abc import Buffer


class End(Protocol):
    """A hub, or what stands around one: a `Wrapper`, or `pymq.level.Level`."""

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
