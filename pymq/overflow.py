"""What becomes of a message that there is no room for."""

from __future__ import annotations

from enum import Enum
from errno import EAGAIN, EINVAL, ENOBUFS
from typing import Callable, Union

from .backend.abc import HubOption, Send
from .base import SocketBase
from .constants import SocketOption, SocketType
from .error import ZMQError

_HAVE = (
    SocketType.PUSH,
    SocketType.DEALER,
    SocketType.PAIR,
    SocketType.PUB,
    SocketType.XPUB,
)


class Overflow(Enum):
    """For `Socket.overflow`."""

    #: Wait for room, for at most SNDTIMEO ms: as libzmq, but for PUB and XPUB.
    BLOCK = "block"
    #: Drop it: as PUB and XPUB of libzmq, which they do for each peer on its own.
    DROP_NEWEST = "drop newest"
    #: Drop the one that waits for longest, and of which nothing has gone out yet; if
    #: there is none, the new one.
    DROP_OLDEST = "drop oldest"
    #: ZMQError(ENOBUFS).
    ERROR = "error"


class Overflowing(SocketBase):
    """Mixed into `Socket`."""

    _overflow: Overflow = Overflow.BLOCK

    @property
    def overflow(self) -> Overflow:
        """What `send` and its kin do with a message that there is no room for: every
        peer that it might go to is at its high-water mark, or there is none; of PUB
        and XPUB, one that it is for is at its mark.  Not in pyzmq.

        Whatever was dropped is counted (`stats`), and with DONTWAIT it is the same but
        for BLOCK.  ZMQError: EINVAL for types other than PUSH, DEALER, PAIR, PUB and
        XPUB, which cannot choose.
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
        """Whether peers miss what they have no room for."""
        to_all = self._pattern.routing.send is Send.TO_ALL
        return to_all and not self._options[SocketOption.XPUB_NODROP]

    def _overflowed(self, send: Callable[[], int], more: bool) -> int:
        """What comes of a message that `send` gave EAGAIN for: as `send` itself."""
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
