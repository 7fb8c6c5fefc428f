"""The versions, in one place: packaging reads its own here.

Programs compare ``zmq.__version__`` with the pyzmq that they need, some part by part as
integers.  `pymq` and `zmq` are one module, so there it is that of the pyzmq whose API
this is; `pymq_version` says what it really is.
"""

from __future__ import annotations

from typing import Tuple, Union

__version__ = "0.1.0"

#: The pyzmq whose API this is.
PYZMQ_VERSION = "27.3.0"

#: The libzmq whose behaviour this is; what programs compare minimum versions with.
ZMQ_VERSION_INFO = (4, 3, 5)


def _parts(version: str) -> tuple[int, int, int]:
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def pymq_version() -> str:
    """The version of pymq.  Not in pyzmq: who has it talks to pymq."""
    return __version__


def pymq_version_info() -> tuple[int, int, int]:
    """`pymq_version` as numbers."""
    return _parts(__version__)


def pyzmq_version() -> str:
    """The pyzmq whose API this is; ``zmq.__version__`` is the same."""
    return PYZMQ_VERSION


def pyzmq_version_info() -> Union[Tuple[int, int, int], Tuple[int, int, int, float]]:
    """`pyzmq_version` as numbers; never with a fourth, which marks a development
    version of pyzmq."""
    return _parts(PYZMQ_VERSION)


def zmq_version() -> str:
    """The libzmq whose behaviour this is."""
    return ".".join(map(str, ZMQ_VERSION_INFO))


def zmq_version_info() -> tuple[int, int, int]:
    """`zmq_version` as numbers."""
    return ZMQ_VERSION_INFO
