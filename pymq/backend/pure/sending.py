"""Send policies: where a hub's messages go.  One class per `Send`."""

from __future__ import annotations

from collections import deque
from errno import EAGAIN, EHOSTUNREACH, ENOTSUP
from typing import TYPE_CHECKING, Sequence, Union

if TYPE_CHECKING:
    from .hub import Hub
    from .pipe import Pipe


class Sender:
    """What every policy can do; by itself it refuses (`Send.NONE`)."""

    mandatory = 0
    no_drop = 0
    refused: Union[Pipe, None] = None  # full peer, for which a send gave EAGAIN

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def send(self, body: bytes, more: bool) -> int:
        """Queue one frame; 0 or a negative errno."""
        return -ENOTSUP

    def ready(self) -> bool:
        """Whether the next frame would be accepted."""
        return False

    def resumable(self) -> bool:
        """Whether a send that gave EAGAIN may now succeed."""
        return self.ready()

    def swallow(self) -> None:
        """The rest of a message goes nowhere."""

    def ask(self, frames: Sequence[bytes], again: bool) -> int:
        """See `pymq.backend.abc.Hub.ask`."""
        return -ENOTSUP

    def give_up(self) -> None:
        """See `pymq.backend.abc.Hub.give_up`."""

    def add(self, pipe: Pipe) -> None:
        """A pipe was opened."""

    def revive(self, pipe: Pipe) -> None:
        """A pipe that was found full has room again."""

    def remove(self, pipe: Pipe) -> None:
        """A pipe takes no more messages."""


class InTurn(Sender):
    """Round robin over the pipes with room; a message goes whole to one pipe.

    Also serves `Send.ONE`: the hub sees to it that there is only one.
    """

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._active: deque[Pipe] = deque()
        self._target: Union[Pipe, None] = None
        self._swallow = False

    def send(self, body: bytes, more: bool) -> int:
        """Queue one frame on the pipe whose turn it is."""
        if self._swallow:
            self._swallow = more
            return 0
        pipe = self._target or self._next()
        if pipe is None:
            return -EAGAIN
        pipe.output.write(body, more)
        self._target = pipe if more else None
        if not more:
            self.hub.chosen = pipe.id
            self._active.rotate(-1)
        return 0

    def _next(self) -> Union[Pipe, None]:
        while self._active:
            if not self._active[0].output.full():
                return self._active[0]
            self._active.popleft().output.park_writer()
        return None

    def ready(self) -> bool:
        """In the middle of a message, or a pipe has room."""
        return self._swallow or self._target is not None or self._next() is not None

    def swallow(self) -> None:
        """Until its last frame."""
        self._swallow = True

    def add(self, pipe: Pipe) -> None:
        """Last in turn."""
        self._active.append(pipe)

    revive = add

    def remove(self, pipe: Pipe) -> None:
        """The rest of a message that was being given to it is swallowed."""
        if pipe in self._active:
            self._active.remove(pipe)
        if pipe is self._target:
            self._target = None
            self._swallow = True


class ToAll(Sender):
    """Every matching pipe with room; who is full misses the whole message or, with
    NO_DROP, stops it."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._targets: Union[list[Pipe], None] = None

    def send(self, body: bytes, more: bool) -> int:
        """Queue one frame on each target; the first frame chooses them."""
        if self._targets is None:
            matching = self._matching(body)
            targets = [pipe for pipe in matching if not pipe.output.full()]
            if self.no_drop and len(targets) < len(matching):
                return self._refuse(next(p for p in matching if p.output.full()))
            if len(targets) < len(matching):
                for pipe in matching:
                    pipe.missed += pipe.output.full()
            self._targets, self.refused = targets, None
        if self.hub.lasts:
            self.hub.lasts.add(body, more)
        for pipe in self._targets:
            pipe.output.write(body, more)
        if not more:
            self._targets = None
        return 0

    def swallow(self) -> None:
        """Nobody is a target."""
        self._targets = []

    def _refuse(self, pipe: Pipe) -> int:
        pipe.output.park_writer()
        self.refused = pipe
        return -EAGAIN

    def _matching(self, body: bytes) -> list[Pipe]:
        if self.hub.takes_topics:
            return self.hub.receiver.targets(body)
        return [pipe for pipe in self.hub.pipes.values() if not pipe.closed]

    def ready(self) -> bool:
        """Whether the full peer, if one stopped a message, has room."""
        return self.refused is None or not self.refused.output.full()

    def remove(self, pipe: Pipe) -> None:
        """It gets no further frame of the current message."""
        if self.refused is pipe:
            self.refused = None
        if self._targets and pipe in self._targets:
            self._targets.remove(pipe)


class ByName(Sender):
    """The first frame names the pipe."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._target: Union[Pipe, None] = None
        self._named = False

    def send(self, body: bytes, more: bool) -> int:
        """Take the name, then queue the frames behind it."""
        if not self._named:
            return self._choose(body) if more else 0
        if self._target is not None:
            self._target.output.write(body, more)
        if not more:
            self._named = False
            self._target = None
        return 0

    def _choose(self, name: bytes) -> int:
        pipe = self.hub.names.get(name)
        if pipe is not None and pipe.output.full():
            if self.mandatory:
                pipe.output.park_writer()
                self.refused = pipe
                return -EAGAIN
            pipe.missed += 1
            pipe = None
        elif pipe is None:
            if self.mandatory:
                return -EHOSTUNREACH
            self.hub._lose_one()
        self._named = True
        self._target = pipe
        self.hub.chosen = pipe.id if pipe is not None else 0
        return 0

    def ready(self) -> bool:
        """Always, unless MANDATORY and every peer is full."""
        return self._named or not self.mandatory or self._any_room()

    def resumable(self) -> bool:
        """The full peer has room, or is gone."""
        pipe = self.refused
        return pipe is None or pipe.closed or not pipe.output.full()

    def _any_room(self) -> bool:
        room = False
        for pipe in self.hub.names.values():
            if pipe.output.full():
                pipe.output.park_writer()
            else:
                room = True
        return room

    def remove(self, pipe: Pipe) -> None:
        """The rest of a message to it is swallowed."""
        if pipe is self._target:
            self._target = None
