"""Sealed frames of an established connection: MESSAGE of CurveZMQ (RFC 26).

Each frame is sealed in a MESSAGE of its own, in a frame without flags: a nonce of 8
octets, which only grows (2**64 of them are never used up), a tag of 16, and then the
sealed flags and body.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..constants import Event
from . import sodium
from .error import ProtocolError
from .frame import COMMAND, MORE, header

KEY = 32  # octets
NONCE = 8
OVERHEAD = 33  # octets in front of a body
_HEAD = b"\7MESSAGE"
_SEALED_COMMAND = 2  # RFC 26 has no commands, but libzmq does
_PREFIXES = (b"CurveZMQMESSAGEC", b"CurveZMQMESSAGES")


class Protection(Protocol):
    """Seals the frames of a connection, and opens the peer's."""

    def seal(self, flags: int, body: bytes) -> bytes:
        """Return a frame as it is sent; `flags` are MORE and COMMAND."""

    def open(self, body: bytes) -> tuple[int, bytes]:
        """Return the flags and the body that were sealed.

        ProtocolError if it is not from the peer, or is not the next one.
        """


class Keys(NamedTuple):
    """What two peers have agreed on."""

    key: bytes  # precomputed
    as_server: bool
    sent: int  # the last nonces that were used
    received: int

    def __repr__(self) -> str:
        return f"<Keys, {'server' if self.as_server else 'client'}>"


class Sealer:
    """Both directions of one connection."""

    __slots__ = ("_key", "_received", "_receives", "_sends", "_sent")

    def __init__(self, keys: Keys) -> None:
        self._key = keys.key
        self._sends = _PREFIXES[keys.as_server]
        self._receives = _PREFIXES[not keys.as_server]
        self._sent = keys.sent
        self._received = keys.received

    def seal(self, flags: int, body: bytes) -> bytes:
        """See `Protection`."""
        self._sent += 1
        nonce = self._sent.to_bytes(NONCE, "big")
        inner = flags & MORE | (_SEALED_COMMAND if flags & COMMAND else 0)
        box = sodium.seal(bytes((inner,)) + body, self._sends + nonce, self._key)
        return header(len(body) + OVERHEAD) + _HEAD + nonce + box

    def open(self, body: bytes) -> tuple[int, bytes]:
        """See `Protection`."""
        if len(body) < OVERHEAD or not body.startswith(_HEAD):
            raise ProtocolError(
                "a frame that is not sealed",
                Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE,
            )
        start = len(_HEAD) + NONCE
        nonce = body[len(_HEAD) : start]
        number = int.from_bytes(nonce, "big")
        if number <= self._received:
            code = Event.PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE
            raise ProtocolError("a nonce that was used before", code)
        plain = sodium.open(body[start:], self._receives + nonce, self._key)
        self._received = number
        inner = plain[0]
        if inner & ~(MORE | _SEALED_COMMAND):
            raise ProtocolError(f"sealed flags {inner:#04x}")
        return inner & MORE | (COMMAND if inner & _SEALED_COMMAND else 0), plain[1:]
