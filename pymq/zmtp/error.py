"""The one exception of this package: a peer that breaks the protocol, or refuses us."""

from __future__ import annotations

from ..constants import Event


class ProtocolError(Exception):
    """What a peer sent cannot be accepted; the connection must be closed.

    `reason` is for people.  `code` is one of the ``PROTOCOL_ERROR_*`` values that a
    monitor reports with ``HANDSHAKE_FAILED_PROTOCOL``, or 0 when the peer broke no
    rule.  `fatal` says that a connecting side must not retry.  `status` is the ZAP
    status (300, 400 or 500) of a refusal, else 0.
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
    """A frame announces more than the limit that was set (ZMQ_MAXMSGSIZE)."""
