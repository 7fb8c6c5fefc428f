"""Messages that are not bytes: text, JSON, pickles, or anything with a codec."""

from __future__ import annotations

from typing import Any, Callable, Protocol, Sequence


class _Frames(Protocol):
    """What `Payloads` needs of a socket."""

    def send(self, data: Any, flags: int = 0, copy: bool = True) -> Any: ...

    def recv(self, flags: int = 0) -> Any: ...

    def _mind_pickles(self) -> None: ...

    def send_multipart(
        self, msg_parts: Sequence[Any], flags: int = 0, copy: bool = True
    ) -> Any: ...

    def recv_multipart(self, flags: int = 0, copy: bool = True) -> Any: ...


class Payloads:
    """Mixed into `Socket`.

    `flags`, `copy`, waiting and errors are as of `send` and `recv`.
    """

    def send_string(
        self: _Frames,
        u: str,
        flags: int = 0,
        copy: bool = True,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> Any:
        """Send text as one frame.  TypeError unless `u` is a str."""
        if not isinstance(u, str):
            raise TypeError("str objects only")
        return self.send(u.encode(encoding), flags=flags, copy=copy, **kwargs)

    def recv_string(self: _Frames, flags: int = 0, encoding: str = "utf-8") -> str:
        """Receive one frame and decode it as text.

        UnicodeDecodeError if it is not text in `encoding`; the frame is lost then.
        """
        text: str = self.recv(flags=flags).decode(encoding)
        return text

    send_unicode = send_string
    recv_unicode = recv_string

    def send_json(self: _Frames, obj: Any, flags: int = 0, **kwargs: Any) -> Any:
        """Send an object as one frame of JSON.

        `kwargs` go to ``json.dumps``, except `routing_id` and `group`, which go to
        `send`.  Errors are also those of ``json.dumps``.
        """
        import json

        options = {k: kwargs.pop(k) for k in ("routing_id", "group") if k in kwargs}
        return self.send(json.dumps(obj, **kwargs).encode(), flags=flags, **options)

    def recv_json(self: _Frames, flags: int = 0, **kwargs: Any) -> Any:
        """Receive one frame of JSON and return the object.

        `kwargs` go to ``json.loads``.  ValueError if the frame is not JSON; it is lost
        then.
        """
        import json

        return json.loads(self.recv(flags), **kwargs)

    def send_pyobj(
        self: _Frames, obj: Any, flags: int = 0, protocol: int = -1, **kwargs: Any
    ) -> Any:
        """Send an object as one frame that is a pickle.

        `protocol` is pickle's; -1 means the newest.  Read the warning of `recv_pyobj`.
        """
        import pickle

        return self.send(pickle.dumps(obj, protocol), flags=flags, **kwargs)

    def recv_pyobj(self: _Frames, flags: int = 0) -> Any:
        """Receive one frame that is a pickle and return the object.

        **Whoever can send to this socket can run any code in this process**: a pickle
        is a program, and it has run before its result can be checked.  Use it only
        among peers that you trust and that authenticate themselves.  `recv_serialized`
        with JSON or a similar codec is safe.

        Warns with UnsafePickleWarning, once for each socket, if a peer that did not
        authenticate can reach it over tcp or another network.
        """
        import pickle

        self._mind_pickles()
        return pickle.loads(self.recv(flags))

    def send_serialized(
        self: _Frames,
        msg: Any,
        serialize: Callable[[Any], Sequence[Any]],
        flags: int = 0,
        copy: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Send the frames that ``serialize(msg)`` returns, as one message.

        `kwargs` go to `send_multipart`.
        """
        frames = serialize(msg)
        return self.send_multipart(frames, flags=flags, copy=copy, **kwargs)

    def recv_serialized(
        self: _Frames,
        deserialize: Callable[[list[Any]], Any],
        flags: int = 0,
        copy: bool = True,
    ) -> Any:
        """Receive a message and return ``deserialize(frames)``.

        `frames` is a list of bytes, or of `Frame` objects with ``copy=False``.
        """
        return deserialize(self.recv_multipart(flags=flags, copy=copy))


def check_part(index: int, part: Any) -> None:
    """Raise TypeError if a part of a message has no buffer interface."""
    try:
        memoryview(part)
    except TypeError:
        shown = repr(part)
        if len(shown) > 32:
            shown = shown[:32] + "..."
        raise TypeError(
            f"Frame {index} ({shown}) does not support the buffer interface."
        ) from None


def room_in(buffer: Any, nbytes: int) -> memoryview:
    """Return the part of a buffer that `recv_into` may fill, as a view of bytes."""
    view = memoryview(buffer)
    if view.readonly or not view.c_contiguous:
        raise BufferError("the buffer is read-only, or not contiguous")
    view = view.cast("B") if view.nbytes else memoryview(bytearray())
    if nbytes < 0:
        raise ValueError(f"{nbytes=} must be non-negative")
    limit = nbytes or len(view)
    if limit > len(view):
        raise ValueError(f"nbytes={limit} is more than the buffer: {len(view)}")
    return view[:limit]
