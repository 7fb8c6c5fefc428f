"""What a connection is made to suffer, and when: by octets, never by the clock."""

from __future__ import annotations

import random
from typing import NamedTuple, Sequence

ENDS = ("cut", "reset")
HINDRANCES = ("stall", "throttle", "split", "merge")
KINDS = (*ENDS, *HINDRANCES, "duplicate", "corrupt")


class Fault(NamedTuple):
    """`at` is how many octets of its direction go on unharmed before it.

    ========= ==================================================================
    cut       both ends are told of an orderly end; what comes after that is
              read, and dropped
    reset     both ends get a reset: what is under way is gone
    forsake   who connected gets a reset, who is bound hears nothing more
    stall     nothing goes on for `size` ms; 0: until `FaultProxy.release`
    throttle  the next `size` octets go on by 64, a millisecond apart
    split     the next `size` octets go on one by one
    merge     the next `size` octets go on as late, and as many at once, as can be
    corrupt   the next octet has the bits of `size` turned round
    duplicate the first `size` octets to who is bound go to a second connection,
              too, which is then ended; what that is answered is dropped
    ========= ==================================================================
    """

    kind: str
    at: int = 0
    size: int = 0
    back: bool = False  # of the octets to who connected


Plan = Sequence[Fault]


def schedule(seed: int, back: bool = False, reach: int = 6_000) -> list[Plan]:
    """Plans for as many connections as there are kinds, each with its own fault among
    the first `reach` of the octets that go there, or `back`, and some others.  All come
    to an end."""
    chance = random.Random(seed)
    order = list(KINDS)
    chance.shuffle(order)
    plans = [plan(chance, kind, reach) for kind in order]
    return [[fault._replace(back=back) for fault in one] for one in plans]


def plan(chance: random.Random, kind: str, reach: int) -> list[Fault]:
    """A connection with that fault, some hindrance, and an end."""
    at = chance.randrange(200, reach)
    faults = [_of(chance, kind, at), _of(chance, chance.choice(HINDRANCES), at // 2)]
    if kind not in ENDS:
        end = chance.choice(ENDS)
        faults.append(Fault(end, at + chance.randrange(1_000, 3 * reach)))
    return faults


def _of(chance: random.Random, kind: str, at: int) -> Fault:
    if kind == "stall":
        return Fault(kind, at, chance.randrange(1, 30))
    if kind == "corrupt":
        return Fault(kind, at, chance.randrange(1, 256))
    if kind == "duplicate":
        return Fault(kind, 0, at)
    return Fault(kind, at, chance.randrange(1, 400))
