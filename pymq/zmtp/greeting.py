"""The 64 octets with which each side of ZMTP 3.x begins (RFC 37).

====== ==== ==========================================================
offset size content
====== ==== ==========================================================
0      1    ff
1      8    padding, ignored; written as identity size + 1, which makes
            octets 0-9 a frame header to a ZMTP 1.0 peer
9      1    7f, of which only bit 0 is looked at
10     1    major version, 3
11     1    minor version
12     20   mechanism, padded with zeros
32     1    as-server, of interest to PLAIN, CURVE and GSSAPI only
33     31   filler, ignored
====== ==== ==========================================================

They go out in three parts, for older peers (`older`) expect other things.  A peer of
ZMTP 1.0 takes octets 0-9 for a frame's header, so nothing beyond them is sent before
the peer's own octets 0-9 have shown that it has a greeting at all; and a peer of 2.0
reads octet 10 and then wants a socket type, so octet 10 goes out alone.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import NamedTuple, Union

SIZE = 64
SIGNATURE = 10  # octets that may be sent before anything was received
HEAD = 11  # the same, with the major version
MAJOR = 3
MINOR = 1

_layout = Struct(">BQBBB20sB31x")


class Greeting(NamedTuple):
    """What a peer's greeting says."""

    major: int
    minor: int
    mechanism: bytes  # without padding
    as_server: bool

    @property
    def spoken(self) -> int:
        """The minor version of ZMTP 3 that both sides can speak, 0 or 1.

        A major version of 2 or above 3 is taken as "3.1 or better", as in libzmq.
        """
        return min(self.minor, MINOR) if self.major == MAJOR else MINOR


def encode(mechanism: bytes, identity_size: int = 0, as_server: bool = False) -> bytes:
    """Return the 64 octets to send.

    `mechanism` has at most 20 octets; `identity_size` is 0 to 255.
    """
    if len(mechanism) > 20:
        raise ValueError("a mechanism name has at most 20 octets")
    return _layout.pack(
        0xFF, identity_size + 1, 0x7F, MAJOR, MINOR, mechanism, as_server
    )


def signed(data: Union[bytes, bytearray]) -> Union[bool, None]:
    """Whether the stream that begins with `data` has the signature of a greeting.

    None while too little has arrived to tell.
    """
    if data and data[0] != 0xFF:
        return False
    return None if len(data) < SIGNATURE else bool(data[9] & 1)


def older(data: Union[bytes, bytearray]) -> Union[int, None]:
    """Return the major version if the octets behind the signature are not of ZMTP 3.x.

    The signature has to be there.  Returns 0 for 3.x, None while too little has arrived
    to tell.  A revision of 0 is ZMTP 1.0, where that has a greeting.
    """
    if len(data) < HEAD:
        return None
    return data[10] + 1 if data[10] < 2 else 0


def parse(data: Union[bytes, bytearray]) -> Union[Greeting, None]:
    """Return what the greeting of ZMTP 3.x at the beginning of `data` says.

    None while it is incomplete.  Only for data that is `signed` and not `older`.
    """
    return None if len(data) < SIZE else _parse(bytes(data[:SIZE]))


@lru_cache(maxsize=16)  # peers of one kind send the same
def _parse(octets: bytes) -> Greeting:
    _, _, _, major, minor, mechanism, as_server = _layout.unpack(octets)
    return Greeting(major, minor, mechanism.rstrip(b"\0"), bool(as_server))
