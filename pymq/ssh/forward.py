"""A port here that leads through a connection of paramiko."""

from __future__ import annotations

import logging
import select
import socketserver
from typing import Any

logger = logging.getLogger("ssh")
_CHUNK = 16384  # bytes


class ForwardServer(socketserver.ThreadingTCPServer):
    """Accepts connections, each with a thread."""

    daemon_threads = True
    allow_reuse_address = True


class Handler(socketserver.BaseRequestHandler):
    """One connection; subclasses say whereto."""

    ssh_transport: Any
    chain_host: str
    chain_port: int

    def handle(self) -> None:
        """Pass on what comes from either side, until one ends."""
        target = self.chain_host, self.chain_port
        origin = self.request.getpeername()
        try:
            channel = self.ssh_transport.open_channel("direct-tcpip", target, origin)
        except Exception as error:
            logger.debug("request to %s:%d failed: %r", *target, error)
            return
        logger.debug("%r leads to %r", origin, target)
        try:
            _pass_on(self.request, channel)
        finally:
            channel.close()
            logger.debug("%r has ended", origin)


def _pass_on(one: Any, other: Any) -> None:
    pairs = {one: other, other: one}
    while True:
        for source in select.select(list(pairs), [], [])[0]:
            data = source.recv(_CHUNK)
            if not data:
                return
            pairs[source].sendall(data)


def forward_tunnel(
    local_port: int, remote_host: str, remote_port: int, transport: Any
) -> None:
    """Serve `local_port`, for ever: a ``paramiko.Transport`` leads to the rest."""

    class Chained(Handler):
        ssh_transport = transport
        chain_host = remote_host
        chain_port = remote_port

    with ForwardServer(("127.0.0.1", local_port), Chained) as server:
        server.serve_forever()


__all__ = ["forward_tunnel"]
