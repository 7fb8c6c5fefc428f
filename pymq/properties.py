"""What is known of the connections that a socket's messages come from."""

from __future__ import annotations

from typing import Callable, Mapping, Tuple, Union

#: Connections that have ended and are still remembered, for what of theirs is unread.
REMEMBERED = 1000


#: As of `pymq.peers.Peer`: address, routing id, socket type, mechanism and user.
Shown = Tuple[str, bytes, str, str, str]


class Properties:
    """Of one connection."""

    __slots__ = ("fd", "mechanism", "shown", "values")

    def __init__(
        self, fd: int, values: Mapping[str, bytes], mechanism: str = ""
    ) -> None:
        self.fd = fd  # its descriptor, when it was made
        self.values = values  # by name, in the case that the peer wrote it
        self.mechanism = mechanism  # that the handshake agreed, "" without one
        self.shown: Union[Shown, None] = None  # made when it is first asked for


class Connections:
    """Properties by pipe.  The control thread writes, receivers look up.

    A connecting pipe has those of its latest connection; inproc has none.
    """

    __slots__ = ("_ended", "_known", "get")

    def __init__(self) -> None:
        self._known: dict[int, Properties] = {}
        self._ended: dict[int, None] = {}  # oldest first
        #: What is known of a pipe, or None.  Asked for every frame.
        self.get: Callable[[int], Union[Properties, None]] = self._known.get

    def add(self, pipe: int, properties: Properties) -> None:
        """Before its first message can be received."""
        self._known[pipe] = properties

    def end(self, pipe: int) -> None:
        """The pipe is closed; what it brought may still be received."""
        if pipe not in self._known:
            return
        self._ended[pipe] = None
        if len(self._ended) > REMEMBERED:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._known[oldest]
