"""Exceptions, and the texts of error numbers.

The classes are those of pyzmq.  `ZMQError` is not a subclass of `OSError`, because
programs written for pyzmq handle the two apart.
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
    """Return the text of an error number, the system's or ZeroMQ's (zmq_strerror)."""
    return _TEXTS.get(errno) or _system_text(errno)


def zmq_errno() -> int:
    """Return the number of this thread's last error (zmq_errno); 0: none so far."""
    return _last.errno


class DraftFDWarning(RuntimeWarning):
    """Warns that FD of a draft socket type was read. pymq has no such types."""

    def __init__(self, msg: str = "") -> None:
        super().__init__(msg or "FD of thread-safe sockets is not part of libzmq")


class LingerWarning(RuntimeWarning):
    """Warns that ending takes long or that messages are dropped.

    `Context.term` gives it after 5 s, with what it waits for; the end of the program
    gives it with what is dropped.  Not in pyzmq.
    """


class UnsafePickleWarning(RuntimeWarning):
    """Warns that `recv_pyobj` may run code that anybody on a network can send.

    Once for each socket.  Not in pyzmq.
    """


class ZMQBaseError(Exception):
    """The base class of pymq's exceptions, except `ZMQVersionError`."""


class ZMQError(ZMQBaseError):
    """A call has failed.

    `errno` is a number of `pymq.constants.Errno` or of the system; None means
    `zmq_errno`.  `strerror` is `msg`, or else the text of the number.  If `errno` is
    not a number it is taken as the text, and the attribute `errno` is None.
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
    """`Socket.bind_to_random_port` has found no free port."""


class NotDone(ZMQBaseError):
    """`MessageTracker.wait` has timed out."""


class ContextTerminated(ZMQError):
    """ETERM: the context was terminated.  Arguments are accepted and ignored."""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(ETERM)


class Again(ZMQError):
    """EAGAIN: the call would have to wait, or has timed out.  Arguments are ignored."""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(EAGAIN)


class InterruptedSystemCall(ZMQError, InterruptedError):
    """EINTR: a signal interrupted the call.  Arguments are ignored.

    Programs do not see it: calls that a signal interrupts are continued.
    """

    errno: int = EINTR
    strerror: str = ""

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(EINTR)


class ForkedError(ZMQError):
    """A forked child used a context or socket that its parent has made.

    Their connections and threads are the parent's, so the child has to make its own.
    `errno` is ENOTSOCK.  Not in pyzmq, where such calls seem to work.
    """

    def __init__(self, errno: object = None, msg: object = None) -> None:
        super().__init__(
            ENOTSOCK,
            "inherited through fork: a child makes contexts and sockets of its own",
        )


class HandshakeError(ZMQError):
    """`Socket.connect` with a timeout has reached a peer, but the handshake failed.

    `status` is the ZAP status with which the peer refused (400 or 500; RFC 27), 0 if it
    did not.  `code` is a ``PROTOCOL_ERROR_*`` constant if the peer broke the protocol,
    else 0.  `errno` is EPROTO.  Not in pyzmq.
    """

    errno: int = EPROTO
    strerror: str = ""

    def __init__(self, reason: str, status: int = 0, code: int = 0) -> None:
        super().__init__(self.errno)
        self.strerror += f" ({reason})"
        self.status = status
        self.code = code


class AuthenticationError(HandshakeError):
    """The peer refuses us: `HandshakeError` with the `errno` EACCES.

    Also raised if the peer wants another mechanism, or ends a handshake of PLAIN, CURVE
    or GSSAPI early, as a server does that has another key than we expect.
    """

    errno: int = EACCES


class ZMQVersionError(NotImplementedError):
    """A feature needs a later libzmq than the one that pymq behaves like."""

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
    """Make the exception for a positive error number, of the class that belongs to it.

    `detail`, such as ``addr='tcp://*:80'``, is added to the text in parentheses.  Also
    sets what `zmq_errno` returns.
    """
    _last.errno = errno
    error = _CLASSES.get(errno, ZMQError)(errno)
    if detail:
        error.strerror += f" ({detail})"
    return error


def _check_rc(
    rc: int, errno: Union[int, None] = None, error_without_errno: bool = True
) -> None:
    """Raise the exception for `errno` (None: `zmq_errno`) if `rc` is -1.

    With `error_without_errno` False, an error number of 0 raises nothing.
    """
    if rc != -1:
        return
    if errno is None:
        errno = zmq_errno()
    if errno or error_without_errno:
        raise error_for(errno)


def _check_version(min_version_info: tuple[int, ...], msg: str = "Feature") -> None:
    """Raise `ZMQVersionError` if pymq behaves like an older version of libzmq."""
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
