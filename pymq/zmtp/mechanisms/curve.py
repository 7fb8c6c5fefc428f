"""CURVE (RFC 25, RFC 26): each side proves its key, and nobody else can listen.

Names are those of the RFCs: C and S are the long-term keys of client and server, C' and
S' the keys of this connection; secret keys have small letters.  An ERROR is not
encrypted, like everything that can come in place of a handshake.  So it is believed
only so far that we give up.

`random` makes the keys of a connection, and nonces.  Python cannot overwrite secrets in
memory; each side drops its references when it is done.
"""

from __future__ import annotations

import hmac
from typing import Callable, Union

from ...constants import Event
from .. import command, sodium
from ..command import Command
from ..error import ProtocolError
from ..sealing import KEY, NONCE, Keys
from . import Step, unexpected

Random = Callable[[int], bytes]

COOKIE_LIFE = 60.0  # seconds that INITIATE may take; RFC 26 asks for no more

_VERSION = b"\1\0"
_PADDING = bytes(72)
_ZEROS = bytes(64)
_SALT = 16  # octets of a random nonce
_COOKIE = 96
_VOUCH = 96
# Octets of commands, without their names.
_HELLO_SIZE = 194
_WELCOME_SIZE = 160
_INITIATE_SIZE = 248
_READY_SIZE = 24

_CRYPTOGRAPHIC = Event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE, "big")


class _Side:
    """What the two roles share."""

    name = b"CURVE"
    needs_handler = False

    def __init__(self, random: Random) -> None:
        self._random = random
        self._short = random(KEY)  # c' or s'
        self._short_public = sodium.public(self._short)
        self._key = b""  # shared, of this connection
        self._metadata = b""
        self._secret = b""
        self.sealing: Union[Keys, None] = None

    def _done(self, keys: Keys) -> None:
        """Drop everything but `keys`."""
        self.sealing = keys
        self._short = self._key = self._secret = b""

    def _box(
        self, plain: bytes, prefix: bytes, tail: bytes, public: bytes, secret: bytes
    ) -> bytes:
        return sodium.seal(plain, prefix + tail, sodium.shared(public, secret))


class Client(_Side):
    """The client, which knows the server's key."""

    as_server = False
    eager = False

    def __init__(
        self,
        public: bytes,
        secret: bytes,
        server: bytes,
        random: Random = sodium.random,
    ) -> None:
        super().__init__(random)
        self._public, self._secret, self._server = public, secret, server

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        self._metadata = metadata
        one = _nonce(1)
        box = self._box(_ZEROS, b"CurveZMQHELLO---", one, self._server, self._short)
        hello = _VERSION + _PADDING + self._short_public + one + box
        return Step((command.encode(command.HELLO, hello),))

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        if command_.name == command.ERROR:
            raise command.refusal(command_.data)
        expected = command.READY if self._key else command.WELCOME
        if command_.name != expected:
            raise unexpected(command_, expected.decode())
        take = self._ready if self._key else self._welcome
        return take(command_.data)

    def _welcome(self, data: bytes) -> Step:
        if len(data) != _WELCOME_SIZE:
            raise ProtocolError("WELCOME of another size", _CRYPTOGRAPHIC)
        key = sodium.shared(self._server, self._short)
        plain = sodium.open(data[_SALT:], b"WELCOME-" + data[:_SALT], key)
        server, cookie = plain[:KEY], plain[KEY:]
        self._key = sodium.shared(server, self._short)
        sealed = self._public + self._vouch(server) + self._metadata
        box = sodium.seal(sealed, b"CurveZMQINITIATE" + _nonce(2), self._key)
        initiate = command.encode(command.INITIATE, cookie + _nonce(2) + box)
        return Step((initiate,))

    def _vouch(self, server: bytes) -> bytes:
        salt = self._random(_SALT)
        plain = self._short_public + self._server
        return salt + self._box(plain, b"VOUCH---", salt, server, self._secret)

    def _ready(self, data: bytes) -> Step:
        if len(data) < _READY_SIZE:
            raise ProtocolError(
                "READY is too short", Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY
            )
        tail = data[:NONCE]
        metadata = sodium.open(data[NONCE:], b"CurveZMQREADY---" + tail, self._key)
        received = int.from_bytes(tail, "big")
        self._done(Keys(self._key, False, 2, received))
        return Step(metadata=metadata)

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        return Step()


class Server(_Side):
    """The server, which learns the client's key and may have a ZAP handler judge it.

    `asks`: there may be a handler.  `needs_handler`: without one every client is
    refused.  `clock` returns seconds, for the age of cookies; without it they never
    expire.
    """

    as_server = True
    eager = False

    def __init__(
        self,
        secret: bytes,
        asks: bool = True,
        needs_handler: bool = False,
        random: Random = sodium.random,
        clock: Callable[[], float] = float,
    ) -> None:
        super().__init__(random)
        self._clock = clock
        self._expires = 0.0
        self.needs_handler = needs_handler
        self._asks = asks
        self._asking = False
        self._secret = secret
        self._public = sodium.public(secret)
        self._cookie = b""
        self._client = b""  # C'
        self._received = 0
        self._peer = b""  # its metadata

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        self._metadata = metadata
        return Step()

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        expected = command.INITIATE if self._client else command.HELLO
        if self._asking or command_.name != expected:
            raise unexpected(command_, expected.decode(), self._asking)
        take = self._initiate if self._client else self._hello
        return take(command_.data)

    def _hello(self, data: bytes) -> Step:
        if len(data) != _HELLO_SIZE or not data.startswith(_VERSION + _PADDING):
            code = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO
            raise ProtocolError("HELLO of another size or version", code)
        at = len(_VERSION + _PADDING)
        client, tail = data[at : at + KEY], data[at + KEY : at + KEY + NONCE]
        key = sodium.shared(client, self._secret)
        box = data[at + KEY + NONCE :]
        plain = sodium.open(box, b"CurveZMQHELLO---" + tail, key)
        if not hmac.compare_digest(plain, _ZEROS):
            raise ProtocolError("HELLO does not hold zeros", _CRYPTOGRAPHIC)
        self._client = client
        self._received = int.from_bytes(tail, "big")
        return Step((command.encode(command.WELCOME, self._welcome(key)),))

    def _welcome(self, key: bytes) -> bytes:
        """Make a WELCOME.  The cookie's key is then dropped: only this cookie will
        be accepted."""
        cookie_key, salt = self._random(KEY), self._random(_SALT)
        plain = self._client + self._short
        box = sodium.seal(plain, b"COOKIE--" + salt, cookie_key)
        self._cookie = salt + box
        self._expires = self._clock() + COOKIE_LIFE
        salt = self._random(_SALT)
        plain = self._short_public + self._cookie
        return salt + sodium.seal(plain, b"WELCOME-" + salt, key)

    def _initiate(self, data: bytes) -> Step:
        if len(data) < _INITIATE_SIZE:
            code = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE
            raise ProtocolError("INITIATE is too short", code)
        cookie, tail = data[:_COOKIE], data[_COOKIE : _COOKIE + NONCE]
        if not hmac.compare_digest(cookie, self._cookie):
            raise ProtocolError("another cookie than was given", _CRYPTOGRAPHIC)
        if self._clock() > self._expires:
            raise ProtocolError("a cookie that has expired", _CRYPTOGRAPHIC)
        number = int.from_bytes(tail, "big")
        if number <= self._received:
            code = Event.PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE
            raise ProtocolError("a nonce that was used before", code)
        self._received = number
        self._key = sodium.shared(self._client, self._short)
        box = data[_COOKIE + NONCE :]
        plain = sodium.open(box, b"CurveZMQINITIATE" + tail, self._key)
        client = plain[:KEY]
        self._check(plain[KEY : KEY + _VOUCH], client)
        self._peer = plain[KEY + _VOUCH :]
        if not self._asks:
            return self.accept()
        self._asking = True
        return Step(credentials=(client,), claims=self._peer)

    def _check(self, vouch: bytes, client: bytes) -> None:
        """Check that the client's long-term key vouches for its short-term one, and
        for us."""
        key = sodium.shared(client, self._short)
        plain = sodium.open(vouch[_SALT:], b"VOUCH---" + vouch[:_SALT], key)
        if not hmac.compare_digest(plain, self._client + self._public):
            code = Event.PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE
            raise ProtocolError("a vouch for another key", code)

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        one = _nonce(1)
        box = sodium.seal(self._metadata, b"CurveZMQREADY---" + one, self._key)
        self._done(Keys(self._key, True, 1, self._received))
        ready = command.encode(command.READY, one + box)
        return Step((ready,), self._peer)
