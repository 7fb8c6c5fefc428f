"""Sockets and pollers whose calls return asyncio futures (``zmq.asyncio`` of pyzmq).

``await socket.recv()``, ``async for frames in socket``, ``async with``.  They work with
every event loop that can watch descriptors: asyncio's selector loops, uvloop.
"""

from __future__ import annotations

import asyncio
import selectors
import warnings
from typing import Any, ClassVar, Union

from ._future import _Async, _AsyncPoller, _AsyncSocket
from .context import Context as _Context
from .socket import Socket as _Socket


class ProactorSelectorThreadWarning(RuntimeWarning):
    """Of pyzmq on Windows.  Never raised here."""


class Socket(_AsyncSocket):
    """A socket whose calls that send, receive or poll return futures.

    `flush`, `drain`, `request`, `wait_for_subscribers`, `wait_subscribed` and `connect`
    with a timeout are coroutines.  All else is as of `pymq.Socket`.  A socket may be
    used in several event loops, one after the other or at the same time.  When it is
    closed its futures are cancelled.
    """


class Poller(_AsyncPoller):
    """A poller whose `poll` returns a future.

    It waits for sockets of this module and of `pymq`, and for descriptors.
    """


Socket._poller_class = Poller


class Context(_Context[Socket]):
    """A context whose sockets are those of this module."""

    _instance: ClassVar[Union[_Context[Any], None]] = None
    _socket_class: type[_Socket] = Socket


_AsyncIO = _Async


def install() -> None:
    """Does nothing, as in pyzmq.  Deprecated."""
    warnings.warn(
        "install() is deprecated, and does nothing", DeprecationWarning, stacklevel=2
    )


class ZMQEventLoop(asyncio.SelectorEventLoop):
    """Asyncio's own event loop, as in pyzmq.  Deprecated."""

    def __init__(self, selector: Union[selectors.BaseSelector, None] = None) -> None:
        warnings.warn(
            "ZMQEventLoop is deprecated: any event loop will do",
            DeprecationWarning,
            stacklevel=2,
        )
        super().__init__(selector)


__all__ = ["Context", "Poller", "Socket", "ZMQEventLoop", "install"]
