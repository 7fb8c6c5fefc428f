"""Sockets for gevent (pyzmq's API): ``import pymq.green as zmq``.

What would block the thread blocks the greenlet.  Needs gevent, the extra ``gevent``.
"""

from __future__ import annotations

import pymq as _pymq

from .. import *  # noqa: F403
from .core import _Context as _Context
from .core import _Context as Context
from .core import _Socket as _Socket
from .core import _Socket as Socket
from .device import device as device
from .poll import _Poller as _Poller
from .poll import _Poller as Poller

globals()["__all__"] = list(vars(_pymq)["__all__"])
