"""tornado's loop under a name from when ZeroMQ needed one of its own; deprecated."""

from __future__ import annotations

import warnings

from tornado.ioloop import *  # noqa: F403
from tornado.ioloop import IOLoop as IOLoop


def _deprecated() -> None:
    warnings.warn(
        "zmq.eventloop.ioloop is deprecated: tornado's own loop does",
        DeprecationWarning,
        stacklevel=3,
    )


_deprecated()
ZMQIOLoop = IOLoop


def install() -> None:
    """Nothing to do."""
    _deprecated()
