"""Where pyzmq keeps its Python half, for programs that import from there.

The modules are pymq's own classes under pyzmq's names; see the modules themselves.
"""

from __future__ import annotations

from .. import error as _error
from ..constants import *  # noqa: F403
from ..error import *  # noqa: F403
from ..proxies import device as device
from . import context as _context
from . import frame as _frame
from . import poll as _poll
from . import socket as _socket
from . import tracker as _tracker
from . import version as _version
from .context import *  # noqa: F403
from .frame import *  # noqa: F403
from .poll import *  # noqa: F403
from .socket import *  # noqa: F403
from .stopwatch import Stopwatch as Stopwatch
from .tracker import *  # noqa: F403
from .version import *  # noqa: F403

_PARTS = (_context, _error, _frame, _poll, _socket, _tracker, _version)
globals()["__all__"] = [
    "device",
    *(name for part in _PARTS for name in vars(part)["__all__"]),
    "Stopwatch",
]
