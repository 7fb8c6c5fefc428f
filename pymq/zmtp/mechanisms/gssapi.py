"""GSSAPI (RFC 38) as libzmq has it: Kerberos says who the peers are, and encrypts.

RFC 38 is only a few lines, so libzmq is the standard.  Tokens go both ways in INITIATE;
a client that has no token left sends an empty command; READY comes from both sides, the
server first.  READY travels as messages do afterwards: wrapped, in a command MESSAGE.
With `plaintext` neither is wrapped, and only the names of the peers are certain.
"""

from __future__ import annotations

from typing import Callable, Union

from ...constants import Event
from .. import command
from ..command import Command
from ..error import ProtocolError
from ..frame import COMMAND, MORE, header
from ..gss import Context
from . import Step, unexpected

MESSAGE = b"MESSAGE"
_HEAD = b"\7MESSAGE"
_SIZE = 4  # octets of a token's size
_INNER_COMMAND = 2
_EMPTY = b""

Make = Callable[[], Context]


class Wrapper:
    """Both directions of a connection whose frames are wrapped."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def seal(self, flags: int, body: bytes) -> bytes:
        """See `pymq.zmtp.sealing.Protection`."""
        inner = flags & MORE | (_INNER_COMMAND if flags & COMMAND else 0)
        sealed = _HEAD + _sized(self._context.wrap(bytes((inner,)) + body))
        return header(len(sealed)) + sealed

    def open(self, body: bytes) -> tuple[int, bytes]:
        """See `pymq.zmtp.sealing.Protection`."""
        if not body.startswith(_HEAD):
            raise _malformed("a frame that is not wrapped")
        plain = self._context.unwrap(_token(body[len(_HEAD) :]))
        if not plain or plain[0] & ~(MORE | _INNER_COMMAND):
            raise _malformed("no flags, or unknown ones")
        inner = plain[0]
        return inner & MORE | (COMMAND if inner & _INNER_COMMAND else 0), plain[1:]


class _Side:
    """What the two roles share.

    `make` makes a security context, which may take long.
    """

    name = b"GSSAPI"
    needs_handler = False

    def __init__(self, make: Make, plaintext: bool = False) -> None:
        self._make = make
        self._plaintext = plaintext
        self._context: Union[Context, None] = None
        self._metadata = b""
        self.sealing: Union[Wrapper, None] = None

    def _step(self, received: Union[bytes, None] = None) -> Step:
        if self._context is None:
            self._context = self._make()
        token = self._context.step(received)
        if token:
            return Step((command.encode(command.INITIATE, _sized(token)),))
        if not self._context.complete:
            raise _malformed("no token where there should be one")
        return Step()

    def _complete(self) -> bool:
        return self._context is not None and self._context.complete

    def _ready(self) -> bytes:
        """Return our READY.  From now on everything is wrapped."""
        ready = command.encode(command.READY, self._metadata)
        if self._plaintext:
            return ready
        assert self._context is not None
        self.sealing = Wrapper(self._context)
        return command.encode(MESSAGE, _sized(self._context.wrap(b"\0" + ready)))

    def _read_ready(self, command_: Command) -> bytes:
        """Return the peer's metadata."""
        if not self._plaintext:
            if command_.name != MESSAGE:
                raise unexpected(command_, "a wrapped READY")
            assert self._context is not None
            plain = self._context.unwrap(_token(command_.data))
            command_ = command.parse(plain[1:])
        if command_.name != command.READY:
            raise unexpected(command_, "READY")
        return command_.data


class Client(_Side):
    """The client, which begins."""

    as_server = False
    eager = False

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        self._metadata = metadata
        return Step(aside=self._step)  # it may have to ask for a ticket

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        if command_.name == command.ERROR:
            raise command.refusal(command_.data)
        if self._complete():
            metadata = self._read_ready(command_)
            return Step((self._ready(),), metadata)
        if command_.name != command.INITIATE:
            raise unexpected(command_, "INITIATE")
        step = self._step(_token(command_.data))
        return step if step.replies else Step((_EMPTY,))

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        return Step()


class Server(_Side):
    """The server, which learns the client's principal and has a ZAP handler judge
    it."""

    as_server = True
    eager = False

    def __init__(
        self, make: Make, plaintext: bool = False, needs_handler: bool = False
    ) -> None:
        super().__init__(make, plaintext)
        self.needs_handler = needs_handler
        self._asked = self._accepted = False

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        self._metadata = metadata
        return Step()

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        if self._accepted:
            return Step(metadata=self._read_ready(command_))
        if self._asked:
            raise unexpected(command_, "nothing", asking=True)
        if self._complete():
            if command_ != command.NOTHING:
                raise unexpected(command_, "a command of nothing")
            assert self._context is not None
            self._asked = True
            return Step(credentials=(self._context.peer(),))
        if command_.name != command.INITIATE:
            raise unexpected(command_, "INITIATE")
        token = _token(command_.data)
        return Step(aside=lambda: self._step(token))  # it reads a file of replays

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        self._accepted = True
        return Step((self._ready(),))


def _sized(token: bytes) -> bytes:
    return len(token).to_bytes(_SIZE, "big") + token


def _token(data: bytes) -> bytes:
    """Return the token behind its size, which must not be 0.  Nothing may follow it."""
    if len(data) <= _SIZE or int.from_bytes(data[:_SIZE], "big") != len(data) - _SIZE:
        raise _malformed("a token of another size")
    return data[_SIZE:]


def _malformed(reason: str) -> ProtocolError:
    code = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE
    return ProtocolError(f"GSSAPI: {reason}", code)
