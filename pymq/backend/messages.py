"""Whole messages, frame by frame: for ends and backends with nothing quicker."""

from __future__ import annotations

from typing import Protocol, Union


class Frames(Protocol):
    """What sends and receives frames; see `pymq.backend.abc.Hub`."""

    more: bool
    error: int

    def send(self, data: bytes, more: bool = False) -> int: ...

    def recv(self) -> Union[bytes, None]: ...


def send_message(end: Frames, frames: list[bytes]) -> int:
    """See `pymq.backend.abc.Hub.send_message`."""
    for frame in frames[:-1]:
        result = end.send(frame, True)
        if result < 0:
            return result
    return end.send(frames[-1])


def recv_message(end: Frames) -> Union[list[bytes], int]:
    """See `pymq.backend.abc.Hub.recv_message`."""
    frame = end.recv()
    if frame is None:
        return -end.error
    frames = [frame]
    while end.more:
        frame = end.recv()
        if frame is None:
            break  # stopped meanwhile
        frames.append(frame)
    return frames
