"""NULL (RFC 37): each side sends READY with its metadata, and nothing is secured."""

from __future__ import annotations

from ...constants import Event
from .. import command
from ..command import Command
from ..error import ProtocolError
from . import Step


class Null:
    """Both roles.  READY goes out without waiting for the peer's."""

    name = b"NULL"
    as_server = False

    def start(self, metadata: bytes) -> Step:
        return Step((command.encode(command.READY, metadata),))

    def receive(self, command_: Command) -> Step:
        if command_.name == command.READY:
            return Step(metadata=command_.data)
        if command_.name == command.ERROR:
            raise command.refusal(command_.data)
        raise ProtocolError(
            f"command {command_.name!r} where READY belongs",
            Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND,
        )
