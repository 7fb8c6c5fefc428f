"""The exception for a peer that breaks the protocol, or refuses us."""

from __future__ import annotations

from ..constants import Event


class ProtocolError(Exception):
    """The peer sent something that cannot be accepted; the connection must be closed.

    `reason` is for people.  `code` is a ``PROTOCOL_ERROR_*`` constant, which a monitor
    reports with ``HANDSHAKE_FAILED_PROTOCOL``, or 0 if no rule was broken.  `fatal`: a
    connecting side must not try again.  `status` is the ZAP status (300, 400 or 500) of
    a refusal, else 0.
    """

    def __init__(
        self,
        reason: str,
        code: int = Event.PROTOCOL_ERROR_ZMTP_UNSPECIFIED,
        fatal: bool = True,
        status: int = 0,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = int(code)
        self.fatal = fatal
        self.status = status


class FrameTooLarge(ProtocolError):
    """A frame announces more octets than MAXMSGSIZE allows."""
