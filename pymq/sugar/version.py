"""Versions, where pyzmq has them; `pymq.pymq_version` says what this is."""

from __future__ import annotations

from ..version import PYZMQ_VERSION
from ..version import pyzmq_version as pyzmq_version
from ..version import pyzmq_version_info as pyzmq_version_info
from ..version import zmq_version as zmq_version
from ..version import zmq_version_info as zmq_version_info

__version__ = PYZMQ_VERSION
__revision__ = ""
version_info = pyzmq_version_info()
VERSION_MAJOR, VERSION_MINOR, VERSION_PATCH = version_info[:3]
VERSION_EXTRA = ""

__all__ = [
    "zmq_version",
    "zmq_version_info",
    "pyzmq_version",
    "pyzmq_version_info",
    "__version__",
    "__revision__",
]
