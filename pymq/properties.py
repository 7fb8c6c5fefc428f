"""What is known of the connections that messages come from."""

from __future__ import annotations

from typing import Callable, Dict, Mapping, Union

from .backend.counts import Known

#: Connections that have ended and are still remembered, for what of theirs is unread.
REMEMBERED = 1000

_NOBODY: Known = ("", b"", "", "", "")


class Properties:
    """What is known of one connection."""

    __slots__ = ("fd", "mechanism", "values")

    def __init__(
        self, fd: int, values: Mapping[str, bytes], mechanism: str = ""
    ) -> None:
        self.fd = fd  # its descriptor, when it was made
        self.values = values  # by name, in the case that the peer wrote it
        self.mechanism = mechanism  # that the handshake agreed, "" without one


class Shown(Dict[int, Known]):
    """What `Socket.peers` shows, by pipe; made when it is first looked up."""

    __slots__ = ("_get",)

    def __init__(self, get: Callable[[int], Union[Properties, None]]) -> None:
        self._get = get

    def __missing__(self, pipe: int) -> Known:
        connection = self._get(pipe)
        if connection is None:
            return _NOBODY
        shown = self[pipe] = _show(connection)
        if self._get(pipe) is not connection:
            self.pop(pipe, None)  # it changed meanwhile: whoever did may have been here
        return shown


class Connections:
    """The properties of each pipe.  The control thread writes; receivers look them up.

    A connecting pipe has those of its latest connection; inproc has none.
    """

    __slots__ = ("_ended", "_known", "get", "shown")

    def __init__(self) -> None:
        self._known: dict[int, Properties] = {}
        self._ended: dict[int, None] = {}  # oldest first
        #: What is known of a pipe, or None.  Asked for every frame.
        self.get: Callable[[int], Union[Properties, None]] = self._known.get
        self.shown = Shown(self.get)

    def add(self, pipe: int, properties: Properties) -> None:
        """Add a connection, before its first message can be received."""
        self._known[pipe] = properties
        self.shown.pop(pipe, None)

    def end(self, pipe: int) -> None:
        """A pipe is closed.  What it brought may still be received, so it is
        remembered."""
        if pipe not in self._known:
            return
        self._ended[pipe] = None
        if len(self._ended) > REMEMBERED:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._known[oldest]
            self.shown.pop(oldest, None)


def _show(connection: Properties) -> Known:
    said = connection.values
    return (
        _text(said, "Peer-Address"),
        said.get("Identity", b""),
        _text(said, "Socket-Type"),
        connection.mechanism,
        _text(said, "User-Id"),
    )


def _text(said: Mapping[str, bytes], name: str) -> str:
    value = said.get(name)
    return value.decode("utf-8", "surrogateescape") if value else ""
