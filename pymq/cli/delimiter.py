"""How messages are told apart in a file or a pipe: ``--delimiter``.

line    a message is a line; written, every frame is followed by a newline
nul     the same with a zero byte
none    all input is one message; written, nothing is put between frames
frames  multipart messages as ZMTP 3.1 frames (RFC 37), byte for byte: a flags octet
        (1: more frames follow, 2: long), the length in 1 octet (long: in 8, network
        order), the body

Only `frames` keeps any message as it was; the others write frames one after another.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from pymq.zmtp import frame

Message = list[bytes]


class Delimiter(str, Enum):
    """The ways to tell messages apart."""

    LINE = "line"
    NUL = "nul"
    NONE = "none"
    FRAMES = "frames"


class Splitter(Protocol):
    """Cuts input into messages, whatever pieces it arrives in."""

    def feed(self, data: bytes) -> list[Message]:
        """Take what arrived; every message that it completes."""

    def finish(self) -> list[Message]:
        """The input has ended; what is left.  ValueError if that is broken."""


class _Separated:
    """Messages between separators; the last one may lack its separator."""

    def __init__(self, separator: bytes) -> None:
        self._separator = separator
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[Message]:
        head, found, tail = data.partition(self._separator)
        self._parts.append(head)
        if not found:
            return []
        first = b"".join(self._parts)
        *whole, rest = tail.split(self._separator)
        self._parts = [rest]
        return [[first], *([one] for one in whole)]

    def finish(self) -> list[Message]:
        rest = b"".join(self._parts)
        return [[rest]] if rest else []


class _Whole:
    """All input is one message, even if there is nothing in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[Message]:
        self._parts.append(data)
        return []

    def finish(self) -> list[Message]:
        return [[b"".join(self._parts)]]


class _Frames:
    """ZMTP frames."""

    def __init__(self) -> None:
        self._decoder = frame.Decoder()
        self._message: Message = []

    def feed(self, data: bytes) -> list[Message]:
        messages = []
        for flags, body in self._decoder.feed(data):
            if flags & frame.COMMAND:
                raise ValueError("the input has a ZMTP command, not a message")
            self._message.append(body)
            if not flags & frame.MORE:
                messages.append(self._message)
                self._message = []
        if self._decoder.error is not None:
            raise ValueError(f"the input is not ZMTP frames: {self._decoder.error}")
        return messages

    def finish(self) -> list[Message]:
        if self._message or self._decoder.missing:
            raise ValueError("the input ends within a message")
        return []


_SEPARATORS = {Delimiter.LINE: b"\n", Delimiter.NUL: b"\0", Delimiter.NONE: b""}


def splitter(delimiter: Delimiter) -> Splitter:
    """A new splitter for input."""
    if delimiter is Delimiter.FRAMES:
        return _Frames()
    if delimiter is Delimiter.NONE:
        return _Whole()
    return _Separated(_SEPARATORS[delimiter])


def join(delimiter: Delimiter, message: Message) -> bytes:
    """A message as it is written."""
    if delimiter is not Delimiter.FRAMES:
        separator = _SEPARATORS[delimiter]
        return b"".join([part + separator for part in message])
    last = len(message) - 1
    return b"".join(
        [
            frame.encode(body, frame.MORE if index < last else 0)
            for index, body in enumerate(message)
        ]
    )
