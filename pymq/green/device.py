"""A proxy between green sockets."""

from __future__ import annotations

from typing import Any, NoReturn

from ..constants import POLLIN
from .poll import _Poller


def device(device_type: int, isocket: Any, osocket: Any) -> NoReturn:
    """Pass whole messages on, each way, until an error such as the end of the context;
    `device_type` says nothing.  -1 for the second socket: the first is both."""
    if osocket == -1:
        osocket = isocket
    others = {isocket: osocket, osocket: isocket}
    poller = _Poller()
    for sock in others:
        poller.register(sock, POLLIN)
    while True:
        for sock, _ in poller.poll():
            others[sock].send_multipart(sock.recv_multipart())
