"""Whole messages from one hub to another; see `pymq.backend.abc.Hub.move`."""

from __future__ import annotations

from errno import EAGAIN, EALREADY, ENOBUFS
from functools import partial
from typing import TYPE_CHECKING

from ..abc import Moved, Receive

if TYPE_CHECKING:
    from .hub import Hub
    from .pipe import Pipe

#: What is received as it is in the pipes, but for a name.
GIVEN = (Receive.FAIR, Receive.NAMED, Receive.FILTERED)


def refusal(source: Hub, to: Hub) -> int:
    """Why nothing can be moved at all, or 0.  With the lock."""
    stopped = source._stopped or to._stopped
    if stopped:
        return -stopped
    begun = source.receiver.begun() or to.inside
    turns = source.routing.turns or to.routing.turns
    if source is to or begun or turns or source.routing.receive not in GIVEN:
        return -EALREADY
    return 0


def move(source: Hub, to: Hub, most: int) -> Moved:
    """Move at most `most` messages.  With the lock of both.

    A message leaves its pipe when its first frame was not refused: then the rest fits.
    """
    source.receiver.put_back()
    if to.takes_topics:
        to.receiver.take_in()
    look, take, send = source.receiver.look, source.receiver.take, to.sender.send
    ends = _joined(source, to)
    if ends:
        look = partial(source.receiver.look_until, ends)
    messages = parts = octets = result = 0
    while messages < most and not result:
        first = look()
        result = -EAGAIN if first is None else send(*first)
        if result == -EAGAIN:
            result = -EAGAIN if first is None else -ENOBUFS
            break
        frames = take()
        if not result:
            if len(frames) > 1:
                _send_rest(to, frames)
            messages += 1
            parts += len(frames)
            octets += sum(map(len, frames))
    source.receiver.look_at_all()
    return Moved(messages, parts, octets, result)


def _joined(source: Hub, to: Hub) -> dict[Pipe, int]:
    """Pipes that bring what is sent here, which is not there to be moved yet; and how
    many messages they have brought."""
    pipes = source.pipes.values()
    return {pipe: pipe.input.written for pipe in pipes if pipe.far() is to}


def _send_rest(to: Hub, frames: list[bytes]) -> None:
    last = len(frames) - 1
    for index in range(1, len(frames)):
        to.sender.send(frames[index], index < last)
