"""Proxies: whole messages, both ways, as fast as the slower side."""

from __future__ import annotations

import errno
import signal
import threading
from typing import Any

import pytest
from library import Library
from patience import Background
from proxying import in_background


def pair_up(zmq: Library, front: int, back: int, **options: Any) -> tuple[Any, ...]:
    """Two bound sockets, and where they are."""
    frontend = zmq.socket(front, **options)
    backend = zmq.socket(back, **options)
    return frontend, backend, zmq.bind(frontend, "tcp"), zmq.bind(backend, "tcp")


def joined(zmq: Library, kind: int, endpoint: str, **options: Any) -> Any:
    """A socket that is connected there."""
    sock = zmq.socket(kind, **options)
    sock.connect(endpoint)
    return sock


def test_questions_and_answers(zmq: Library) -> None:
    frontend, backend, asked, answered = pair_up(zmq, zmq.ROUTER, zmq.DEALER)
    clients = [joined(zmq, zmq.REQ, asked) for _ in range(3)]
    workers = [joined(zmq, zmq.REP, answered) for _ in range(2)]
    with in_background(zmq, lambda: zmq.proxy(frontend, backend)):
        for number, client in enumerate(clients):
            client.send_multipart([b"question", b"%d" % number])
        poller = zmq.Poller()
        for worker in workers:
            poller.register(worker, zmq.POLLIN)
        left = len(clients)
        while left:
            for worker, _ in poller.poll(20000):
                question, number = worker.recv_multipart()
                worker.send_multipart([b"answer to " + question, number])
                left -= 1
        for number, client in enumerate(clients):
            answer = [b"answer to question", b"%d" % number]
            assert client.recv_multipart() == answer


def test_a_stream_that_is_slowed_down(zmq: Library) -> None:
    """Nothing is lost, and everything is in order."""
    frontend, backend, into, out = pair_up(zmq, zmq.PULL, zmq.PUSH, sndhwm=5, rcvhwm=5)
    source = joined(zmq, zmq.PUSH, into, sndhwm=5)
    count = 3000

    def send() -> None:
        for number in range(count):
            source.send_multipart([b"%d" % number, b"x" * 1000])

    with in_background(zmq, lambda: zmq.proxy(frontend, backend)):
        sending = Background(send)
        drain = joined(zmq, zmq.PULL, out, rcvhwm=5)
        found = [drain.recv_multipart() for _ in range(count)]
        sending.result()
    assert found == [[b"%d" % number, b"x" * 1000] for number in range(count)]


def test_subscriptions_go_the_other_way(zmq: Library) -> None:
    frontend, backend, publishing, subscribing = pair_up(zmq, zmq.XSUB, zmq.XPUB)
    publisher = joined(zmq, zmq.XPUB, publishing)
    with in_background(zmq, lambda: zmq.proxy(frontend, backend)):
        subscriber = joined(zmq, zmq.SUB, subscribing, subscribe=b"topic")
        assert publisher.recv() == b"\1topic"
        publisher.send_multipart([b"other", b"news"])
        publisher.send_multipart([b"topic", b"", b"news"])
        assert subscriber.recv_multipart() == [b"topic", b"", b"news"]
        subscriber.close()
        assert publisher.recv() == b"\0topic"


def test_large_messages(zmq: Library) -> None:
    frontend, backend, into, out = pair_up(zmq, zmq.PULL, zmq.PUSH)
    source, drain = joined(zmq, zmq.PUSH, into), joined(zmq, zmq.PULL, out)
    with in_background(zmq, lambda: zmq.proxy(frontend, backend)):
        for size in (0, 1, 255, 16384, 3_000_000):
            source.send_multipart([b"x" * size, b"end"])
            assert drain.recv_multipart() == [b"x" * size, b"end"]


def test_a_copy_of_everything(zmq: Library) -> None:
    frontend, backend, asked, answered = pair_up(zmq, zmq.ROUTER, zmq.DEALER)
    capture, reader = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    capture.connect(zmq.bind(reader, "inproc"))
    client = joined(zmq, zmq.REQ, asked, routing_id=b"me")
    worker = joined(zmq, zmq.REP, answered)
    with in_background(zmq, lambda: zmq.proxy(frontend, backend, capture)):
        client.send(b"question")
        worker.send(worker.recv() + b"!")
        assert client.recv() == b"question!"
        assert reader.recv_multipart() == [b"me", b"", b"question"]
        assert reader.recv_multipart() == [b"me", b"", b"question!"]


def test_a_socket_that_answers_itself(zmq: Library) -> None:
    echo = zmq.socket(zmq.REP)
    client = joined(zmq, zmq.REQ, zmq.bind(echo, "tcp"))
    with in_background(zmq, lambda: zmq.proxy(echo, echo)):
        for number in range(3):
            client.send(b"%d" % number)
            assert client.recv() == b"%d" % number


@pytest.mark.fails_on("pyzmq", reason="it sends the first frame before it has the last")
def test_a_socket_that_answers_itself_with_several_frames(zmq: Library) -> None:
    echo = zmq.socket(zmq.REP)
    client = joined(zmq, zmq.REQ, zmq.bind(echo, "tcp"))
    with in_background(zmq, lambda: zmq.proxy(echo, echo)):
        client.send_multipart([b"one", b"and", b"more"])
        assert client.recv_multipart() == [b"one", b"and", b"more"]


def test_a_device_is_a_proxy(zmq: Library) -> None:
    frontend, backend, into, out = pair_up(zmq, zmq.PULL, zmq.PUSH)
    source, drain = joined(zmq, zmq.PUSH, into), joined(zmq, zmq.PULL, out)
    with in_background(zmq, lambda: zmq.device(zmq.STREAMER, frontend, backend)):
        source.send(b"x")
        assert drain.recv() == b"x"


@pytest.mark.only("pymq")
def test_a_socket_closed_by_another_thread(zmq: Library) -> None:
    frontend, backend, *_ = pair_up(zmq, zmq.PULL, zmq.PUSH)
    running = Background(lambda: zmq.proxy(frontend, backend))
    backend.close()
    with zmq.refused(errno.ENOTSOCK):
        running.result()


def test_what_is_no_socket(zmq: Library) -> None:
    sock = zmq.socket(zmq.PULL)
    for arguments in ((None, sock), (sock, None), (sock, sock, "capture")):
        with pytest.raises(TypeError):
            zmq.proxy(*arguments)


@pytest.mark.only("pymq")
def test_a_capture_that_cannot_send(zmq: Library) -> None:
    frontend, backend, *_ = pair_up(zmq, zmq.PULL, zmq.PUSH)
    with zmq.refused(errno.ENOTSUP):
        zmq.proxy(frontend, backend, zmq.socket(zmq.SUB))


@pytest.mark.fails_on("pyzmq", reason="it looks only when the signal hits its poll")
def test_interrupted(zmq: Library) -> None:
    """Ctrl-C gets out."""
    # A shell that runs the tests in the background has it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    frontend, backend, into, out = pair_up(zmq, zmq.PULL, zmq.PUSH)
    source, drain = joined(zmq, zmq.PUSH, into), joined(zmq, zmq.PULL, out)
    here = threading.get_ident()

    def interrupt() -> None:
        source.send(b"x")
        assert drain.recv() == b"x"  # it runs
        signal.pthread_kill(here, signal.SIGINT)
        source.send(b"y")  # the signal may have come just before it slept

    interrupting = Background(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            zmq.proxy(frontend, backend)
    finally:
        signal.signal(signal.SIGINT, before)
    interrupting.result()


@pytest.mark.only("pymq")
def test_one_client_that_does_not_read(zmq: Library) -> None:
    """With ROUTER_MANDATORY its answers wait, and are not lost; nothing spins."""
    frontend, backend, asked, answered = pair_up(zmq, zmq.ROUTER, zmq.DEALER)
    frontend.set(zmq.ROUTER_MANDATORY, 1)
    frontend.set(zmq.SNDHWM, 1)
    client = zmq.socket(zmq.DEALER, routing_id=b"lazy", rcvhwm=1)
    client.connect(asked)
    worker = joined(zmq, zmq.DEALER, answered)
    count, body = 400, bytes(100_000)
    with in_background(zmq, lambda: zmq.proxy(frontend, backend)):
        client.send(b"here")
        assert worker.recv_multipart() == [b"lazy", b"here"]

        def answer() -> None:
            for number in range(count):
                worker.send_multipart([b"lazy", b"%d" % number, body])

        answering = Background(answer)
        answering.give(0.2)
        for number in range(count):
            assert client.recv_multipart() == [b"%d" % number, body]
        answering.result()
