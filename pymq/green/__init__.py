"""Sockets for gevent (pyzmq's API): ``import pymq.green as zmq``.

What would block the thread blocks the greenlet.  Needs gevent, the extra ``gevent``.
"""

from __future__ import annotations

import pymq as _pymq

from .. import *  # noqa: F403
from .core import _Context as Context  # type: ignore[assignment]  # noqa: F401
from .core import _Socket as Socket  # noqa: F401
from .device import device as device  # type: ignore[assignment]
from .poll import _Poller as Poller  # noqa: F401

globals()["__all__"] = list(vars(_pymq)["__all__"])
