"""PLAIN (RFC 37): the client sends a user name and a password, unencrypted.

A ZAP handler decides who is let in; without one, nobody is.
"""

from __future__ import annotations

from ...constants import Event
from .. import command
from ..command import Command
from ..error import ProtocolError
from . import Step, unexpected

MAX_SECRET = 255  # octets of a user name, or of a password


class Client:
    """The client: HELLO, WELCOME, INITIATE, READY."""

    name = b"PLAIN"
    as_server = False
    eager = False
    sealing = None
    needs_handler = False

    def __init__(self, user: bytes, password: bytes) -> None:
        if max(len(user), len(password)) > MAX_SECRET:
            raise ValueError("a user name and a password have at most 255 octets")
        self._secret = _sized(user) + _sized(password)
        self._metadata = b""
        self._welcome = False

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        self._metadata = metadata
        hello = command.encode(command.HELLO, self._secret)
        self._secret = b""
        return Step((hello,))

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        if command_.name == command.ERROR:
            raise command.refusal(command_.data)
        expected = command.READY if self._welcome else command.WELCOME
        if command_.name != expected:
            raise unexpected(command_, expected.decode())
        if self._welcome:
            return Step(metadata=command_.data)
        if command_.data:
            raise ProtocolError(
                "WELCOME with a body",
                Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME,
            )
        self._welcome = True
        return Step((command.encode(command.INITIATE, self._metadata),))

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        return Step()


class Server:
    """The server: has the credentials in HELLO judged; if `patient`, only after
    INITIATE."""

    name = b"PLAIN"
    as_server = True
    eager = False
    sealing = None
    needs_handler = True

    def __init__(self, patient: bool = False) -> None:
        self._patient = patient
        self._metadata = b""
        self._credentials: tuple[bytes, ...] = ()
        self._peer = b""  # its metadata
        self._asking = False
        self._expected = command.HELLO

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        self._metadata = metadata
        return Step()

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        if self._asking or command_.name != self._expected:
            raise unexpected(command_, self._expected.decode(), self._asking)
        first = self._expected == command.HELLO
        if first:
            self._credentials = _credentials(command_.data)
        else:
            self._peer = command_.data
        if first == self._patient:
            return self.accept()
        self._asking = True
        credentials, self._credentials = self._credentials, ()
        return Step(credentials=credentials, claims=self._peer)

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        self._asking = False
        if self._expected == command.HELLO:
            self._expected = command.INITIATE
            return Step((command.encode(command.WELCOME),))
        ready = command.encode(command.READY, self._metadata)
        return Step((ready,), self._peer)


def _sized(text: bytes) -> bytes:
    return bytes((len(text),)) + text


def _credentials(data: bytes) -> tuple[bytes, bytes]:
    """Return user name and password of a HELLO.  Nothing may follow them."""
    user_end = 1 + data[0] if data else 0
    if not 0 < user_end < len(data) or len(data) != user_end + 1 + data[user_end]:
        raise ProtocolError(
            "HELLO is not a user name and a password",
            Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO,
        )
    return data[1:user_end], data[user_end + 1 :]
