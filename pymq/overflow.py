"""What `send` does with a message when there is no room for it."""

from __future__ import annotations

from enum import Enum
from errno import EAGAIN, EINVAL, ENOBUFS
from typing import Callable, Union

from .backend.abc import HubOption, Send
from .constants import SocketOption, SocketType
from .error import ZMQError
from .socket_state import SocketState

_HAVE = (
    SocketType.PUSH,
    SocketType.DEALER,
    SocketType.PAIR,
    SocketType.PUB,
    SocketType.XPUB,
)


class Overflow(Enum):
    """The values of `Socket.overflow`."""

    #: Wait for room, for at most SNDTIMEO ms.  libzmq's way, except for PUB and XPUB.
    BLOCK = "block"
    #: Drop the new message.  PUB and XPUB, as in libzmq, drop it for those peers only
    #: that have no room.
    DROP_NEWEST = "drop newest"
    #: Drop the message that has waited for longest, among those of which no byte has
    #: left yet.  If there is none, drop the new one.
    DROP_OLDEST = "drop oldest"
    #: Raise ZMQError(ENOBUFS).
    ERROR = "error"


class Overflowing(SocketState):
    """Mixed into `Socket`."""

    _overflow: Overflow = Overflow.BLOCK

    @property
    def overflow(self) -> Overflow:
        """What the sending calls do when there is no room for a message.

        Not in pyzmq.  An `Overflow`, or its value as a str.  There is no room when
        every peer that the message could go to is at its high-water mark (SNDHWM), or
        when there is no peer.  For PUB and XPUB it is when one of the peers that the
        message is for is at its mark.

        Only BLOCK waits, and with DONTWAIT it does not either.  `stats` counts what was
        dropped.  The first value is BLOCK; for PUB and XPUB it is DROP_NEWEST, unless
        XPUB_NODROP is set.

        Setting it: ZMQError(EINVAL) for types other than PUSH, DEALER, PAIR, PUB and
        XPUB; ValueError for another value.
        """
        return Overflow.DROP_NEWEST if self._drops() else self._overflow

    @overflow.setter
    def overflow(self, value: Union[Overflow, str]) -> None:
        policy = Overflow(value)
        self._check_open()
        if self._type not in _HAVE:
            raise ZMQError(EINVAL, f"not for a {self._type.name}")
        if self._pattern.routing.send is Send.TO_ALL:
            refuses = policy is not Overflow.DROP_NEWEST
            self._options[SocketOption.XPUB_NODROP] = int(refuses)
            self._hub.set(HubOption.NO_DROP, int(refuses))
            policy = policy if refuses else Overflow.BLOCK
        self._tell(_overflow=policy)

    def _drops(self) -> bool:
        """Whether peers without room miss the message."""
        to_all = self._pattern.routing.send is Send.TO_ALL
        return to_all and not self._options[SocketOption.XPUB_NODROP]

    def _overflowed(self, send: Callable[[], int], more: bool) -> int:
        """Do what `overflow` says after `send` gave EAGAIN.  Returns what `send`
        would."""
        policy, hub = self._overflow, self._hub
        result = -EAGAIN
        if policy is Overflow.ERROR:
            raise ZMQError(ENOBUFS, "no room for the message")
        made = policy is Overflow.DROP_OLDEST
        while made and result == -EAGAIN:
            made = hub.make_room()
            result = send()  # also if none was made: others may have done so
        if policy is not Overflow.BLOCK and result == -EAGAIN:
            hub.lose(more)
            return 0
        return result
