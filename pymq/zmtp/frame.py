"""Frames of ZMTP 2.0 and 3.x (RFC 37): an octet of flags, a length, a body.

The length has one octet, or with the flag LONG eight in network order.  Here a frame is
``(flags, body)`` with the flags MORE and COMMAND only: which form the length had is of
no interest elsewhere.
"""

from __future__ import annotations

from struct import Struct
from typing import Union

from ..constants import Event
from .error import FrameTooLarge, ProtocolError

MORE = 1
LONG = 2
COMMAND = 4
RESERVED = 0xF8

SHORT_HEADER = 2
LONG_HEADER = 9
MAX_SIZE = 2**63 - 1  # RFC 37: bit 63 of the length is zero

_long = Struct(">BQ")
_pack_long = _long.pack
_unpack_long = _long.unpack_from
_MALFORMED = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED

# Headers of short frames, by flags and size: to make one is half the cost of a send.
_SHORT = [[bytes((flags, size)) for size in range(256)] for flags in (0, MORE)]

Frame = tuple[int, bytes]


def header(size: int, flags: int = 0) -> bytes:
    """Return the octets before a body of `size` octets; `flags` are MORE and
    COMMAND."""
    if size > 255:
        return _pack_long(flags | LONG, size)
    return _SHORT[flags][size] if flags < LONG else bytes((flags, size))


def encode(body: bytes, flags: int = 0) -> bytes:
    """Return a whole frame; `flags` are MORE and COMMAND."""
    return header(len(body), flags) + body


def parse_header(
    data: Union[bytes, bytearray],
    at: int = 0,
    max_size: int = -1,
    strict: bool = True,
) -> Union[tuple[int, int, int], None]:
    """Read the frame header at `at`.

    Returns ``(flags, start, stop)``: the body is ``data[start:stop]``, once that much
    has arrived.  Returns None while the header is incomplete.  `max_size` is in octets,
    -1 means no limit.  `strict` refuses reserved flags; otherwise they are ignored, as
    in libzmq.

    ProtocolError for reserved flags or a length of 2**63 or more, FrameTooLarge for a
    body of more than `max_size`.
    """
    left = len(data) - at
    if left < SHORT_HEADER:
        return None
    flags = data[at]
    if flags & RESERVED and strict:
        raise ProtocolError(f"frame with reserved flag bits {flags:#04x}", _MALFORMED)
    if not flags & LONG:
        start, size = at + SHORT_HEADER, data[at + 1]
    elif left < LONG_HEADER:
        return None
    else:
        start, size = at + LONG_HEADER, _unpack_long(data, at)[1]
    if size > MAX_SIZE:
        raise ProtocolError(f"frame length {size:#x} has bit 63 set", _MALFORMED)
    if -1 < max_size < size:
        raise FrameTooLarge(f"frame of {size} bytes, limit is {max_size}", _MALFORMED)
    return flags & (MORE | COMMAND), start, start + size


class Decoder:
    """Cuts a stream into frames, in whatever pieces it arrives.

    `max_size` and `strict` are as of `parse_header`.  It never raises: `feed` returns
    the frames before a fault, then `error` is the exception, and everything behind it
    is ignored.

    It needs memory only for what has arrived, not for what a header announces.
    """

    long_header = LONG_HEADER

    def __init__(self, max_size: int = -1, strict: bool = True) -> None:
        self.error: Union[ProtocolError, None] = None
        self._max_size = max_size
        self._strict = strict
        # Flags below this mean a short message frame, which needs no checks.
        self._plain = LONG if max_size < 0 or max_size > 254 else 0
        self._tail = bytearray()  # the beginning of an unfinished frame
        self._need = 0  # length of the tail from which on it can be decoded

    @property
    def missing(self) -> int:
        """How many octets the unfinished frame, or its unfinished header, still lacks.

        0 between frames.
        """
        return self._need - len(self._tail) if self._tail else 0

    def feed(self, data: bytes) -> list[Frame]:
        """Take in what arrived, and return every frame that it completes."""
        frames: list[Frame] = []
        if self.error is not None:
            return frames
        try:
            at = self._finish(data, frames) if self._tail else 0
            if at < len(data):
                self._scan(data, at, frames)
        except ProtocolError as error:
            self.error = error
            self._tail.clear()
        return frames

    def _parse(
        self, data: Union[bytes, bytearray], at: int
    ) -> Union[tuple[int, int, int], None]:
        return parse_header(data, at, self._max_size, self._strict)

    def _check_first(self, octet: int) -> None:
        """Check a frame of which only the flags are there: they may be a fault."""
        if octet & RESERVED:
            self._parse(bytes((octet, 0)), 0)

    def _finish(self, data: bytes, frames: list[Frame]) -> int:
        """Complete the frame in the tail.  Returns how many octets of `data` that
        took."""
        tail = self._tail
        at = 0
        while True:
            missing = self._need - len(tail)
            tail += data[at : at + missing]
            at += missing
            if at > len(data):
                return at
            found = self._parse(tail, 0)
            if found is None:
                self._need = self.long_header
                continue
            flags, start, stop = found
            if stop > len(tail):
                self._need = stop
                continue
            with memoryview(tail) as view:
                frames.append((flags, bytes(view[start:])))
            self._tail = bytearray()
            return at

    def _scan(self, data: bytes, at: int, frames: list[Frame]) -> None:
        """Return every whole frame from `at` on.  What is left becomes the tail."""
        append = frames.append
        plain = self._plain
        end = len(data)
        need = at + SHORT_HEADER
        while need <= end:
            flags = data[at]
            if flags < plain:
                start = at + 2
                stop = start + data[at + 1]
            else:
                found = self._parse(data, at)
                if found is None:
                    need = at + self.long_header
                    break
                flags, start, stop = found
            if stop > end:
                need = stop
                break
            append((flags, data[start:stop]))
            at = stop
            need = at + SHORT_HEADER
        self._tail += data[at:]
        self._need = need - at
        if len(self._tail) == 1:
            self._check_first(self._tail[0])
