"""Strategies that make up programs over the network."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .programs import BAD, KINDS, TOPICS, Operation, Program, on, sizes, weighted, words
from .ties import PUBLISHERS

PLACES = ("tcp", "ipc")
#: Pairs whose messages may wait to be received: by one, from one.
LAZY = (
    ("PAIR", "PAIR"),
    ("PUSH", "PULL"),
    ("DEALER", "ROUTER"),
    ("DEALER", "DEALER"),
    ("ROUTER", "ROUTER"),
)
NOWHERE = (*BAD, "tcp://127.0.0.1:1", "ipc:///nowhere/at/all", "ipc://" + "x" * 200)
#: Not `BAD` with tcp:// or ipc://: that would be made up for the socket to be at.
UNBINDABLE = tuple(one for one in NOWHERE if not one.startswith(("tcp://", "ipc:///")))
SETTINGS = (
    ("IMMEDIATE", 1),
    ("IMMEDIATE", 0),
    ("ROUTER_MANDATORY", 1),
    ("ROUTER_MANDATORY", 0),
    ("REQ_CORRELATE", 1),
    ("XPUB_VERBOSER", 1),
    ("SNDHWM", 100),
    ("RCVHWM", 100),
    ("SNDHWM", 0),
    ("RCVHWM", 0),
    ("TCP_KEEPALIVE", 1),
    ("TOS", 8),
    ("IPV6", 1),
    ("BACKLOG", 1),
    ("SNDBUF", 4096),
    ("RCVBUF", 4096),
    ("MAXMSGSIZE", 200_000),
    ("HEARTBEAT_IVL", 1000),
    ("HANDSHAKE_IVL", 0),
    ("MAXMSGSIZE", None),
    ("SNDBUF", -2),
)
READABLE = ("RCVMORE", "TYPE", "ROUTING_ID", "IMMEDIATE", "SNDHWM", "MAXMSGSIZE")
RECEIVES = ("recv", "recv_multipart", "recv_frame", "drain")

bodies = st.lists(weighted((2, words), (1, sizes)), min_size=1, max_size=3)
changes = st.sampled_from(("SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE"))


def _operations(
    count: int, lazy: bool, publishes: bool
) -> st.SearchStrategy[Operation]:
    """One operation on one of `count` sockets."""
    settings = on("set", count, st.sampled_from(SETTINGS))
    return weighted(
        (6, on("say", count, bodies, st.integers(1, 2))),
        (4 * publishes, on("subscribe", count, changes, st.sampled_from(TOPICS))),
        (4 if lazy else 1, st.one_of([on(name, count) for name in RECEIVES])),
        (4, _ties(count)),
        (1, _nonsense(count)),
        (1, settings.map(lambda made: (*made[:2], *made[2]))),
        (1, _looks(count)),
    )


def _ties(count: int) -> st.SearchStrategy[Operation]:
    places = st.sampled_from(PLACES)
    binder = st.just(0)
    return st.one_of(
        on("connect", count, places),
        on("disconnect", count, places),
        st.tuples(st.just("bind"), binder, places),
        st.tuples(st.just("unbind"), binder, places),
        on("renew", count),
    )


def _nonsense(count: int) -> st.SearchStrategy[Operation]:
    return st.one_of(
        on("bind", count, st.sampled_from(UNBINDABLE)),
        on("unbind", count, st.sampled_from(NOWHERE)),
        on("disconnect", count, st.sampled_from(NOWHERE)),
    )


def _looks(count: int) -> st.SearchStrategy[Operation]:
    return st.one_of(
        on("poll", count, st.integers(0, 3)),
        on("get", count, st.sampled_from(READABLE)),
    )


@st.composite
def network_programs(draw: Any, most: int = 20) -> Program:
    """A socket that binds, and one or two that connect to it, and `most` operations."""
    lazy = draw(st.integers(0, 3)) == 0
    kinds = list(draw(st.sampled_from(LAZY if lazy else KINDS)))
    if draw(st.booleans()):
        kinds.reverse()
    if not lazy and "PAIR" not in kinds and draw(st.booleans()):
        kinds.append(kinds[1])
    count, place = len(kinds), draw(st.sampled_from(PLACES))
    publishes = bool(PUBLISHERS & set(kinds))
    first: list[Operation] = []
    if draw(st.integers(0, 4)):
        connects = [("connect", n, place) for n in range(1, count)]
        first = draw(st.permutations([("bind", 0, place), *connects]))
    least = draw(st.integers(0, most))
    operations = _operations(count, lazy, publishes)
    rest = draw(st.lists(operations, min_size=least, max_size=most))
    return Program(tuple(kinds), (*first, *rest), "lazy" if lazy else "network")
