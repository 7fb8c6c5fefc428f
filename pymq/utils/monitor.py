"""Events of a socket monitor as dictionaries (pyzmq's API)."""

from __future__ import annotations

import sys
from inspect import isawaitable
from typing import Any, Awaitable, Sequence, TypedDict, Union

from ..constants import Event


class MonitorMessage(TypedDict):
    """One event of a monitor."""

    event: Event
    value: Event  # a number: a descriptor, an errno, milliseconds, an Event
    endpoint: bytes


def parse_monitor_message(msg: Sequence[bytes]) -> MonitorMessage:
    """Decode the two frames of an event.  RuntimeError if they are something else."""
    if len(msg) != 2 or len(msg[0]) != 6:
        raise RuntimeError(f"Invalid event message format: {msg}")
    head, endpoint = msg
    return {
        "event": Event(int.from_bytes(head[:2], sys.byteorder)),
        "value": Event(int.from_bytes(head[2:], sys.byteorder, signed=True)),
        "endpoint": endpoint,
    }


async def _parse_later(msg: Awaitable[Sequence[bytes]]) -> MonitorMessage:
    return parse_monitor_message(await msg)


def recv_monitor_message(
    socket: Any, flags: int = 0
) -> Union[MonitorMessage, Awaitable[MonitorMessage]]:
    """Receive and decode one event from the socket of `Socket.get_monitor_socket`.

    `flags` are those of `Socket.recv`.  Returns a `MonitorMessage`; for an asyncio
    socket, something to await that gives one.
    """
    msg = socket.recv_multipart(flags)
    return _parse_later(msg) if isawaitable(msg) else parse_monitor_message(msg)


__all__ = ["parse_monitor_message", "recv_monitor_message"]
