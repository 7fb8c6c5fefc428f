"""Threads and signals' handlers that receive, while native receives ahead."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from functools import partial
from typing import Any, Iterator

import pytest
from library import Library
from lookahead import joined, send_numbers, take
from marriage import marry
from patience import PATIENCE, Background, until
from workbench import Bench

IN = 1
LONG = 30_000  # ms: to wait is to hang


def test_nobody_waits_while_there_is_something(bench: Bench) -> None:
    """One thread has fetched many, takes one and leaves; the others get the rest."""
    pull, (push,) = joined(bench, 1)
    sleeper = Background(lambda: pull.wait(IN, LONG))
    send_numbers(push, 100)
    assert sleeper.result() == IN
    assert take(pull) == b"0"
    others = [Background(lambda: bench.recv(pull)) for _ in range(5)]
    got = [other.result()[0] for other in others]
    assert sorted(got) == [b"%d" % number for number in range(1, 6)]


@pytest.mark.only("pymq")
def test_many_threads_receive(zmq: Library, transport: str) -> None:
    """Each in its way; none is lost, doubled or overtaken."""
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    marry(zmq, push, pull, transport)
    total = 6000
    found: list[list[bytes]] = [[], [], []]

    def one_by_one(into: list[bytes]) -> None:
        while True:
            body = pull.recv()
            if body == b"end":
                return
            into.append(body)

    def by_the_batch() -> None:
        while True:
            some = pull.recv_many(7)
            found[2].extend(body for body in some if body != b"end")
            if b"end" in some:
                for _ in range(some.count(b"end") - 1):
                    push.send(b"end")
                return

    readers = [
        Background(lambda: one_by_one(found[0])),
        Background(lambda: one_by_one(found[1])),
        Background(by_the_batch),
    ]
    for number in range(total):
        push.send(b"%d" % number)
    until(lambda: sum(map(len, found)) == total)
    for _ in readers:
        push.send(b"end")
    for reader in readers:
        reader.result()
    assert Counter(sum(found, [])) == Counter(b"%d" % n for n in range(total))
    for some in found:
        numbers = [int(body) for body in some]
        assert numbers == sorted(numbers)


@pytest.mark.only("pymq")
def test_disconnect_while_another_thread_receives(zmq: Library) -> None:
    """Nothing of the other peer is lost or doubled."""
    for _ in range(10):
        pull = zmq.socket(zmq.PULL)
        pushes = [zmq.socket(zmq.PUSH) for _ in range(2)]
        endpoints = [zmq.bind(push, "inproc") for push in pushes]
        for endpoint in endpoints:
            pull.connect(endpoint)
        for number in range(500):
            for push, name in zip(pushes, (b"a", b"b")):
                push.send(b"%s%d" % (name, number))
        pushes[1].send(b"end")
        reader: Background[list[Any]] = Background(
            partial(list, iter(pull.recv, b"end"))
        )
        pull.disconnect(endpoints[0])
        got = [body for body in reader.result() if body.startswith(b"b")]
        assert got == [b"b%d" % number for number in range(500)]


@pytest.fixture
def alarm() -> Iterator[None]:
    """SIGALRM is the test's, and not pytest-timeout's: a hang must end by itself."""
    before = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before[0])
    signal.setitimer(signal.ITIMER_REAL, *before[1])


@pytest.mark.only("native")
def test_a_signals_handler_receives(zmq: Library, alarm: None) -> None:
    """Pure may be interrupted where its state is not consistent."""
    push, pull = zmq.socket(zmq.PUSH, sndhwm=0), zmq.socket(zmq.PULL, rcvhwm=0)
    marry(zmq, push, pull, "inproc")
    total = 20_000
    for number in range(total):
        push.send(b"%d" % number)
    outside: list[bytes] = []
    inside: list[bytes] = []

    def handler(*unused: object) -> None:
        for _ in range(3):
            try:
                inside.append(pull.recv(zmq.DONTWAIT))
            except zmq.Again:
                break
        signal.setitimer(signal.ITIMER_REAL, 0.0005)

    signal.signal(signal.SIGALRM, handler)
    handler()
    deadline = time.monotonic() + PATIENCE
    while len(outside) + len(inside) < total and time.monotonic() < deadline:
        try:
            outside.append(pull.recv(zmq.DONTWAIT))
        except zmq.Again:
            continue
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert Counter(inside + outside) == Counter(b"%d" % n for n in range(total))
    for some in (inside, outside):
        numbers = [int(body) for body in some]
        assert numbers == sorted(numbers)


class _Interrupt(Exception):
    pass


@pytest.mark.only("pymq")
def test_an_interrupted_call_loses_no_batch(zmq: Library, alarm: None) -> None:
    """Python may lose what a call is about to return, but nothing else."""
    push, pull = zmq.socket(zmq.PUSH, sndhwm=0), zmq.socket(zmq.PULL, rcvhwm=0)
    marry(zmq, push, pull, "inproc")
    total = 20_000
    for number in range(total):
        push.send(b"%d" % number)
    got: list[bytes] = []
    interrupts = 0

    def interrupt(*_: object) -> None:
        raise _Interrupt

    def receive() -> None:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.003))
            while True:
                got.append(pull.recv(zmq.DONTWAIT))
        except zmq.Again:
            signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, interrupt)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            receive()
            break
        except _Interrupt:
            interrupts += 1
    numbers = [int(body) for body in got]
    assert numbers == sorted(set(numbers))
    assert total - len(numbers) <= interrupts
