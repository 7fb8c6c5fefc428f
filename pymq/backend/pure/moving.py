"""Whole messages from one hub to another; see `pymq.backend.abc.Hub.move`."""

from __future__ import annotations

from errno import EAGAIN, EALREADY, ENOBUFS
from typing import TYPE_CHECKING

from ..abc import Moved, Receive

if TYPE_CHECKING:
    from .hub import Hub

#: What is received as it is in the pipes, but for a name.
GIVEN = (Receive.FAIR, Receive.NAMED, Receive.FILTERED)


def refusal(source: Hub, to: Hub) -> int:
    """Why nothing can be moved at all, or 0.  With the lock.

    A sender that only tells by refusing whether there is room is not asked for any.
    """
    stopped = source._stopped or to._stopped
    if stopped:
        return -stopped
    begun = source.receiver.begun() or to.inside
    picky = to.sender.mandatory or to.sender.no_drop
    turns = source.routing.turns or to.routing.turns
    if begun or picky or turns or source.routing.receive not in GIVEN:
        return -EALREADY
    return 0


def move(source: Hub, to: Hub, most: int) -> Moved:
    """Move at most `most` messages.  With the lock of both."""
    source.receiver.put_back()
    if to.takes_topics:
        to.receiver.ready()
    take, has_room, send = source.receiver.take, to.sender.ready, to.sender.send
    messages = parts = octets = result = 0
    while messages < most:
        frames = take() if has_room() else None
        if not frames:
            result = -ENOBUFS if frames is None else -EAGAIN
            break
        for frame in frames[:-1]:
            send(frame, True)
            octets += len(frame)
        send(frames[-1], False)
        octets += len(frames[-1])
        messages += 1
        parts += len(frames)
    return Moved(messages, parts, octets, result)
