"""Waiting for subscriptions, at either end, and the last value of each topic."""

from __future__ import annotations

import itertools
from errno import ENOTSUP
from functools import partial
from typing import Union

from .attendant import Attendant
from .constants import SocketType
from .deadline import until
from .error import ZMQError
from .pauses import News, Steps
from .socket_state import SocketState

_PUBLISHERS = (SocketType.PUB, SocketType.XPUB)
_SUBSCRIBERS = (SocketType.SUB, SocketType.XSUB)
_NUMBERS = 2**32 - 1  # that a probe may have; 0 is none
_numbers = (number % _NUMBERS + 1 for number in itertools.count())


class Subscriptions(SocketState):
    """Mixed into `Socket`."""

    _last_values: int = 0

    def wait_for_subscribers(
        self,
        count: int = 1,
        topic: Union[bytes, str] = b"",
        timeout: Union[float, None] = None,
    ) -> bool:
        """Wait until there are enough subscribers.  PUB and XPUB only; not in pyzmq.

        That is when a message that begins with `topic` would go to at least `count`
        peers.  With the empty topic these are the peers that have subscribed to
        everything.  Waits for at most `timeout` ms (None: for ever).  Returns whether
        it is so.  An XPUB can still receive the subscription messages.

        ZMQError: ENOTSUP for another type, ENOTSOCK if the socket is closed meanwhile.
        """
        return self._finish(self._awaiting(count, topic, timeout))

    def _awaiting(
        self, count: int, topic: Union[bytes, str], timeout: Union[float, None]
    ) -> Steps[bool]:
        self._check_type(_PUBLISHERS)
        first = topic.encode() if isinstance(topic, str) else bytes(topic)
        subscribers = partial(self._hub.subscribers, first)
        deadline = until(timeout)
        return (yield News(self, lambda: subscribers() >= count, deadline))

    @property
    def last_values(self) -> int:
        """Of how many topics the last message is kept for new subscribers.

        PUB and XPUB only; not in pyzmq. 0, the default, keeps none.  A topic is the
        whole first frame of a message.  When there are more topics, those that have not
        changed for longest are forgotten.

        A peer that subscribes to a prefix gets the kept messages of all topics that
        begin with it, oldest first, except those it had subscribed to before.  Messages
        sent later follow: it misses none and gets none twice.  Kept messages that its
        high-water mark has no room for it does not get.  With INVERT_MATCHING nothing
        is kept.

        A peer that connects again counts as new, and gets the kept messages again.  If
        it is the publisher that connects, they follow what was queued during the
        interruption.

        Setting it: ValueError if negative; ZMQError(ENOTSUP) for another type.
        """
        return self._last_values

    @last_values.setter
    def last_values(self, topics: int) -> None:
        self._check_type(_PUBLISHERS)
        if topics < 0:
            raise ValueError(f"{topics=} must not be negative")
        with self._busy:
            self._check_open()
            if topics and not self._attendants:
                self.context._start_threads()
                attendant = Attendant(self._hub, self.context._control)
                self._attendants.append(attendant)
            self._hub.keep_last(topics)
            self._tell(_last_values=topics)

    def wait_subscribed(
        self, timeout: Union[float, None] = None, publishers: Union[int, None] = None
    ) -> bool:
        """Wait until publishers know the subscriptions made so far.

        SUB and XSUB only; not in pyzmq.  Whatever they send from then on arrives.
        Waits for `publishers` peers.  None means one for each endpoint that this socket
        is connected to, and at least one.  Waits for at most `timeout` ms (None: for
        ever).  Returns whether it is so.

        A PING (ZMTP 3.1, RFC 37) follows the subscriptions; the publisher's PONG shows
        that it has read them.  A libzmq before 4.2 knows no PING: for such a peer it is
        only known that the kernel has accepted them.  A libzmq that is busy sending
        takes in new subscriptions once a millisecond.

        ZMQError: ENOTSUP for another type, ENOTSOCK if the socket is closed meanwhile.
        """
        return self._finish(self._probing(publishers, timeout))

    def _probing(
        self, publishers: Union[int, None], timeout: Union[float, None]
    ) -> Steps[bool]:
        self._check_type(_SUBSCRIBERS)
        deadline = until(timeout)
        if not (yield self._probe(publishers, deadline)):
            return False
        # libzmq answers as soon as it has read a PING, but passes what it read before
        # on only when it has read all that is there: so it is asked once more.
        return (yield self._probe(publishers, deadline))

    def _probe(
        self, publishers: Union[int, None], deadline: Union[float, None]
    ) -> News:
        number = next(_numbers)

        def answered() -> bool:
            wanted = self._connected() if publishers is None else publishers
            return self._hub.probe(number) >= wanted

        return News(self, answered, deadline)

    def _connected(self) -> int:
        """Return how many endpoints may have a publisher, at least one."""
        with self._busy:
            every = [one for group in self._sessions.values() for one in group]
        return sum(not (one.keeps_input or one.over) for one in every) or 1

    def _check_type(self, types: tuple[SocketType, ...]) -> None:
        self._check_open()
        if self._type not in types:
            raise ZMQError(ENOTSUP, f"not for a {self._type.name}")
