"""Frames as objects."""

from __future__ import annotations

import sys
from errno import EINVAL
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Callable, Union

from .backend import exporter
from .constants import MessageOption
from .error import ZMQError
from .properties import Properties
from .tracker import _FINISHED_TRACKER, MessageTracker, Owner, Release

#: Bodies shorter than this are copied even with ``copy=False``, in bytes.
COPY_THRESHOLD = 65536

_SCATTERED = "memoryview: underlying buffer is not C-contiguous"


_Bytes = bytes  # inside `Frame` the name is a property's


class Frame:
    """One frame (part) of a message.

    `data` is anything with the buffer interface; None is an empty frame.  It is copied
    if it has less than `copy_threshold` bytes (default ``zmq.COPY_THRESHOLD``, 65536),
    unless `copy` is True or False.  With `track` the frame has a `tracker`.  `more`
    says whether other frames of the message follow; `recv` sets it.

    TypeError for a str or an object without the buffer interface, BufferError if it is
    not C-contiguous.
    """

    def __init__(
        self,
        data: Any = None,
        track: bool = False,
        copy: Union[bool, None] = None,
        copy_threshold: Union[int, None] = None,
        more: bool = False,
    ) -> None:
        self.more = more
        self._received = False
        if data.__class__ is bytes and not track:
            self._data = data  # whoever asks for `bytes` gets a copy, as in pyzmq
        else:
            self._take(b"" if data is None else data, track, copy, copy_threshold)

    # What most frames have; only others pay for more.
    more: bool = False
    tracker: Union[MessageTracker, None] = None
    tracker_event: Union[Event, None] = None
    _owner: Union[Owner, None] = None
    _properties: Union[Properties, None] = None  # of the connection it came from
    _view: Union[memoryview, None] = None
    _bytes: Union[bytes, None] = None
    _received = True
    #: Whether the backend is to keep it until it is sent, even where a copy is cheaper.
    tracked = False
    _data: Any

    def _take(
        self,
        data: Any,
        track: bool,
        copy: Union[bool, None],
        copy_threshold: Union[int, None],
    ) -> None:
        if isinstance(data, str):
            raise TypeError("Str objects not allowed. Only: bytes, buffer interfaces.")
        view = memoryview(data)
        if not view.c_contiguous:
            raise BufferError(_SCATTERED)
        if copy is None:
            least = _copy_threshold() if copy_threshold is None else copy_threshold
            copy = view.nbytes < least
        self._data = view.tobytes() if copy and data.__class__ is not bytes else data
        if track:
            self._track(copy)

    def _track(self, copied: bool) -> None:
        self.tracker = _FINISHED_TRACKER
        if not copied:
            self.tracked = True
            self._owner = Owner()
            self.tracker_event = Release(self._owner)
            self.tracker = MessageTracker(self.tracker_event)

    @property
    def buffer(self) -> memoryview:
        """The body as a memoryview, without a copy where possible.

        Of a received frame it is writable, with one exception: bodies of COPY_THRESHOLD
        bytes or more are read-only over inproc and on the pure backend, where they may
        be shared with others.  (Shorter bodies are copied for this.)
        """
        if self._view is None:
            short = self._received and len(self._data) < COPY_THRESHOLD
            self._view = memoryview(bytearray(self._data) if short else self._data)
        return self._view

    @property
    def bytes(self) -> bytes:
        """The body as bytes.  It is copied at most once, however often this is read."""
        if self._bytes is None:
            whole = self._received and self._data.__class__ is bytes
            self._bytes = self._data if whole else memoryview(self._data).tobytes()
        return self._bytes

    @property
    def _body(self) -> Any:
        """The bytes if there are any, else a view of bytes."""
        if self._data.__class__ is bytes:
            return self._data
        view = memoryview(self._data)
        return view.cast("B") if view.nbytes else b""

    def get(self, option: Union[int, str]) -> Any:
        """Return a property of the message (zmq_msg_get, zmq_msg_gets).

        By number: MORE; SRCFD, the descriptor of the connection that it came from;
        SHARED, 1 if its body may be shared with others.

        By name, if it came over tcp or ipc: ``Peer-Address``, ``Socket-Type``, and what
        else the peer has said in its handshake, such as ``Identity``.  Case matters.
        Text.

        ZMQError(EINVAL) if there is no such property.
        """
        known = self._properties
        value: Any = None
        if isinstance(option, str):
            value = known and known.values.get(option)
            value = None if value is None else value.decode("utf-8", "surrogateescape")
        elif option == MessageOption.MORE:
            value = int(self.more)
        elif option == MessageOption.SHARED:
            value = int(len(self) >= COPY_THRESHOLD)
        elif option == MessageOption.SRCFD:
            value = known and known.fd
        if value is None:
            raise ZMQError(EINVAL)
        return value

    def __getitem__(self, key: Union[int, str]) -> Any:
        return self.get(key)

    def set(self, option: int, value: int) -> None:
        """Not supported: no property can be set (zmq_msg_set).  ZMQError(EINVAL)."""
        raise ZMQError(EINVAL)

    @property
    def routing_id(self) -> int:
        """Only for SERVER sockets, which are a draft of ZeroMQ: RuntimeError."""
        raise RuntimeError("routing_id is of the draft socket type SERVER")

    @property
    def group(self) -> str:
        """Only for RADIO and DISH sockets, which are drafts of ZeroMQ: RuntimeError."""
        raise RuntimeError("group is of the draft socket types RADIO and DISH")

    def __len__(self) -> int:
        return memoryview(self._data).nbytes

    def __bytes__(self) -> _Bytes:
        return self.bytes

    def __buffer__(self, flags: int) -> memoryview:
        return self.buffer

    def __copy__(self) -> Frame:
        twin = Frame.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Frame):
            return self.bytes == other.bytes
        return NotImplemented

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        size = len(self)
        if size <= 16:
            return f"<zmq.Frame({bytes(self._body)!r})>"
        start = bytes(memoryview(self._body)[:12])
        return f"<zmq.Frame({start!r}...{_shown(size)})>"

    def __str__(self) -> str:
        return repr(self)


#: Makes objects of that class, without a call of it: that takes a microsecond more.
_makers: list[Callable[[], Frame]] = []


def _maker() -> Callable[[], Frame]:
    """Return what makes frames: objects of a class that lends its buffer, if possible.

    See `pymq.backend.exporter`.
    """
    if not _makers:
        base = None if sys.version_info >= (3, 12) else exporter()
        made: Any = Frame
        if base is not None:
            names = {"__module__": __name__, "__doc__": Frame.__doc__}
            made = type("Frame", (Frame, base), names)
        new: Any = (base or object).__new__  # PyPy does not take object's for its own
        _makers.append(partial(new, made))
    return _makers[0]


def received(
    body: Any, more: bool, track: bool, properties: Union[Properties, None]
) -> Frame:
    """Make a `Frame` of what the backend has received."""
    frame = _makers[0]() if _makers else _maker()()
    frame._data = body
    if more:
        frame.more = more
    if properties is not None:
        frame._properties = properties
    if track:
        frame._track(False)
    return frame


def body_of(data: Any) -> Any:
    """Return what the backend is to send: bytes, or a view of bytes.

    TypeError if `data` has no buffer interface, BufferError if it is not C-contiguous.
    """
    if isinstance(data, Frame):
        return data._body
    if data.__class__ is bytes:
        return data
    if isinstance(data, str):
        raise TypeError("unicode not allowed, use send_string")
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view.cast("B") if view.nbytes else b""


def _new(cls: type, *args: object, **kwargs: object) -> Any:
    return _maker()() if cls is Frame else super(Frame, cls).__new__(cls)  # type: ignore[misc]


if sys.version_info < (3, 12) and not TYPE_CHECKING:
    Frame.__new__ = _new

Message = Frame


def _shown(size: float) -> str:
    """Return a number of bytes as text, with at most three digits."""
    for unit in "B", "kB", "MB":
        if size < 1000:
            return f"{size:.0f}{unit}"
        size /= 1000
    return f"{size:.0f}GB"


def _copy_threshold() -> int:
    """Return ``zmq.COPY_THRESHOLD``, which programs may set."""
    return int(vars(sys.modules[__package__])["COPY_THRESHOLD"])
