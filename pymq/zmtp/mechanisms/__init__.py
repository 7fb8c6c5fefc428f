"""Security mechanisms: what happens between the greetings and READY.

A mechanism is one file here, with a class that keeps to `Mechanism` for each role.
It sees commands, not bytes, and returns a `Step`; the rest is `Handshake`'s.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Protocol, Union

from ...constants import Event
from ..command import Command
from ..error import ProtocolError
from ..sealing import Keys, Protection


class Step(NamedTuple):
    """What follows from the start, or from a command.

    `replies` are bodies of commands to send, in order.  `metadata` is the peer's,
    as it stood in its command, or None while it is not known: once it is there the
    mechanism is done.  Should the metadata turn out to be bad, no reply is sent.

    `credentials` are what a ZAP handler is to judge (RFC 27), each a frame; None if
    there is nothing to ask.  What it says comes to `Mechanism.accept`, or nowhere.
    `claims` is then the peer's metadata, if it has already come.

    `aside` takes long, and gives the Step in place of this one; it is to be called on
    another thread, and nothing of the mechanism's before it has returned.
    """

    replies: tuple[bytes, ...] = ()
    metadata: Union[bytes, None] = None
    credentials: Union[tuple[bytes, ...], None] = None
    claims: bytes = b""
    aside: Union[Callable[[], Any], None] = None  # mypy knows no recursive tuples

    def __repr__(self) -> str:
        return f"<Step, {len(self.replies)} replies>"  # there may be a password in it


class Mechanism(Protocol):
    """One connection's mechanism, in one role."""

    @property
    def name(self) -> bytes:
        """As in the greeting: at most 20 octets."""

    @property
    def as_server(self) -> bool:
        """The role that the greeting announces; False where roles do not differ."""

    @property
    def eager(self) -> bool:
        """Whether what it says first goes out with the greeting, to a peer that has
        shown that it speaks ZMTP 3.  It says that to whoever may listen."""

    @property
    def needs_handler(self) -> bool:
        """Whether nobody gets in while there is no ZAP handler to ask."""

    @property
    def sealing(self) -> Union[Keys, Protection, None]:
        """Once done: with what frames are sealed; None if they are not.  Backends can
        do it with keys."""

    def start(self, metadata: bytes) -> Step:
        """Both greetings agree.  `metadata` is ours, for the peer to be given."""

    def receive(self, command: Command) -> Step:
        """A command came, maybe while the handler is being asked.  Raises
        ProtocolError if it may not, or is malformed."""

    def accept(self) -> Step:
        """The handler agrees, or there is none."""


def unexpected(command: Command, where: str, asking: bool = False) -> ProtocolError:
    """What to raise for a command that does not belong `where` it came.  libzmq has a
    less precise code for what comes while it is `asking` a ZAP handler."""
    code = Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
    if asking:
        code = Event.PROTOCOL_ERROR_ZMTP_UNSPECIFIED
    return ProtocolError(f"command {command.name!r} where {where} belongs", code)
