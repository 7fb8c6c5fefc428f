"""Whole messages, frame by frame, with a lock: for ends with no faster way."""

from __future__ import annotations

from typing import Protocol, Sequence, Union

from .abc import Buffer


class Frames(Protocol):
    """What sends and receives frames; see `pymq.backend.abc.Hub`."""

    more: bool

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int: ...

    def recv(self) -> Union[bytes, int]: ...


def send_message(
    end: Frames,
    frames: Sequence[Buffer],
    more: bool = False,
    owners: Union[Sequence[object], None] = None,
) -> int:
    """See `pymq.backend.abc.Hub.send_message`."""
    last = len(frames) - 1
    for index, frame in enumerate(frames):
        owner = None if owners is None else owners[index]
        result = end.send(frame, more or index < last, owner)
        if result < 0:
            return result
    return 0


def recv_message(end: Frames) -> Union[list[bytes], int]:
    """See `pymq.backend.abc.Hub.recv_message`."""
    frame = end.recv()
    if isinstance(frame, int):
        return frame
    frames = [frame]
    while end.more:
        frame = end.recv()
        if isinstance(frame, int):
            break  # stopped meanwhile
        frames.append(frame)
    return frames


def no_way(*_: object) -> None:
    """Takes the place of a faster way, where there is none."""
