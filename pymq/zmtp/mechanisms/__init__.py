"""Security mechanisms: what happens between the greetings and READY.

Each mechanism is one file, with a class for each role that implements `Mechanism`.  It
sees commands, not bytes, and returns a `Step`; `Handshake` does the rest.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Protocol, Union

from ...constants import Event
from ..command import Command
from ..error import ProtocolError
from ..sealing import Keys, Protection


class Step(NamedTuple):
    """What is to be done after the start, or after a command.

    `replies` are bodies of commands to send, in order.  `metadata` is the peer's, as it
    was in its command; None while it is not known.  Once it is there the mechanism is
    done.  If the metadata turns out to be bad, no reply is sent.

    `credentials` are the frames that a ZAP handler has to judge (RFC 27); None if there
    is nothing to ask.  If the handler agrees `Mechanism.accept` is called, else
    nothing.  `claims` is then the peer's metadata, if it has already arrived.

    `aside` is a function that takes long, and returns the Step that takes the place of
    this one.  Call it on another thread, and nothing else of the mechanism before it
    has returned.
    """

    replies: tuple[bytes, ...] = ()
    metadata: Union[bytes, None] = None
    credentials: Union[tuple[bytes, ...], None] = None
    claims: bytes = b""
    aside: Union[Callable[[], Any], None] = None  # mypy has no recursive tuples

    def __repr__(self) -> str:
        return f"<Step, {len(self.replies)} replies>"  # they may have a password


class Mechanism(Protocol):
    """One connection's mechanism, in one role."""

    @property
    def name(self) -> bytes:
        """Its name in the greeting, at most 20 octets."""

    @property
    def as_server(self) -> bool:
        """The role that the greeting announces; False if the roles do not differ."""

    @property
    def eager(self) -> bool:
        """Whether its first command goes out with the greeting.

        Only to a peer that has shown that it speaks ZMTP 3.  The command is not secret.
        """

    @property
    def needs_handler(self) -> bool:
        """Whether every peer is refused while there is no ZAP handler."""

    @property
    def sealing(self) -> Union[Keys, Protection, None]:
        """What seals the frames, once the mechanism is done; None if they are not
        sealed.

        Backends can seal with `Keys`; a `Protection` needs a splice.
        """

    def start(self, metadata: bytes) -> Step:
        """Begin: both greetings agree.  `metadata` is ours, to be sent to the peer."""

    def receive(self, command: Command) -> Step:
        """Take in a command, perhaps while the handler is being asked.

        ProtocolError if it must not come now, or is malformed.
        """

    def accept(self) -> Step:
        """Go on: the handler has agreed, or there is none."""


def unexpected(command: Command, where: str, asking: bool = False) -> ProtocolError:
    """Make the exception for a command that does not belong here.

    `where` is what was expected.  While a ZAP handler is `asking`, libzmq has a less
    precise code.
    """
    code = Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
    if asking:
        code = Event.PROTOCOL_ERROR_ZMTP_UNSPECIFIED
    return ProtocolError(f"command {command.name!r} where {where} belongs", code)
