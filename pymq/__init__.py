"""pymq: ZeroMQ for Python, with pyzmq's API: ``import pymq as zmq``."""

from __future__ import annotations

from typing import Union

from . import backend as backend
from . import constants as constants
from . import error as error
from .constants import *  # noqa: F403
from .context import Context as Context
from .curve import curve_keypair as curve_keypair
from .curve import curve_public as curve_public
from .endpoint import IPC_PATH_MAX_LEN as IPC_PATH_MAX_LEN
from .error import *  # noqa: F403
from .error import ZMQ_VERSION_INFO as _ZMQ_VERSION_INFO
from .error import LingerWarning as LingerWarning
from .error import strerror as strerror
from .error import zmq_errno as zmq_errno
from .message import _FINISHED_TRACKER as _FINISHED_TRACKER
from .message import COPY_THRESHOLD as COPY_THRESHOLD
from .message import Frame as Frame
from .message import Message as Message
from .message import MessageTracker as MessageTracker
from .overflow import Overflow as Overflow
from .peers import Peer as Peer
from .poller import Poller as Poller
from .poller import select as select
from .poller import zmq_poll as zmq_poll
from .proxies import device as device
from .proxies import proxy as proxy
from .proxies import proxy_steerable as proxy_steerable
from .socket import Socket as Socket
from .version import __version__ as __version__
from .zmtp import sodium as _sodium

SyncContext = Context
SyncSocket = Socket

_FEATURES = frozenset({"ipc", "tipc", "vsock"})


def has(capability: str) -> bool:
    """Whether an optional feature is there, as zmq_has names them."""
    from . import transports

    if capability == "curve":
        return _sodium.available()
    return capability in _FEATURES and capability in transports.schemes()


def backend_name(name: Union[str, None] = None) -> str:
    """The backend that a new context gets: ``native`` or ``pure``."""
    return backend.get(name).name


def zmq_version_info() -> tuple[int, int, int]:
    """The libzmq whose behaviour this is."""
    return _ZMQ_VERSION_INFO


def zmq_version() -> str:
    """`zmq_version_info` as text."""
    return ".".join(map(str, _ZMQ_VERSION_INFO))


# As in `constants`, hidden from type checkers, which read the imports above.
globals()["__all__"] = [
    *vars(constants)["__all__"],
    *error.__all__,
    "COPY_THRESHOLD",
    "IPC_PATH_MAX_LEN",
    "Context",
    "Frame",
    "LingerWarning",
    "Message",
    "MessageTracker",
    "Overflow",
    "Peer",
    "Poller",
    "Socket",
    "SyncContext",
    "SyncSocket",
    "__version__",
    "backend_name",
    "curve_keypair",
    "curve_public",
    "device",
    "has",
    "proxy",
    "proxy_steerable",
    "select",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version",
    "zmq_version_info",
]
