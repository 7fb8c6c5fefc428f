"""Waiting for subscriptions, at either end, instead of sleeping for a while."""

from __future__ import annotations

import itertools
from errno import ENOTSUP
from functools import partial
from typing import Union

from .attendant import Attendant
from .base import SocketBase
from .constants import SocketType
from .deadline import until
from .error import ZMQError
from .pauses import News, Steps

_PUBLISHERS = (SocketType.PUB, SocketType.XPUB)
_SUBSCRIBERS = (SocketType.SUB, SocketType.XSUB)
_NUMBERS = 2**32 - 1  # that a probe may have; 0 is none
_numbers = (number % _NUMBERS + 1 for number in itertools.count())


class Subscriptions(SocketBase):
    """Mixed into `Socket`."""

    _last_values: int = 0

    def wait_for_subscribers(
        self,
        count: int = 1,
        topic: Union[bytes, str] = b"",
        timeout: Union[float, None] = None,
    ) -> bool:
        """PUB, XPUB: wait until a message that begins with `topic` would go to at least
        `count` peers; with the empty topic that is who has subscribed to everything.
        Not in pyzmq.

        For at most `timeout` ms (None: for ever); whether it is so.  XPUB: what
        subscribers have said can be received all the same.  ZMQError: ENOTSUP for
        another type, ENOTSOCK when the socket is closed meanwhile.
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
        """PUB, XPUB: of how many topics the last message is kept for who subscribes
        later, 0 (at first): none.  Not in pyzmq.

        A topic is all of a message's first frame; of more topics those are forgotten
        that did not change for longest.  Who subscribes gets the messages of all topics
        that begin so, in the order in which they were sent, unless he had subscribed to
        them before; what his mark has no room for he misses.  What is sent meanwhile
        comes behind that: nothing is missed, and nothing comes twice.  Not with
        INVERT_MATCHING.  Who connects again, or follows another behind an endpoint that
        the publisher has connected to, is new: he gets all last values that he asks
        for, in that case behind what was queued meanwhile.

        Setting it: ValueError if negative; ZMQError: ENOTSUP for another type.
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
        """SUB, XSUB: wait until at least so many `publishers` have taken in what was
        subscribed to before: what they send from then on arrives.  Not in pyzmq.

        By default every endpoint that was connected to, or one publisher if there is
        none.  For at most `timeout` ms (None: for ever); whether it is so.

        They answer a PING behind the subscriptions (ZMTP 3.1); of one that knows no
        PING (libzmq before 4.2) it can only be said that the kernel has them.  libzmq
        looks at new subscriptions once a millisecond while it sends.  ZMQError: ENOTSUP
        for another type, ENOTSOCK when the socket is closed meanwhile.
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
        """How many endpoints may have a publisher, and at least one."""
        with self._busy:
            every = [one for group in self._sessions.values() for one in group]
        return sum(not (one.keeps_input or one.over) for one in every) or 1

    def _check_type(self, types: tuple[SocketType, ...]) -> None:
        self._check_open()
        if self._type not in types:
            raise ZMQError(ENOTSUP, f"not for a {self._type.name}")
