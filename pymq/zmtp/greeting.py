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

They go out in two parts.  A ZMTP 2.0 peer reads octet 10 and then expects other
things, so nothing beyond it is sent before the peer's own octet 10 was seen.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import NamedTuple, Union

from .error import ProtocolError

SIZE = 64
HEAD = 11  # octets that may be sent before anything was received
MAJOR = 3
MINOR = 1

_layout = Struct(">BQBBB20sB31x")
_OLD = {0: "1.0", 1: "2.0"}  # by octet 10


class Greeting(NamedTuple):
    """What a peer's greeting says."""

    major: int
    minor: int
    mechanism: bytes  # without padding
    as_server: bool

    @property
    def spoken(self) -> int:
        """The minor version, 0 or 1, of the ZMTP 3 that both sides can speak.

        A major version of 2 or above 3 is taken as "3.1 or better", as libzmq does.
        """
        return min(self.minor, MINOR) if self.major == MAJOR else MINOR


def encode(mechanism: bytes, identity_size: int = 0, as_server: bool = False) -> bytes:
    """The 64 octets to send; `mechanism` of at most 20, `identity_size` up to 255."""
    if len(mechanism) > 20:
        raise ValueError("a mechanism name has at most 20 octets")
    return _layout.pack(
        0xFF, identity_size + 1, 0x7F, MAJOR, MINOR, mechanism, as_server
    )


def check(data: Union[bytes, bytearray]) -> bool:
    """Whether `data`, the beginning of the stream, is known to be of ZMTP 3.x.

    False while too little has arrived to tell.  Raises ProtocolError as soon as it
    shows that the peer is older, or no ZMTP at all.  That is not fatal: the next
    attempt may reach something newer.
    """
    if data and data[0] != 0xFF:
        raise _refuse(f"peer speaks ZMTP 1.0, or none (it began {bytes(data[:16])!r})")
    if len(data) > 9 and not data[9] & 1:
        raise _refuse("peer speaks ZMTP 1.0")
    if len(data) < HEAD:
        return False
    if data[10] in _OLD:
        raise _refuse(f"peer speaks ZMTP {_OLD[data[10]]}")
    return True


def parse(data: Union[bytes, bytearray]) -> Union[Greeting, None]:
    """What the greeting at the beginning of `data` says; None while incomplete.

    Raises ProtocolError as `check` does.
    """
    if len(data) < SIZE:
        check(data)
        return None
    return _parse(bytes(data[:SIZE]))


@lru_cache(maxsize=16)  # peers of one kind all say the same
def _parse(octets: bytes) -> Greeting:
    check(octets)
    _, _, _, major, minor, mechanism, as_server = _layout.unpack(octets)
    return Greeting(major, minor, mechanism.rstrip(b"\0"), bool(as_server))


def _refuse(reason: str) -> ProtocolError:
    return ProtocolError(f"{reason}; ZMTP 3.0 or later is needed", fatal=False)
