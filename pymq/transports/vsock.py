"""vsock://: between a virtual machine and its host (see libzmq's zmq_vsock).

``vsock://cid:port``.  A context id (cid) is a number, or ``@`` for the host; to bind
to, also ``*`` for any.  So is the port: ``*`` lets the system choose.
"""

from __future__ import annotations

import re
import socket
from errno import EINVAL

from ..error import ZMQError
from . import Listening, Options, Target
from .plain import listening, needs_resolver, open, tune

__all__ = ["check", "listen", "needs_resolver", "open", "resolve", "same", "tune"]

_NUMBER = re.compile(r"\d+|-1", re.ASCII)
_ANY = 0xFFFFFFFF  # VMADDR_CID_ANY and VMADDR_PORT_ANY; Python has -1 for some
_HOST = 2


def check(address: str) -> None:
    """Refuse what is not two numbers, or any number."""
    if _ANY in _parse(address):
        raise ZMQError(EINVAL)


def listen(address: str, options: Options) -> Listening:
    """Bind and listen."""
    listener = listening(socket.AF_VSOCK, _parse(address), options)
    endpoint = _text(listener.getsockname())
    return Listening(listener, endpoint, lambda: None)


def resolve(address: str, options: Options) -> list[Target]:
    """The address itself."""
    return [Target(socket.AF_VSOCK, _parse(address))]


def same(one: str, other: str) -> bool:
    """Addresses are compared as they are written."""
    return one == other


def _parse(address: str) -> tuple[int, int]:
    cid, separator, port = address.partition(":")
    if not separator:
        raise ZMQError(EINVAL)
    return _HOST if cid == "@" else _number(cid), _number(port)


def _number(text: str) -> int:
    if text == "*":
        return _ANY
    if not _NUMBER.fullmatch(text) or int(text) > _ANY:
        raise ZMQError(EINVAL)
    return int(text) & _ANY


def _text(address: tuple[int, int]) -> str:
    cid, port = address
    return f"vsock://{'*' if cid & _ANY == _ANY else cid}:{port}"
