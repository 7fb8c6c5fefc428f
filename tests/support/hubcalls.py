"""Random calls of hubs, to see whether both backends answer each alike.

A `Plan` says which hubs there are, and what is done; a `World` does it with one
backend.  Pipes are numbered as they are opened; names that a hub has made up, and
numbers of requests, are the same in every world.
"""

from __future__ import annotations

import random
from collections import defaultdict
from errno import EAGAIN
from typing import Any, Callable, Iterator, NamedTuple
from unittest import mock

import workbench
from hypothesis import strategies as st

from pymq.backend.abc import Backend, Hub, HubOption, Pipe, Receive, Routing, Send

Operation = tuple[Any, ...]

PAIRS = (
    "REQ REP, REQ ROUTER, DEALER REP, DEALER ROUTER, ROUTER ROUTER, DEALER DEALER, "
    "PUSH PULL, PAIR PAIR, PUB SUB, XPUB SUB, XPUB XSUB, PUB XSUB, DEALER PULL, "
    "REQ REQ, REP PULL, PULL PUB, DEALER XPUB"
)
SWITCHES = tuple(option for option in HubOption if option > HubOption.RECV_HWM)
MARKS = (HubOption.SEND_HWM, HubOption.RECV_HWM)
NAMES = (b"n0", b"n1", b"m0", b"m1")
TOPICS = (b"", b"a", b"ab", b"x")
GENERATED = 5  # octets of a name that a hub has made up, of which the first is 0


class Plan(NamedTuple):
    """What is done with which hubs; `looks` after each call whether they are ready."""

    kinds: tuple[str, ...]
    marks: tuple[tuple[int, int], ...]
    looks: bool
    operations: list[Operation]


class World:
    """The hubs of a plan, made by one backend."""

    def __init__(self, backend: Backend, plan: Plan) -> None:
        self._routings: list[Routing] = [getattr(workbench, k) for k in plan.kinds]
        self._loop = backend.loop(1)
        with mock.patch.object(random, "getrandbits", lambda bits: 7):
            self._hubs = [backend.hub(self._loop, each) for each in self._routings]
        self._pipes: list[Pipe] = []
        self._owners: list[int] = []  # the hub of each
        self._unjoined: list[int] = []
        self._numbers: dict[int, int] = {}  # of pipes, by id
        self._met: dict[tuple[int, int], int] = defaultdict(int)  # pairs of pipes
        self._plan = plan
        for number, marks in enumerate(plan.marks):
            for option, mark in zip(MARKS, marks):
                self._hubs[number].set(option, mark)

    def run(self) -> Iterator[tuple[Operation, Any]]:
        """Each call, and what came of it."""
        for operation in [("join", 0, 1, False), *self._plan.operations]:
            yield operation, self._plain(self._do(*operation))
            state = [self._state(*each) for each in zip(self._hubs, self._routings)]
            yield ("state",), state
        yield (
            ("events",),
            sorted(
                (each.kind, self._numbers[each.pipe])
                for each in self._loop.take_events()
            ),
        )

    def close(self) -> None:
        """End everything."""
        for hub in self._hubs:
            hub.stop(5)
            hub.free()
        self._loop.stop()

    def _state(self, hub: Hub, routing: Routing) -> tuple[int, ...]:
        ready = hub.ready() if self._plan.looks else 0
        to_one = routing.send not in (Send.TO_ALL, Send.NONE)
        chosen = self._number(hub.chosen) if to_one else 0
        return ready, self._number(hub.peer), chosen

    def _number(self, pipe: int) -> int:
        return self._numbers.get(pipe, -1)

    def _plain(self, found: Any) -> Any:
        """With views as bytes, and names that were made up as one."""
        if isinstance(found, memoryview):
            found = bytes(found)
        if isinstance(found, bytes):
            made_up = found[:1] == b"\0" and len(found) == GENERATED
            return b"made up" if made_up else found
        if isinstance(found, (tuple, list)):
            return [self._plain(each) for each in found]
        return found

    def _do(self, call: str, *arguments: Any) -> Any:
        method: Callable[..., Any] = getattr(self, "_" + call)
        return method(*arguments)

    # Pipes.

    def _open(self, number: int, conflate: bool) -> Any:
        pipe = self._hubs[number].open(conflate)
        if pipe is None:
            return None
        self._numbers[pipe.id] = len(self._pipes)
        self._unjoined.append(len(self._pipes))
        self._owners.append(number)
        self._pipes.append(pipe)
        return self._numbers[pipe.id]

    def _join(self, one: int, other: int, conflate: bool) -> Any:
        """Two new pipes, or the oldest of each hub that are not joined."""
        ends = []
        for number in (one, other):
            free = [at for at in self._unjoined if self._owners[at] == number]
            end = free[0] if free else self._open(number, conflate)
            if end is None:
                return None
            self._unjoined.remove(end)
            ends.append(end)
        first, second = (self._pipes[end] for end in ends)
        self._met[min(one, other), max(one, other)] += 1
        first.join(second)
        return ends

    def _pipe(self, call: str, number: int, *arguments: Any) -> Any:
        if not self._pipes:
            return None
        number %= len(self._pipes)
        found = getattr(self._pipes[number], call)(*arguments)
        if call == "close" and number in self._unjoined and found:
            self._unjoined.remove(number)
        handed_over = call == "name" and found > 0
        return self._number(found) if handed_over else found

    # Hubs.

    def _hub(self, call: str, number: int, *arguments: Any) -> Any:
        return getattr(self._hubs[number], call)(*arguments)

    def _receive(self, call: str, number: int) -> Any:
        hub = self._hubs[number]
        found = getattr(hub, call)()
        return found, hub.more

    def _receive_from(self, call: str, number: int) -> Any:
        hub = self._hubs[number]
        found = getattr(hub, call)()
        if isinstance(found, int):
            return found
        body, pipe, *more = found
        return body, self._number(pipe), more, hub.more

    def _quick_recv(self, number: int) -> Any:
        hub = self._hubs[number]
        found = hub.quick_recv()
        return hub.recv() if found is None else found

    def _quick_recv_message(self, number: int) -> Any:
        hub = self._hubs[number]
        found = hub.quick_recv_message()
        return hub.recv_message() if found is None else found

    def _press(self, number: int, drops: bool) -> Any:
        """Send; without room drop the oldest message for it, or this one."""
        hub = self._hubs[number]
        result = hub.send(b"pressed")
        if result != -EAGAIN:
            return result
        return hub.make_room() and hub.send(b"pressed") if drops else hub.lose(False)

    def _move(self, number: int, to: int, most: int) -> Any:
        """Whose turn it is among pipes that bring what is sent is nobody's promise."""
        if self._met[min(number, to), max(number, to)] > 1:
            return None
        return self._hubs[number].move(self._hubs[to], most)

    def _count(self, number: int) -> Any:
        """But for bytes, of which frames of different kinds have different ones."""
        hub = self._hubs[number]
        known = {pipe.id: ("", b"", "", "", "") for pipe in self._pipes}
        peers = [each._replace(since=each.since > 0) for each in hub.peers(known)]
        return hub.totals(), peers

    def _has(self, number: int, pipe: int) -> Any:
        at = pipe % len(self._pipes) if self._pipes else 0
        return bool(self._pipes) and self._hubs[number].has(self._pipes[at].id)


def _bodies() -> st.SearchStrategy[bytes]:
    short = st.sampled_from((b"", b"a", b"ab", b"\1", b"\1a", b"\0a", *NAMES))
    return short | st.sampled_from((b"x" * 300, b"a" * 2000, b"y" * 5000, b"z" * 20000))


def _messages() -> st.SearchStrategy[list[bytes]]:
    short = st.sampled_from((b"", b"a", b"\1a", *NAMES, b"q" * 1000))
    return st.lists(short, min_size=1, max_size=4)


def _calls(number: st.SearchStrategy[int]) -> list[st.SearchStrategy[Operation]]:
    """Of any hub."""
    flag, pipe = st.booleans(), st.integers(0, 15)
    just, few = st.just, st.integers(1, 4)
    hub = just("hub")
    body, message, topic = _bodies(), _messages(), st.sampled_from(TOPICS)
    rarely = st.sampled_from((False, False, False, True))
    whole = st.sampled_from(("recv_message", "recv"))
    sourced = st.sampled_from(("recv_from", "recv_message_from"))
    sending = [
        st.tuples(hub, just("send"), number, body, rarely),
        st.tuples(hub, just("quick_send"), number, st.sampled_from((b"a", b"n0", b""))),
        st.tuples(hub, just("send_message"), number, message, rarely),
        st.tuples(hub, just("send_many"), number, message),
        st.tuples(just("move"), number, number, st.integers(1, 3)),
    ]
    receiving = [
        st.tuples(just("receive"), whole, number),
        st.tuples(just("receive_from"), sourced, number),
        st.tuples(just("quick_recv"), number),
        st.tuples(just("quick_recv_message"), number),
        st.tuples(hub, just("recv_many"), number, few),
    ]
    pipes = [
        st.tuples(just("join"), just(0), just(1), rarely),
        st.tuples(just("open"), number, rarely),
        st.tuples(just("pipe"), just("close"), pipe, flag, flag),
        st.tuples(just("pipe"), just("name"), pipe, st.sampled_from(NAMES), flag),
        st.tuples(just("pipe"), st.sampled_from(("gone", "unsent")), pipe),
        st.tuples(just("has"), number, pipe),
    ]
    changing = [
        st.tuples(
            hub, just("set"), number, st.sampled_from(SWITCHES), st.integers(0, 1)
        ),
        st.tuples(hub, just("set"), number, st.sampled_from(MARKS), st.integers(0, 3)),
    ]
    looking = [
        st.tuples(just("count"), number),
        st.tuples(hub, just("ready"), number),
        st.tuples(hub, just("wait"), number, st.sampled_from((1, 2, 3, 8)), just(0)),
        st.tuples(hub, just("subscribers"), number, topic),
        st.tuples(hub, just("topics"), number),
        st.tuples(hub, just("probe"), number, few),
    ]
    return [*sending * 3, *receiving * 3, *pipes, *changing, *looking]


def _special(at: int, routing: Routing) -> list[st.SearchStrategy[Operation]]:
    """Of a hub of that kind."""
    number, just = st.just(at), st.just
    hub, topic, flag = just("hub"), st.sampled_from(TOPICS), st.booleans()
    found: list[st.SearchStrategy[Operation]] = []
    if routing.turns.name == "ASKS":
        found += [
            st.tuples(hub, just("ask"), number, _messages(), flag),
            st.tuples(hub, just("give_up"), number),
        ]
    if routing.subscribes:
        calls = st.sampled_from(("subscribe", "unsubscribe"))
        found += [st.tuples(hub, calls, number, topic)] * 3
    if routing.receive in (Receive.TOPICS, Receive.NOTICES):
        found += [
            st.tuples(hub, just("grant"), number, topic, flag),
            st.tuples(hub, just("keep_last"), number, st.sampled_from((0, 1, 3))),
        ]
    if routing.send in (Send.ONE, Send.IN_TURN, Send.TO_ALL) and not routing.subscribes:
        greeting = st.none() | just(b"hello")
        found += [
            st.tuples(just("press"), number, flag),
            st.tuples(hub, just("greet"), number, greeting),
        ]
    return found


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Two hubs that are joined, and up to two more."""
    pair = draw(st.sampled_from(PAIRS.split(", "))).split()
    more = draw(st.lists(st.sampled_from(pair), max_size=2))
    kinds = (*pair, *more)
    mark = st.sampled_from((1, 2, 3, 10))
    marks = draw(st.tuples(*[st.tuples(mark, mark) for _ in kinds]))
    calls = _calls(st.integers(0, len(kinds) - 1) | st.integers(0, 1))
    for at, kind in enumerate(kinds):
        calls += _special(at, getattr(workbench, kind))
    operations = draw(st.lists(st.one_of(calls), max_size=80))
    return Plan(kinds, marks, draw(st.booleans()), operations)
