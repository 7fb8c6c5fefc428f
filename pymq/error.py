"""Exceptions, and the texts of error numbers.

The classes are those of pyzmq.  `ZMQError` is no `OSError`: programs that were
written for pyzmq tell the two apart.
"""

from __future__ import annotations

import threading
from errno import EACCES, EINTR, ENOTSOCK, EPROTO
from os import strerror as _system_text
from typing import Union

from .constants import (
    EAGAIN,
    EFSM,
    EHOSTUNREACH,
    EMTHREAD,
    ENOCOMPATPROTO,
    ETERM,
)
from .version import ZMQ_VERSION_INFO

# What libzmq says, which for EHOSTUNREACH is not what the system says.
_TEXTS: dict[int, str] = {
    EFSM: "Operation cannot be accomplished in current state",
    ENOCOMPATPROTO: "The protocol is not compatible with the socket type",
    ETERM: "Context was terminated",
    EMTHREAD: "No thread available",
    EHOSTUNREACH: "Host unreachable",
}


class _Last(threading.local):
    errno = 0


_last = _Last()


def strerror(errno: int) -> str:
    """The text of an error number, the system's or ZeroMQ's (zmq_strerror)."""
    return _TEXTS.get(errno) or _system_text(errno)


def zmq_errno() -> int:
    """The error number of this thread's last call that failed; 0 if none did."""
    return _last.errno


class DraftFDWarning(RuntimeWarning):
    """FD of a thread-safe (draft) socket was asked for, which libzmq does not offer."""

    def __init__(self, msg: str = "") -> None:
        super().__init__(msg or "FD of thread-safe sockets is not part of libzmq")


class LingerWarning(RuntimeWarning):
    """`Context.term` waits for long, or something was dropped at exit: what for.

    Not in pyzmq, whose `term` waits in silence.
    """


class UnsafePickleWarning(RuntimeWarning):
    """`recv_pyobj` on a socket that anybody can reach over a network: a pickle is a
    program, which then runs here.

    Once for a socket.  Not in pyzmq.
    """


class ZMQBaseError(Exception):
    """What all exceptions here descend from, but for `ZMQVersionError`."""


class ZMQError(ZMQBaseError):
    """A call failed.

    `errno` is a number of `pymq.constants.Errno` or of the system, None for
    `zmq_errno`; `strerror` is its text, or `msg`.  Anything but a number is taken
    as a text, and then the attribute `errno` is None.
    """

    errno: Union[int, None] = None
    strerror: str = ""

    def __init__(
        self, errno: Union[int, str, None] = None, msg: Union[str, None] = None
    ) -> None:
        if errno is None:
            errno = zmq_errno()
        if isinstance(errno, int):
            self.errno = errno
            self.strerror = strerror(errno) if msg is None else msg
        else:
            self.strerror = str(errno) if msg is None else msg

    def __str__(self) -> str:
        return self.strerror

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"


class ZMQBindError(ZMQBaseError):
    """``Socket.bind_to_random_port`` found no free port."""


class NotDone(ZMQBaseError):
    """``MessageTracker.wait`` timed out."""


class ContextTerminated(ZMQError):
    """ETERM: the context was terminated.  Takes and ignores the usual arguments."""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(ETERM)


class Again(ZMQError):
    """EAGAIN: the call would block, or timed out.  Ignores its arguments."""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(EAGAIN)


class InterruptedSystemCall(ZMQError, InterruptedError):
    """EINTR: a signal came.  Ignores its arguments.

    Calls are taken up again after a signal, so programs do not see this one.
    """

    errno: int = EINTR
    strerror: str = ""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(EINTR)


class ForkedError(ZMQError):
    """A forked child uses what its parent made: its connections and threads are the
    parent's.  `errno` is ENOTSOCK.  Not in pyzmq, where such calls seem to work."""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(
            ENOTSOCK,
            "inherited through fork: a child makes contexts and sockets of its own",
        )


class HandshakeError(ZMQError):
    """`Socket.connect` with a timeout found a peer, and the handshake failed.

    `status`: of ZAP, 400 or 500, with which the peer refused us; else 0.  `code`: a
    ``PROTOCOL_ERROR_*`` value; 0 if no rule was broken.  Not in pyzmq.
    """

    errno: int = EPROTO
    strerror: str = ""

    def __init__(self, reason: str, status: int = 0, code: int = 0) -> None:
        super().__init__(self.errno)
        self.strerror += f" ({reason})"
        self.status = status
        self.code = code


class AuthenticationError(HandshakeError):
    """The peer refuses us, or wants another mechanism, or broke a handshake of PLAIN,
    CURVE or GSSAPI off: what a server does that cannot read what we sealed for it."""

    errno: int = EACCES


class ZMQVersionError(NotImplementedError):
    """A feature belongs to a later libzmq than the one that this behaves like."""

    def __init__(self, min_version: str, msg: str = "Feature") -> None:
        super().__init__(min_version, msg)
        self.msg = msg
        self.min_version = min_version
        self.version = ".".join(map(str, ZMQ_VERSION_INFO))

    def __str__(self) -> str:
        return f"{self.msg} needs libzmq {self.min_version}, this is {self.version}"

    def __repr__(self) -> str:
        return f"ZMQVersionError('{self}')"


_CLASSES: dict[int, type[ZMQError]] = {
    EAGAIN: Again,
    ETERM: ContextTerminated,
    EINTR: InterruptedSystemCall,
}


def error_for(errno: int, detail: str = "") -> ZMQError:
    """The exception to raise for a positive error number, of the class it calls for.

    `detail` says what it was about, such as ``addr='tcp://*:80'``; it is put in
    parentheses behind the text.  Also sets what `zmq_errno` returns.
    """
    _last.errno = errno
    error = _CLASSES.get(errno, ZMQError)(errno)
    if detail:
        error.strerror += f" ({detail})"
    return error


def _check_rc(
    rc: int, errno: Union[int, None] = None, error_without_errno: bool = True
) -> None:
    """Raise what `errno`, or else `zmq_errno`, calls for if `rc` is -1.

    With `error_without_errno` False, an error number of 0 raises nothing.
    """
    if rc != -1:
        return
    if errno is None:
        errno = zmq_errno()
    if errno or error_without_errno:
        raise error_for(errno)


def _check_version(min_version_info: tuple[int, ...], msg: str = "Feature") -> None:
    """Raise `ZMQVersionError` unless `ZMQ_VERSION_INFO` is at least the one given."""
    if min_version_info > ZMQ_VERSION_INFO:
        raise ZMQVersionError(".".join(map(str, min_version_info)), msg)


__all__ = [
    "Again",
    "ContextTerminated",
    "DraftFDWarning",
    "InterruptedSystemCall",
    "NotDone",
    "ZMQBaseError",
    "ZMQBindError",
    "ZMQError",
    "ZMQVersionError",
]
