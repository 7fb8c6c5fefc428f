"""ipc://: AF_UNIX streams (see libzmq's zmq_ipc).

``ipc://path``, ``ipc://@name`` (Linux's abstract names, no file), and ``ipc://*``
(bind only: a path in a new temporary folder).
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from errno import EADDRINUSE, EINVAL, ENAMETOOLONG, ENOENT
from typing import Callable

from .. import constants as _C
from ..endpoint import IPC_PATH_MAX_LEN
from ..error import ZMQError, error_for
from . import Listening, Options, Stream, Target, adopted, close_failed


def check(address: str) -> None:
    """Refuse an empty abstract name and a path that does not fit."""
    if address == "@":
        raise ZMQError(EINVAL)
    if len(os.fsencode(address)) > IPC_PATH_MAX_LEN:
        raise ZMQError(
            ENAMETOOLONG,
            f'ipc path "{address}" is longer than {IPC_PATH_MAX_LEN} characters '
            "(sizeof(sockaddr_un.sun_path)). zmq.IPC_PATH_MAX_LEN constant can be "
            "used to check addr length (if it is defined).",
        )


def listen(address: str, options: Options) -> Listening:
    """Bind and listen.  A socket file that is already there is replaced, as libzmq
    does; anything else there is EADDRINUSE (libzmq would delete it).  With USE_FD
    only the descriptor counts."""
    if options[_C.USE_FD] >= 0:
        return _listening(options[_C.USE_FD])
    check(address)
    clean_up: Callable[[], None] = _nothing
    if address == "*":
        # Like libzmq, but asked each time: tempfile remembers its first answer.
        places = (os.environ.get(name) for name in ("TMPDIR", "TEMPDIR", "TMP"))
        folder = tempfile.mkdtemp(prefix="pymq-", dir=next(filter(None, places), None))
        address = os.path.join(folder, "socket")

        def clean_up() -> None:
            shutil.rmtree(folder, ignore_errors=True)

    listener = Stream(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(address)
        listener.bind(_name(address))
        listener.listen(options[_C.BACKLOG])
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        clean_up()
        raise _explain(error, address) from None
    return Listening(listener, f"ipc://{address}", clean_up)


def _listening(fd: int) -> Listening:
    listener = adopted.take(fd, (socket.AF_UNIX,))
    name = os.fsdecode(listener.getsockname())
    if name.startswith("\0"):
        name = "@" + name[1:]
    return Listening(listener, f"ipc://{name}", _nothing)


def _nothing() -> None:
    """Files stay behind, as with libzmq: another process may have rebound them."""


def _remove_stale(address: str) -> None:
    if address.startswith("@") or not os.path.lexists(address):
        return
    if not stat.S_ISSOCK(os.lstat(address).st_mode):
        raise OSError(EADDRINUSE, os.strerror(EADDRINUSE))
    os.unlink(address)


def _explain(error: OSError, address: str) -> ZMQError:
    if error.errno == ENOENT:
        return ZMQError(ENOENT, f'No such file or directory for ipc path "{address}".')
    return error_for(error.errno or EINVAL)


def needs_resolver(address: str) -> bool:
    """Never."""
    return False


def resolve(address: str, options: Options) -> list[Target]:
    """The path itself."""
    return [Target(socket.AF_UNIX, _name(address))]


def open(target: Target, options: Options) -> Stream:
    """Connect, which for AF_UNIX succeeds or fails at once."""
    connection = Stream(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(target.address)
    except OSError as error:
        raise close_failed(connection, error) from None
    return connection


def tune(connection: Stream, options: Options) -> None:
    """Nothing to set."""


def same(one: str, other: str) -> bool:
    """Paths are compared as they are written."""
    return one == other


def _name(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address
