"""What a program over the network has tied together: socket 0 binds, others connect.

It says what must come of an operation, so that one can wait for it.  Whether it comes,
and what it is, is what implementations are compared in.
"""

from __future__ import annotations

from typing import Optional

Message = list[bytes]

PUBLISHERS = {"PUB", "XPUB"}
SUBSCRIBERS = {"SUB", "XSUB"}
#: Send to their peers in turn.
IN_TURN = {"PUSH", "DEALER", "REQ"}
#: May refuse a peer until all of the last one was read.
EXCLUSIVE = {"PAIR", "ROUTER"}
#: Ignore that they are told once more to connect.
ONCE = {"DEALER", "REQ", "PUB", "SUB"}
#: Have a routing id that a ROUTER may know them by.
NAMED = {"DEALER", "REQ", "ROUTER"}
TAG = b"from "  # begins the frame that says who sent a message


def name(number: int) -> bytes:
    """The routing id of a socket."""
    return b"socket%d" % number


def tag(number: int) -> bytes:
    """The frame that says who sent a message."""
    return TAG + b"%d" % number


def sender(frames: Message) -> int:
    """Who sent a message; -1: it is no message of the program, but a notice."""
    tags = [frame for frame in frames if frame.startswith(TAG)]
    return int(tags[0][len(TAG) :]) if tags else -1


class Ties:
    """Who is tied to socket 0, and what is under way."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = kinds
        self.publishes = bool(PUBLISHERS & set(kinds))
        self.bound: set[str] = set()
        self.asked: dict[int, str] = {}  # connecters, and where to
        self.immediate: set[int] = set()  # connecters that keep nothing
        self.joined: set[int] = set()  # connecters whose connection had a peer
        self.lives = [0] * len(kinds)  # how many connections a connecter had
        self.kept = [0] * len(kinds)  # messages that connecters keep for their peer
        self.awaiting: set[int] = set()  # REQ without a reply
        self.owed: dict[int, tuple[int, int]] = {}  # who owes a reply to whose life
        self.queued = 0  # requests that socket 0 will receive after its reply

    @property
    def up(self) -> list[int]:
        """Connecters that are connected."""
        return [n for n, where in sorted(self.asked.items()) if where in self.bound]

    def peers(self, number: int) -> list[int]:
        """Whom a socket is connected to."""
        return ([0] if number in self.up else []) if number else self.up

    def other(self, number: int) -> str:
        """The type of a socket's peers."""
        return self.kinds[0 if number else 1]

    def answers(self, number: int) -> bool:
        """Whether a socket sends replies only; a ROUTER to REQ behaves."""
        return self.kinds[number] == "REP" or self.other(number) == "REQ"

    def requests(self, number: int) -> bool:
        """Whether what a socket sends is a request."""
        return self.kinds[number] == "REQ" or self.other(number) == "REP"

    def may_connect(self, number: int, place: str) -> bool:
        """One connection is enough; some types ignore that they are told twice."""
        where = self.asked.get(number)
        return where is None or (where == place and self.kinds[number] in ONCE)

    def connect(self, number: int, place: str, immediate: bool) -> None:
        """A connecter begins to connect."""
        self.asked[number] = place
        (self.immediate.add if immediate else self.immediate.discard)(number)

    def join(self, number: int) -> int:
        """A connection is made; how many messages were kept for it."""
        self.joined.add(number)
        self.lives[number] += 1
        kept, self.kept[number] = self.kept[number], 0
        return kept

    def leave(self, number: int) -> None:
        """A connecter gives its connection up."""
        self.asked.pop(number, None)
        self.joined.discard(number)
        self.kept[number] = 0

    def forget(self, number: int) -> None:
        """A socket is closed."""
        self.owed.pop(number, None)
        self.awaiting.discard(number)
        if number:
            self.leave(number)
        else:
            self.bound.clear()
            self.queued = 0

    def may_part(self, number: int) -> bool:
        """Whether connections end at once, with nothing under way.

        In libzmq they do when the socket reads on: a REQ when it has asked, a REP when
        it has replied.
        """
        reads = {"REQ": 0 in self.awaiting, "REP": 0 not in self.owed}
        return not self.queued and (number > 0 or reads.get(self.kinds[0], True))

    def may_say(self, number: int) -> bool:
        """Whether it is known what becomes of a message, or of a call out of turn."""
        if self.answers(number):
            return self._may_answer(number)
        if not self.requests(number) or number in self.awaiting:
            return True
        busy = bool(self.owed) and not number
        return not (busy or self.queued or sum(self.kept))

    def _may_answer(self, number: int) -> bool:
        if number not in self.owed:
            return self.kinds[number] == "REP"
        who = self._asker(number)
        if who is None:
            return not number
        return self.other(number) != "REQ" or who in self.awaiting

    def _asker(self, number: int) -> Optional[int]:
        """Whom the reply of a socket reaches, if anybody.

        A connecter replies over the connection that it has; a bound REP over the one
        that the request came from; a ROUTER by name.
        """
        who, life = self.owed[number]
        same = number or self.kinds[0] == "ROUTER" or self.lives[who] == life
        return who if same and (number or who) in self.up else None

    def envelope(self, number: int, to: int) -> Message:
        """The frames before a message; of a routing id that of the `to`th peer."""
        delimiter = {"REP": [b""], "REQ": [b""]}.get(self.other(number), [])
        kind = self.kinds[number]
        if kind == "ROUTER":
            return [name(self._addressee(number, to)), *delimiter]
        return delimiter if kind == "DEALER" else []

    def _addressee(self, number: int, to: int) -> int:
        if number in self.owed:
            return self.owed[number][0]
        return 0 if number else to

    def say(self, number: int, to: int) -> tuple[list[int], int]:
        """A message was sent: who may receive how many messages now."""
        if self.answers(number):
            return self._reply(number)
        if self.kinds[number] == "REQ":
            self.awaiting.add(number)
        if self.kinds[number] == "ROUTER" and not number:
            return [to], int(to in self.up)
        if number in self.asked and number not in self.up:
            self.kept[number] += self._keeps(number)
            return [], 0
        return self.arrive(self.peers(number), 1)

    def _keeps(self, number: int) -> bool:
        """Whether a connecter keeps what it sends for a peer that is not there.

        Over a connection that broke a ROUTER still knows its peer.
        """
        known = self.kinds[number] != "ROUTER" or number in self.joined
        return known and number not in self.immediate

    def _reply(self, number: int) -> tuple[list[int], int]:
        who = self._asker(number)
        del self.owed[number]
        return ([], 0) if who is None else ([who], 1)

    def arrive(self, receivers: list[int], count: int) -> tuple[list[int], int]:
        """Messages come: a REP that owes a reply does not receive them yet."""
        if receivers == [0] and self.kinds[0] == "REP" and 0 in self.owed:
            self.queued += count
            return [], 0
        return receivers, count if receivers else 0

    def received(self, number: int, frames: Message) -> None:
        """A socket has received a message."""
        self.awaiting.discard(number)
        if self.answers(number):
            who = sender(frames)
            self.owed[number] = who, self.lives[number or who]

    def next_request(self) -> int:
        """How many requests a REP receives after its reply."""
        count, self.queued = self.queued, 0
        return count
