"""What is different in ZMTP 1.0 (RFC 13) and 2.0 (RFC 15).

====================== ======================= =====================
what                   1.0                     2.0
====================== ======================= =====================
greeting               none, or 12 octets      12 octets
frames                 length, flags, body     as in 3.x (`frame`)
socket type            not told, or octet 11   octet 11
routing id             the first frame         the first frame
commands               none                    none
====================== ======================= =====================

The length of a frame of 1.0 counts the flags too: one octet up to 254, or ff and eight
octets.  A peer without a greeting takes the first ten octets of ours for the header of
a long frame with our routing id, of which it then expects the body.
"""

from __future__ import annotations

from typing import Union

from . import frame
from .error import FrameTooLarge, ProtocolError

GREETING = 12  # octets
SHORT_HEADER = 2
LONG_HEADER = 10
LONG = 0xFF  # in place of the length
MAX_IDENTITY = 255

#: What a subscriber of 1.0 without a greeting never sends, since the publishers of its
#: time sent everything: the message that subscribes to all.
SUBSCRIBE_ALL = b"\2\0\1"


def header(size: int, flags: int = 0) -> bytes:
    """Return the octets before a body of `size` octets in ZMTP 1.0; `flags` are
    MORE."""
    if size < LONG - 1:
        return bytes((size + 1, flags))
    return bytes((LONG,)) + (size + 1).to_bytes(8, "big") + bytes((flags,))


def parse_header(
    data: Union[bytes, bytearray], at: int = 0, max_size: int = -1
) -> Union[tuple[int, int, int], None]:
    """See `frame.parse_header`; for a frame of 1.0.

    ProtocolError for a length of 0 (it counts the flags), for one of more than 2**63,
    and for flags other than MORE.  Streams that are not ZMTP at all are found out by
    these.
    """
    left = len(data) - at
    if left < SHORT_HEADER:
        return None
    start, length = at + SHORT_HEADER, data[at]
    if length == LONG:
        if left < LONG_HEADER:
            return None
        start = at + LONG_HEADER
        length = int.from_bytes(data[at + 1 : at + 9], "big")
    size, flags = length - 1, data[start - 1]
    if not 0 <= size <= frame.MAX_SIZE or flags & ~frame.MORE:
        reason = f"no frame of ZMTP 1.0: length {length}, flags {flags:#x}"
        raise ProtocolError(reason, fatal=False)
    if -1 < max_size < size:
        reason = f"frame of {size} bytes, limit is {max_size}"
        raise FrameTooLarge(reason, fatal=False)
    return flags, start, start + size


class Decoder(frame.Decoder):
    """Cuts a stream of ZMTP 1.0 into frames."""

    long_header = LONG_HEADER

    def __init__(self, max_size: int = -1) -> None:
        super().__init__(max_size)
        self._plain = 0  # there is no fast path

    def _check_first(self, octet: int) -> None:
        """Nothing to check: the first octet is a length."""

    def _parse(
        self, data: Union[bytes, bytearray], at: int
    ) -> Union[tuple[int, int, int], None]:
        return parse_header(data, at, self._max_size)


class Decoder2(frame.Decoder):
    """Cuts a stream of ZMTP 2.0 into frames; it has no commands."""

    def _parse(
        self, data: Union[bytes, bytearray], at: int
    ) -> Union[tuple[int, int, int], None]:
        found = frame.parse_header(data, at)
        if found is not None and found[0] & frame.COMMAND:
            raise ProtocolError("a command, in ZMTP 2.0")
        return found and frame.parse_header(data, at, self._max_size)


def encode_identity(major: int, identity: bytes) -> bytes:
    """Return our routing id as the first frame of a version."""
    head = header if major == 1 else frame.header
    return head(len(identity)) + identity


def parse_identity(
    major: int, data: Union[bytes, bytearray]
) -> Union[tuple[bytes, int], None]:
    """Return a peer's routing id from its first frame, and where that frame ends.

    None while it is incomplete.  ProtocolError if it is longer than 255 octets, or if
    other frames of the same message follow.
    """
    parse = parse_header if major == 1 else frame.parse_header
    found = parse(data, 0, MAX_IDENTITY)
    if found is None:
        return None
    flags, start, stop = found
    if flags:
        raise ProtocolError("routing id with flags", fatal=False)
    return None if stop > len(data) else (bytes(data[start:stop]), stop)
