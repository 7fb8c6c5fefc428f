"""pymq: ZeroMQ for Python, with pyzmq's API: ``import pymq as zmq``."""

from __future__ import annotations

from os.path import dirname, join
from typing import Union

from . import backend as backend
from . import constants as constants
from . import error as error
from . import utils as utils
from .backend.counts import Peer as Peer
from .constants import *  # noqa: F403
from .context import Context as Context
from .curve import curve_keypair as curve_keypair
from .curve import curve_public as curve_public
from .endpoint import IPC_PATH_MAX_LEN as IPC_PATH_MAX_LEN
from .error import *  # noqa: F403
from .error import AuthenticationError as AuthenticationError
from .error import ForkedError as ForkedError
from .error import HandshakeError as HandshakeError
from .error import LingerWarning as LingerWarning
from .error import UnsafePickleWarning as UnsafePickleWarning
from .error import strerror as strerror
from .error import zmq_errno as zmq_errno
from .frame import COPY_THRESHOLD as COPY_THRESHOLD
from .frame import Frame as Frame
from .frame import Message as Message
from .overflow import Overflow as Overflow
from .poller import Poller as Poller
from .poller import select as select
from .poller import zmq_poll as zmq_poll
from .proxies import device as device
from .proxies import proxy as proxy
from .proxies import proxy_steerable as proxy_steerable
from .socket import Socket as Socket
from .tracker import _FINISHED_TRACKER as _FINISHED_TRACKER
from .tracker import MessageTracker as MessageTracker
from .version import pymq_version as pymq_version
from .version import pymq_version_info as pymq_version_info
from .version import pyzmq_version as pyzmq_version
from .version import pyzmq_version_info as pyzmq_version_info
from .version import zmq_version as zmq_version
from .version import zmq_version_info as zmq_version_info
from .zmtp import gss as _gss
from .zmtp import sodium as _sodium

__version__: str = pyzmq_version()
__revision__ = ""

#: There are no draft socket types, as in pyzmq's wheels.
DRAFT_API = PYZMQ_DRAFT_API = False

_HOME = dirname(__file__)
SyncContext = Context
SyncSocket = Socket

_FEATURES = frozenset({"ipc", "tipc", "vsock"})
_EXTRAS = {"curve": _sodium, "gssapi": _gss}


def has(capability: str) -> bool:
    """Return whether an optional feature is there (zmq_has).

    `capability` is ``"ipc"``, ``"tipc"``, ``"vsock"``, ``"curve"`` or ``"gssapi"``; for
    any other it returns False.
    """
    from . import transports

    if capability in _EXTRAS:
        return bool(_EXTRAS[capability].available())
    return capability in _FEATURES and capability in transports.schemes()


def get_includes() -> list[str]:
    """Return folders for C compilers, as in pyzmq; but they have no headers."""
    return [_HOME, join(_HOME, "utils")]


def get_library_dirs() -> list[str]:
    """Return the folder where pyzmq has libzmq; here there is none."""
    return [_HOME]


def install_as_zmq() -> None:
    """Make ``import zmq`` give pymq in this process; see `pymq.dropin`."""
    from .dropin import install_as_zmq  # `import pymq` should cost little

    install_as_zmq()


def backend_name(name: Union[str, None] = None) -> str:
    """Return the name of the backend that a new context gets: ``native`` or ``pure``.

    `name` is as of `Context`.
    """
    return backend.get(name).name


# Where programs expect pyzmq's compiled classes.
_BACKEND = """Context Socket Frame Message proxy proxy_steerable zmq_poll strerror
zmq_errno has curve_keypair curve_public zmq_version_info IPC_PATH_MAX_LEN
PYZMQ_DRAFT_API"""
for _name in _BACKEND.split():
    setattr(backend, _name, globals()[_name])

from . import sugar as sugar  # noqa: E402  of what stands above
from .sugar import Stopwatch as Stopwatch  # noqa: E402

# As in `constants`, hidden from type checkers, which read the imports above.
globals()["__all__"] = [
    *vars(constants)["__all__"],
    *error.__all__,
    "AuthenticationError",
    "COPY_THRESHOLD",
    "DRAFT_API",
    "IPC_PATH_MAX_LEN",
    "Context",
    "ForkedError",
    "Frame",
    "HandshakeError",
    "LingerWarning",
    "Message",
    "MessageTracker",
    "Overflow",
    "PYZMQ_DRAFT_API",
    "Peer",
    "Poller",
    "Socket",
    "Stopwatch",
    "SyncContext",
    "SyncSocket",
    "UnsafePickleWarning",
    "_FINISHED_TRACKER",
    "__revision__",
    "__version__",
    "backend_name",
    "curve_keypair",
    "curve_public",
    "device",
    "get_includes",
    "get_library_dirs",
    "has",
    "install_as_zmq",
    "proxy",
    "proxy_steerable",
    "pymq_version",
    "pymq_version_info",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "strerror",
    "zmq_errno",
    "zmq_poll",
    "zmq_version",
    "zmq_version_info",
]
