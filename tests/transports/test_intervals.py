"""RECONNECT_IVL and RECONNECT_IVL_MAX: how long the next attempt is waited for."""

from __future__ import annotations

import pytest
from library import Library
from watching import Watch


def _waits(zmq: Library, count: int, **options: int) -> list[int]:
    """As the monitor tells of them, while nobody listens."""
    sock = zmq.socket(zmq.DEALER, **options)
    watched = Watch(zmq, sock, zmq.EVENT_CONNECT_RETRIED)
    sock.connect(zmq.reserved("tcp"))
    return [watched.next().value for _ in range(count)]


def test_one_and_the_same_interval(zmq: Library) -> None:
    """And up to as much again, by chance."""
    waits = _waits(zmq, 10, reconnect_ivl=10)
    assert all(10 <= wait <= 20 for wait in waits)


def test_intervals_that_grow(zmq: Library) -> None:
    """Each twice the last one, up to the limit; some chance in it is no harm."""
    waits = _waits(zmq, 6, reconnect_ivl=10, reconnect_ivl_max=80)
    for wait, full in zip(waits, (10, 20, 40, 80, 80, 80)):
        assert full // 2 <= wait <= full


@pytest.mark.fails_on("pyzmq", reason="all of them wait for the same time")
def test_clients_that_lost_a_server_do_not_come_back_together(zmq: Library) -> None:
    """Chance makes their waits differ, also when they grow."""
    fourth = {
        _waits(zmq, 4, reconnect_ivl=20, reconnect_ivl_max=160)[-1] for _ in range(8)
    }
    assert len(fourth) > 2


def test_a_limit_below_the_interval(zmq: Library) -> None:
    assert max(_waits(zmq, 3, reconnect_ivl=1000, reconnect_ivl_max=10)) <= 10


@pytest.mark.parametrize("six", [0, 1])
def test_the_old_name_of_ipv6(zmq: Library, six: int) -> None:
    sock = zmq.socket(zmq.DEALER)
    sock.set(zmq.IPV4ONLY, 1 - six)
    assert (sock.get(zmq.IPV6), sock.get(zmq.IPV4ONLY)) == (six, 1 - six)
    sock.set(zmq.IPV6, 1 - six)
    assert (sock.get(zmq.IPV6), sock.get(zmq.IPV4ONLY)) == (1 - six, six)
