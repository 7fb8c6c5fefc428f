"""zmq.asyncio: sockets and pollers whose calls return `asyncio.Future`.

``await socket.recv()``, ``async for frames in socket``, ``async with``.  Works with
every event loop that watches descriptors: those of asyncio, uvloop.
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
    """Of pyzmq, on Windows; here nothing raises it."""


class Socket(_AsyncSocket):
    """A socket whose send, receive and poll calls return futures.

    What else waits there (`flush`, `drain`, `request`, `wait_for_subscribers`,
    `wait_subscribed`, `connect` with a timeout) is a coroutine.  Everything else is as
    of `pymq.Socket`.  Use it in one event loop after another, or in several at
    once.
    """


class Poller(_AsyncPoller):
    """A poller whose `poll` returns a future; of sockets of either kind, and anything
    that has a descriptor."""


Socket._poller_class = Poller


class Context(_Context[Socket]):
    """A context whose sockets are asyncio sockets."""

    _instance: ClassVar[Union[_Context[Any], None]] = None
    _socket_class: type[_Socket] = Socket


_AsyncIO = _Async


def install() -> None:
    """Of pyzmq, where it does nothing any more."""
    warnings.warn(
        "install() is deprecated, and does nothing", DeprecationWarning, stacklevel=2
    )


class ZMQEventLoop(asyncio.SelectorEventLoop):
    """Of pyzmq, where it is asyncio's own event loop; deprecated."""

    def __init__(self, selector: Union[selectors.BaseSelector, None] = None) -> None:
        warnings.warn(
            "ZMQEventLoop is deprecated: any event loop will do",
            DeprecationWarning,
            stacklevel=2,
        )
        super().__init__(selector)


__all__ = ["Context", "Poller", "Socket", "ZMQEventLoop", "install"]
