"""How long a connecter waits before it tries again."""

from __future__ import annotations

import random
import time
from typing import Any, Mapping, Union

from .. import constants as _C

#: A peer that is there but refuses us, or leaves at once, is asked less and less often:
#: the wait doubles up to so many intervals.  RECONNECT_IVL_MAX takes their place.
REFUSED_MAX = 32
DOUBLINGS = 30


class Backoff:
    """How long one connecter waits, by RECONNECT_IVL and RECONNECT_IVL_MAX.

    If no peer is there, it waits for the interval plus as much again at random.  With
    RECONNECT_IVL_MAX the interval doubles each time, up to that, and at least half of
    it is waited for.  A connection sets the interval back only if it lasted longer than
    the wait before it.  (libzmq sets it back whenever something accepts, so clients
    that a server refuses keep it busy: libzmq #883.)
    """

    def __init__(self, options: Mapping[int, Any]) -> None:
        self._interval: int = options[_C.RECONNECT_IVL]  # ms
        self._limit: int = options[_C.RECONNECT_IVL_MAX]  # ms, 0: none
        self._failures = 0  # attempts in a row
        self._refusals = 0  # those among them that a peer ended
        self._met = False  # a peer has accepted this time
        self._since: Union[float, None] = None  # when the connection was made
        self._waited = 0.0  # seconds, the last wait

    def met(self) -> None:
        """A peer has accepted."""
        self._met = True

    def attached(self) -> None:
        """The connection can be used."""
        self._since = time.monotonic()

    def wait(self) -> Union[float, None]:
        """Return the seconds until the next attempt, None for never."""
        if self._interval <= 0:
            return None
        if self._since is not None and time.monotonic() - self._since >= self._waited:
            self._failures = self._refusals = 0
        waited = self._milliseconds() / 1000
        self._failures += 1
        self._refusals += self._met
        self._met, self._since, self._waited = False, None, waited
        return waited

    def _milliseconds(self) -> int:
        if self._limit:
            most = self._doubled(self._failures, self._limit)
            return most - random.randrange((most + 1) // 2)
        least = self._interval
        if self._met:
            least = self._doubled(self._refusals, REFUSED_MAX * least)
        return least + random.randrange(least)

    def _doubled(self, times: int, limit: int) -> int:
        return min(self._interval << min(times, DOUBLINGS), limit)
