"""Frames of ZMTP 2.0 and 3.x (RFC 37): a flags octet, a length, a body.

The length is one octet, or eight in network order when LONG is set.  A frame is
handled here as ``(flags, body)``, where flags are MORE and COMMAND only: which of
the two length forms was on the wire is of no interest above.
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

# Headers of short message frames, by flags and size: half of what sending one costs.
_SHORT = [[bytes((flags, size)) for size in range(256)] for flags in (0, MORE)]

Frame = tuple[int, bytes]


def header(size: int, flags: int = 0) -> bytes:
    """The octets in front of a body of `size` octets; `flags` of MORE, COMMAND."""
    if size > 255:
        return _pack_long(flags | LONG, size)
    return _SHORT[flags][size] if flags < LONG else bytes((flags, size))


def encode(body: bytes, flags: int = 0) -> bytes:
    """A whole frame; `flags` of MORE, COMMAND."""
    return header(len(body), flags) + body


def parse_header(
    data: Union[bytes, bytearray],
    at: int = 0,
    max_size: int = -1,
    strict: bool = True,
) -> Union[tuple[int, int, int], None]:
    """Read the frame header at `at`.

    Returns ``(flags, start, stop)``, the body being ``data[start:stop]`` once that
    much has arrived; or None while the header itself is incomplete.  `max_size` is
    in octets, -1 = unlimited.  `strict` refuses reserved flag bits, else they are
    dropped (as libzmq does).

    Raises ProtocolError for reserved bits or a length of 2**63 and more, and
    FrameTooLarge for a body above `max_size`.
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
    """Cuts a stream into frames, whatever pieces it arrives in.

    `max_size` and `strict` as in `parse_header`.  Never raises for what arrives:
    `feed` still gives the frames in front of a fault, then `error` says what it was
    and everything after it is ignored.

    Holds only what has arrived, never what a header announces.
    """

    long_header = LONG_HEADER

    def __init__(self, max_size: int = -1, strict: bool = True) -> None:
        self.error: Union[ProtocolError, None] = None
        self._max_size = max_size
        self._strict = strict
        # Flags below this are of a short message frame that needs no checks.
        self._plain = LONG if max_size < 0 or max_size > 254 else 0
        self._tail = bytearray()  # the beginning of an unfinished frame
        self._need = 0  # how long the tail must be before anything can be decided

    @property
    def missing(self) -> int:
        """How many octets the unfinished frame lacks (or its header, when that is
        unfinished); 0 between frames."""
        return self._need - len(self._tail) if self._tail else 0

    def feed(self, data: bytes) -> list[Frame]:
        """Take what arrived and return every frame that it completes."""
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
        """Of a frame that has only begun: flags may be enough for a fault."""
        if octet & RESERVED:
            self._parse(bytes((octet, 0)), 0)

    def _finish(self, data: bytes, frames: list[Frame]) -> int:
        """Complete the frame in the tail; returns how much of `data` that took."""
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
        """Every whole frame from `at` on; what is left over becomes the tail."""
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
