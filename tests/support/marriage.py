"""Connecting two sockets, and knowing that they are connected, without a pause.

Each pair of socket types has its own proof: a message that went all the way.
Nothing of it is left in either socket afterwards.
"""

from __future__ import annotations

import errno
import itertools
from typing import Any, Callable

from library import Library
from patience import until

PAIR, PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH, XPUB, XSUB = range(11)
PROBE = b"\xffprobe"  # sorts behind, and is no prefix of, any topic of a test

_numbers = itertools.count()


def marry(zmq: Library, a: Any, b: Any, transport: str) -> str:
    """Bind `a`, connect `b`, return the endpoint once each has heard the other."""
    endpoint = zmq.bind(a, transport)
    b.connect(endpoint)
    settle(a, b)
    return endpoint


def settle(a: Any, b: Any) -> None:
    """Return once the only connection of these sockets carries messages."""
    kinds = int(a.type), int(b.type)
    if kinds in PROOFS:
        PROOFS[kinds](a, b)
    else:
        PROOFS[kinds[::-1]](b, a)


def _one_way(sender: Any, receiver: Any) -> None:
    sender.send(PROBE)
    assert receiver.recv() == PROBE


def _both_ways(a: Any, b: Any) -> None:
    _one_way(a, b)
    _one_way(b, a)


def _round_trip(client: Any, server: Any) -> None:
    """The server sends back what it was sent, envelope and all."""
    request = [b"", PROBE] if int(client.type) == DEALER else [PROBE]
    client.send_multipart(request)
    server.send_multipart(server.recv_multipart())
    assert client.recv_multipart() == request


def _subscription(publisher: Any, subscriber: Any) -> None:
    """A new connection announces what there is in any order.  What is subscribed
    when it works travels behind that: when it works too, all does."""
    for _ in range(2):
        _one_subscription(publisher, subscriber)


def _one_subscription(publisher: Any, subscriber: Any) -> None:
    topic = PROBE + str(next(_numbers)).encode()
    subscribe(subscriber, topic)

    def heard() -> int:
        publisher.send(topic)
        ready: int = subscriber.poll(1)
        return ready

    until(heard)
    last = topic + b"."
    publisher.send(last)
    while subscriber.recv() != last:
        pass
    unsubscribe(subscriber, topic)


def _notice(publisher: Any, subscriber: Any) -> None:
    """As `_subscription`, but XPUB says what it has heard; earlier notices are
    taken out of the socket too."""
    topic = PROBE + str(next(_numbers)).encode()
    subscribe(subscriber, topic)
    while publisher.recv() != b"\1" + topic:
        pass
    unsubscribe(subscriber, topic)
    while publisher.recv() != b"\0" + topic:
        pass


def subscribe(subscriber: Any, topic: bytes) -> None:
    """Subscribe a SUB or an XSUB."""
    if int(subscriber.type) == XSUB:
        subscriber.send(b"\1" + topic)
    else:
        subscriber.subscribe(topic)


def unsubscribe(subscriber: Any, topic: bytes) -> None:
    """Unsubscribe a SUB or an XSUB."""
    if int(subscriber.type) == XSUB:
        subscriber.send(b"\0" + topic)
    else:
        subscriber.unsubscribe(topic)


PROOFS: dict[tuple[int, int], Callable[[Any, Any], None]] = {
    (PAIR, PAIR): _both_ways,
    (DEALER, DEALER): _both_ways,
    (PUSH, PULL): _one_way,
    (REQ, REP): _round_trip,
    (REQ, ROUTER): _round_trip,
    (DEALER, REP): _round_trip,
    (DEALER, ROUTER): _round_trip,
    (PUB, SUB): _subscription,
    (PUB, XSUB): _subscription,
    (XPUB, SUB): _notice,
    (XPUB, XSUB): _notice,
}


def reaches(zmq: Library, router: Any, name: bytes, body: bytes = b"known?") -> bool:
    """Whether a ROUTER that is MANDATORY has a peer of that name, which gets `body`."""
    try:
        router.send_multipart([name, body], zmq.DONTWAIT)
    except zmq.ZMQError as error:
        assert error.errno == errno.EHOSTUNREACH
        return False
    return True
