"""Devices: proxies that make their own sockets."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import Any, Iterator

import pytest
from library import Library
from patience import Background
from proxying import in_background

HOME = "tcp://127.0.0.1"


def devices(zmq: Library) -> Any:
    """The package ``devices`` of an implementation."""
    return import_module(f"{zmq.implementation.module.__name__}.devices")


@contextlib.contextmanager
def started(zmq: Library, device: Any) -> Iterator[None]:
    """Run a device in the main context, until that ends."""
    device.context_factory = lambda: zmq.main
    device.start()
    try:
        yield
    finally:
        for sock in zmq._sockets:
            sock.close(linger=0)
        Background(zmq.main.term).result()
        device.join(20)
        assert device.done


def joined(zmq: Library, kind: int, port: int, **options: Any) -> Any:
    """A socket that is connected there."""
    sock = zmq.socket(kind, **options)
    sock.connect(f"{HOME}:{port}")
    return sock


def test_a_device_in_a_thread(zmq: Library) -> None:
    device = devices(zmq).ThreadDevice(zmq.QUEUE, zmq.ROUTER, zmq.DEALER)
    asked = device.bind_in_to_random_port(HOME)
    answered = device.bind_out_to_random_port(HOME)
    assert asked != answered
    device.setsockopt_in(zmq.LINGER, 0)
    device.setsockopt_out(zmq.LINGER, 0)
    with started(zmq, device):
        client, worker = joined(zmq, zmq.REQ, asked), joined(zmq, zmq.REP, answered)
        client.send(b"question")
        assert worker.recv() == b"question"
        worker.send(b"answer")
        assert client.recv() == b"answer"


def test_one_socket_for_both_sides(zmq: Library) -> None:
    device = devices(zmq).ThreadDevice(zmq.QUEUE, zmq.REP, -1)
    port = device.bind_in_to_random_port(HOME)
    with started(zmq, device):
        client = joined(zmq, zmq.REQ, port)
        client.send(b"echo")
        assert client.recv() == b"echo"


def test_a_device_that_connects(zmq: Library) -> None:
    source, drain = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    device = devices(zmq).ThreadDevice(zmq.STREAMER, zmq.PULL, zmq.PUSH)
    device.connect_in(zmq.bind(source, "tcp"))
    device.connect_out(zmq.bind(drain, "tcp"))
    with started(zmq, device):
        source.send(b"x")
        assert drain.recv() == b"x"


def test_a_proxy_with_a_monitor(zmq: Library) -> None:
    device = devices(zmq).ThreadProxy(zmq.PULL, zmq.PUSH, zmq.PUSH)
    into = device.bind_in_to_random_port(HOME)
    out = device.bind_out_to_random_port(HOME)
    seen = device.bind_mon_to_random_port(HOME)
    device.setsockopt_mon(zmq.LINGER, 0)
    with started(zmq, device):
        monitor, drain = joined(zmq, zmq.PULL, seen), joined(zmq, zmq.PULL, out)
        joined(zmq, zmq.PUSH, into).send_multipart([b"one", b"two"])
        assert drain.recv_multipart() == [b"one", b"two"]
        assert monitor.recv_multipart() == [b"one", b"two"]


def test_a_steerable_proxy(zmq: Library) -> None:
    device = devices(zmq).ThreadProxySteerable(zmq.PULL, zmq.PUSH, zmq.PUB, zmq.PAIR)
    device.bind_in(f"{HOME}:*")
    device.bind_out(f"{HOME}:*")
    wheel = device.bind_ctrl_to_random_port(HOME)
    with started(zmq, device):
        joined(zmq, zmq.PAIR, wheel).send(b"TERMINATE")
        device.join(20)
        assert device.done


def test_a_queue_that_says_which_way(zmq: Library) -> None:
    device = devices(zmq).ThreadMonitoredQueue(
        zmq.ROUTER, zmq.DEALER, zmq.PUSH, b"there", b"back"
    )
    asked = device.bind_in_to_random_port(HOME)
    answered = device.bind_out_to_random_port(HOME)
    seen = device.bind_mon_to_random_port(HOME)
    with started(zmq, device):
        monitor = joined(zmq, zmq.PULL, seen)
        client = joined(zmq, zmq.REQ, asked, routing_id=b"me")
        worker = joined(zmq, zmq.REP, answered)
        client.send(b"question")
        worker.send(worker.recv() + b"!")
        assert client.recv() == b"question!"
        assert monitor.recv_multipart() == [b"there", b"me", b"", b"question"]
        assert monitor.recv_multipart() == [b"back", b"me", b"", b"question!"]


def test_router_to_router(zmq: Library) -> None:
    """Each peer names the other in the first frame."""
    one, other, monitor = (zmq.socket(k) for k in (zmq.ROUTER, zmq.ROUTER, zmq.PUSH))
    seen = zmq.socket(zmq.PULL)
    monitor.connect(zmq.bind(seen, "inproc"))
    ends = zmq.bind(one, "tcp"), zmq.bind(other, "tcp")
    here = zmq.socket(zmq.DEALER, routing_id=b"here")
    there = zmq.socket(zmq.DEALER, routing_id=b"there")
    run = devices(zmq).monitored_queue
    with in_background(zmq, lambda: run(one, other, monitor, b"in", b"out")):
        here.connect(ends[0])
        there.connect(ends[1])
        # What is sent to somebody who is not there yet is dropped.
        there.set(zmq.RCVTIMEO, 50)
        answer = None
        while answer is None:
            here.send_multipart([b"there", b"hello"])
            with contextlib.suppress(zmq.Again):
                answer = there.recv_multipart()
        assert answer == [b"here", b"hello"]
        assert seen.recv_multipart() == [b"in", b"there", b"here", b"hello"]
        there.send_multipart([b"here", b"yes"])
        assert here.recv_multipart() == [b"there", b"yes"]
        found = seen.recv_multipart()
        while found[0] == b"in":
            found = seen.recv_multipart()
        assert found == [b"out", b"here", b"there", b"yes"]


def test_a_prefix_is_bytes(zmq: Library) -> None:
    sock = zmq.socket(zmq.PAIR)
    with pytest.raises(TypeError):
        devices(zmq).monitored_queue(sock, sock, sock, "text")


def test_a_device_has_two_types(zmq: Library) -> None:
    with pytest.raises(TypeError):
        devices(zmq).Device(zmq.QUEUE)


def test_a_device_in_a_process(zmq: Library) -> None:
    device = devices(zmq).ProcessDevice(zmq.STREAMER, zmq.PULL, zmq.PUSH)
    into = device.bind_in_to_random_port(HOME)
    out = device.bind_out_to_random_port(HOME)
    device.start()
    try:
        drain = joined(zmq, zmq.PULL, out)
        joined(zmq, zmq.PUSH, into).send(b"x")
        assert drain.recv() == b"x"
    finally:
        device.launcher.terminate()
        device.join(20)


@pytest.mark.only("pymq")
def test_every_name_of_pyzmq(zmq: Library) -> None:
    package = devices(zmq)
    kinds = ("Device", "Proxy", "ProxySteerable", "MonitoredQueue")
    wanted = {where + kind for kind in kinds for where in ("", "Thread", "Process")}
    assert {*wanted, "monitored_queue"} == set(package.__all__)
    for name in (
        "basedevice",
        "proxydevice",
        "proxysteerabledevice",
        "monitoredqueue",
        "monitoredqueuedevice",
    ):
        module = import_module(f"{package.__name__}.{name}")
        assert all(hasattr(module, public) for public in module.__all__)
