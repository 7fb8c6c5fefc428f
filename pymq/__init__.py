"""pymq: ZeroMQ for Python, with pyzmq's API: ``import pymq as zmq``."""

from __future__ import annotations

from typing import Union

from . import backend, constants, error
from .constants import *  # noqa: F403
from .context import Context
from .error import *  # noqa: F403
from .error import ZMQ_VERSION_INFO, strerror, zmq_errno
from .message import (
    _FINISHED_TRACKER as _FINISHED_TRACKER,
)
from .message import COPY_THRESHOLD, Frame, Message, MessageTracker
from .poller import Poller, select, zmq_poll
from .socket import Socket
from .transports.ipc import PATH_MAX as IPC_PATH_MAX_LEN
from .version import __version__

SyncContext = Context
SyncSocket = Socket

_FEATURES = frozenset({"ipc"})


def has(capability: str) -> bool:
    """Whether an optional feature is there, as zmq_has names them."""
    return capability in _FEATURES


def backend_name(name: Union[str, None] = None) -> str:
    """The backend that a new context gets: ``native`` or ``pure``."""
    return backend.get(name).name


def zmq_version_info() -> tuple[int, int, int]:
    """The libzmq whose behaviour this is."""
    return ZMQ_VERSION_INFO


def zmq_version() -> str:
    """`zmq_version_info` as text."""
    return ".".join(map(str, ZMQ_VERSION_INFO))


__all__ = [
    *constants.__all__,
    *error.__all__,
    "COPY_THRESHOLD",
    "IPC_PATH_MAX_LEN",
    "Context",
    "Frame",
    "Message",
    "MessageTracker",
    "Poller",
    "Socket",
    "SyncContext",
    "SyncSocket",
    "__version__",
    "backend_name",
    "has",
    "select",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version",
    "zmq_version_info",
]
