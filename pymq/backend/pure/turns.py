"""Sending and receiving in turns (REQ, REP), and the envelopes that tell whose reply
a message is; see `pymq.backend.abc.Turns`."""

from __future__ import annotations

import random
import struct
from errno import EHOSTUNREACH
from typing import TYPE_CHECKING, Sequence, Union, cast

from ...constants import Errno
from .queue import MORE
from .receiving import Named, Receiver
from .sending import ByName, InTurn

if TYPE_CHECKING:
    from .hub import Hub
    from .pipe import Pipe

_DELIMITER = [b""]


def _first(pipe: Pipe) -> list[bytes]:
    """The frames of the next message of a pipe, which stays there."""
    frames = []
    for kind, body in pipe.input.frames:
        frames.append(body)
        if kind != MORE:
            break
    return frames


class Asking(InTurn):
    """Requests: with an envelope, and only when no reply is waited for."""

    correlate = 0
    relaxed = 0

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._number = random.getrandbits(32)  # of the last request
        self.envelope = _DELIMITER
        self._asked = 0  # pipe that has the request; 0: anybody's reply counts
        self.waiting = False  # for the reply

    def send(self, body: bytes, more: bool) -> int:
        """Queue one frame, and the envelope in front of the first."""
        if not self.hub.inside:
            if self._waits():
                return -Errno.EFSM
            self._begin(bool(self.correlate))
        return self._pass_on(body, more)

    def _waits(self) -> bool:
        busy = self.waiting or self.hub.receiver.begun()
        return busy and not self.relaxed

    def _begin(self, numbered: bool) -> None:
        self.waiting = False
        # What came late, or unasked, would be taken for the reply.
        cast(Replies, self.hub.receiver).drop_all()
        self.envelope = _DELIMITER
        if numbered:
            self._number = (self._number + 1) & 0xFFFFFFFF
            self.envelope = [struct.pack("=I", self._number), b""]

    def _pass_on(self, body: bytes, more: bool) -> int:
        if not self.hub.inside:
            for frame in self.envelope:
                result = super().send(frame, True)
                if result < 0:
                    return result
        result = super().send(body, more)
        if not more:
            self._asked = self.hub.chosen
            self.waiting = True
        return result

    def give_up(self) -> None:
        """Wait for no reply any more."""
        self.waiting = False
        self.hub.receiver.drop_rest()
        self.hub._tell_of_turn()

    def ask(self, frames: Sequence[bytes], again: bool) -> int:
        """See `pymq.backend.abc.Hub.ask`."""
        if self.hub.inside:
            return -Errno.EFSM
        if not again or self.envelope == _DELIMITER:
            self._begin(numbered=True)
        result = 0
        for index, frame in enumerate(frames):
            more = index < len(frames) - 1
            result = self._pass_on(frame, more)
            if result < 0:
                break
            self.hub.inside = more
        self._asked = 0
        self.waiting = True
        return result

    def expects(self, pipe: Pipe) -> bool:
        """Whether a reply from there counts."""
        # When the peer that was asked is gone, libzmq takes anyone's reply.  (Nobody
        # has number 0.)
        return pipe.id == self._asked or not self.hub.has(self._asked)

    def ready(self) -> bool:
        """As `send`, if it is its turn."""
        return not self._waits() and super().ready()

    def resumable(self) -> bool:
        """Whosever turn it is."""
        return super().ready()


class Replies(Receiver):
    """Replies to what was asked; all else is dropped."""

    batches = False

    @property
    def _asking(self) -> Asking:
        return cast(Asking, self.hub.sender)

    def _find(self) -> bool:
        asking = self._asking
        while asking.waiting and super()._find():
            pipe, envelope = self._active[0], asking.envelope
            frames, size = _first(pipe), len(envelope)
            fits = frames[:size] == envelope and len(frames) > size
            if fits and asking.expects(pipe):
                return True
            self._skip(pipe)
        return False

    def recv(self) -> Union[bytes, int]:
        """EFSM unless a request was sent."""
        if not (self._frames or self._asking.waiting):
            return -Errno.EFSM
        frame = super().recv()
        if not self._frames:
            self.hub._tell_of_turn()
        return frame

    def drop_all(self) -> None:
        """Nothing of what has come is wanted."""
        self.drop_rest()
        while super()._find():
            self._skip(self._active[0])

    def _take(self) -> bool:
        if not super()._take():
            return False
        for _ in self._asking.envelope:
            self._frames.popleft()
        self._asking.waiting = False
        return True


class Answering(ByName):
    """Replies: with the envelope of the request, when it was received."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.envelope: list[bytes] = []  # of the request to be answered

    def send(self, body: bytes, more: bool) -> int:
        """Queue one frame, and the envelope in front of the first."""
        if not self.hub.inside:
            if self.hub.receiver.begun() or not self.envelope:
                return -Errno.EFSM
            result = self._address()
            if result < 0:
                return result
        result = super().send(body, more)
        if not more:
            self.envelope = []
            self.hub._wake()  # there may be a request already
        return result

    def _address(self) -> int:
        for frame in self.envelope:
            result = super().send(frame, True)
            if result == -EHOSTUNREACH:
                self._named = True  # and nobody gets it, whatever MANDATORY says
            elif result < 0:
                return result
        return 0

    def ready(self) -> bool:
        """While a reply is owed."""
        return bool(self.envelope) and not self.hub.receiver.begun()


class Requests(Named):
    """Requests with an envelope; all else is dropped."""

    @property
    def _answering(self) -> Answering:
        return cast(Answering, self.hub.sender)

    def _find(self) -> bool:
        while not self._answering.envelope and super()._find():
            pipe = self._active[0]
            if b"" in _first(pipe)[:-1]:
                return True
            self._skip(pipe)
        return False

    def recv(self) -> Union[bytes, int]:
        """EFSM while a reply is owed."""
        if self._answering.envelope and not self._frames:
            return -Errno.EFSM
        frame = super().recv()
        if not self._frames:
            self.hub._tell_of_turn()
        return frame

    def _take(self) -> bool:
        if not super()._take():
            return False
        name, *frames = self._frames
        end = frames.index(b"") + 1
        self._answering.envelope = [name, *frames[:end]]
        for _ in self._answering.envelope:
            self._frames.popleft()
        return True
