"""NULL (RFC 37): each side sends READY with its metadata.  Nothing is secured.

A ZAP handler may judge the peer's address before that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Union

from .. import command
from ..command import Command
from . import Step, unexpected


class Null:
    """NULL, for both roles.  READY goes out without waiting for the peer's.

    `asks`: a ZAP handler decides.  `needs_handler`: without one every peer is refused.
    `patient`: it is asked only when the peer's READY is there.  If both sides are
    patient they wait for each other, so only one may be.
    """

    name = b"NULL"
    as_server = False
    sealing = None

    def __init__(
        self, asks: bool = False, needs_handler: bool = False, patient: bool = False
    ) -> None:
        self.needs_handler = needs_handler
        self.eager = not asks
        self._asks = asks
        self._patient = patient
        self._ready = b""  # our READY, until the handler agrees
        self._peer: Union[bytes, None] = None  # its metadata, if it came earlier

    def start(self, metadata: bytes) -> Step:
        """See `Mechanism.start`."""
        if not self._asks:
            return _ready(metadata)
        self._ready = command.encode(command.READY, metadata)
        return Step() if self._patient else Step(credentials=())

    def receive(self, command_: Command) -> Step:
        """See `Mechanism.receive`."""
        if command_.name == command.READY and self._peer is None:
            if not self._asks:
                return Step(metadata=command_.data)
            self._peer = command_.data
            if self._patient:
                return Step(credentials=(), claims=command_.data)
            return Step()
        if command_.name == command.ERROR:
            raise command.refusal(command_.data)
        raise unexpected(command_, "READY")

    def accept(self) -> Step:
        """See `Mechanism.accept`."""
        self._asks = False
        return Step((self._ready,), self._peer)


@lru_cache(maxsize=64)  # sockets of one kind send the same
def _ready(metadata: bytes) -> Step:
    return Step((command.encode(command.READY, metadata),))


#: For all connections that nobody is asked about: it knows nothing of them.
OPEN = Null()
