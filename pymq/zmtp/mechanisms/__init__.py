"""Security mechanisms: what happens between the greetings and READY.

A mechanism is one file here, with a class that keeps to `Mechanism` for each role.
It sees commands, not bytes, and returns a `Step`; the rest is `Handshake`'s.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, Union

from ..command import Command


class Step(NamedTuple):
    """What follows from the start, or from a command.

    `replies` are bodies of commands to send, in order.  `metadata` is the peer's,
    as it stood in its command, or None while it is not known: once it is there the
    mechanism is done.  Should the metadata turn out to be bad, no reply is sent.
    """

    replies: tuple[bytes, ...] = ()
    metadata: Union[bytes, None] = None


class Mechanism(Protocol):
    """One connection's mechanism, in one role."""

    @property
    def name(self) -> bytes:
        """As in the greeting: at most 20 octets."""

    @property
    def as_server(self) -> bool:
        """The role that the greeting announces; False where roles do not differ."""

    def start(self, metadata: bytes) -> Step:
        """Both greetings agree.  `metadata` is ours, for the peer to be given."""

    def receive(self, command: Command) -> Step:
        """A command came.  Raises ProtocolError if it may not, or is malformed."""
