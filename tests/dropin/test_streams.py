"""ZMQStream and tornado's futures."""

from __future__ import annotations

import asyncio
import importlib
import warnings
from typing import Any, Callable, Coroutine, Iterator

import pytest
from library import Library
from marriage import marry
from patience import PATIENCE

pytest.importorskip("tornado")

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a coroutine in a new event loop, and what it left behind."""

    def ran(what: Coroutine[Any, Any, None]) -> None:
        asyncio.run(asyncio.wait_for(what, PATIENCE))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield ran


class Couple:
    """Two streams that hear each other; made inside a loop."""

    def __init__(self, zmq: Library, network: str) -> None:
        root = zmq.implementation.module.__name__
        self.module = importlib.import_module(f"{root}.eventloop.zmqstream")
        self.first, self.second = zmq.socket(zmq.PAIR), zmq.socket(zmq.PAIR)
        marry(zmq, self.first, self.second, network)
        self.a = self.module.ZMQStream(self.first)
        self.b = self.module.ZMQStream(self.second)

    def next(self, copy: bool = True) -> asyncio.Future[Any]:
        """The next message that the second one receives."""
        found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def take(message: Any) -> None:
            self.b.stop_on_recv()
            found.set_result(message)

        self.b.on_recv(take, copy=copy)
        return found

    def close(self) -> None:
        """Both."""
        self.a.close()
        self.b.close()


def test_messages_come_in_order(zmq: Library, transport: str, run: Run) -> None:
    async def main() -> None:
        couple = Couple(zmq, transport)
        got: list[Any] = []
        end = asyncio.get_running_loop().create_future()

        def take(message: Any) -> None:
            got.append(message)
            if len(got) == 300:
                end.set_result(None)

        couple.b.on_recv(take)
        for number in range(300):
            couple.a.send_multipart([b"%d" % number, b"x"])
        assert couple.a.sending() and couple.b.receiving()
        await end
        assert got == [[b"%d" % number, b"x"] for number in range(300)]
        couple.close()
        assert couple.a.closed() and couple.first.closed

    run(main())


def test_kinds_of_messages(zmq: Library, run: Run) -> None:
    async def main() -> None:
        couple = Couple(zmq, "inproc")
        couple.a.send_string("grüße")
        assert await couple.next() == ["grüße".encode()]
        couple.a.send_json({"a": 1})
        assert await couple.next() == [b'{"a": 1}']
        couple.a.send(b"frame")
        (frame,) = await couple.next(copy=False)
        assert frame.bytes == b"frame"
        with pytest.raises(TypeError):
            couple.a.send_string(b"bytes")
        couple.close()

    run(main())


def test_callbacks(zmq: Library, run: Run) -> None:
    async def main() -> None:
        couple = Couple(zmq, "inproc")
        seen: list[Any] = []
        couple.a.on_send_stream(lambda *what: seen.append(what))
        couple.b.on_recv_stream(lambda *what: seen.append(what))
        couple.a.send(b"x", callback=None)
        while len(seen) < 2:
            await asyncio.sleep(0.001)
        assert (couple.a, [b"x"], None) in seen and (couple.b, [b"x"]) in seen
        with pytest.raises(AssertionError):
            couple.b.on_recv(5)
        closed: list[int] = []
        couple.a.set_close_callback(lambda: closed.append(1))
        couple.close()
        assert closed == [1]
        with pytest.raises(OSError):
            couple.a.on_send(None)

    run(main())


def test_flush(zmq: Library, run: Run) -> None:
    async def main() -> None:
        couple = Couple(zmq, "inproc")
        got: list[Any] = []
        couple.b.on_recv(got.append)
        for number in range(5):
            couple.a.send(b"%d" % number)
        assert couple.a.flush(zmq.POLLOUT, limit=3) == 3
        assert couple.a.flush(zmq.POLLOUT) == 2
        assert couple.b.flush() == 5
        assert got == [[b"%d" % number] for number in range(5)]
        assert couple.b.flush() == 0
        couple.a.send(b"later")
        while len(got) < 6:
            await asyncio.sleep(0.001)
        couple.close()

    run(main())


def test_room_is_waited_for(zmq: Library, run: Run) -> None:
    async def main() -> None:
        root = zmq.implementation.module.__name__
        module = importlib.import_module(f"{root}.eventloop.zmqstream")
        sender = zmq.socket(zmq.PUSH, sndhwm=2)
        receiver = zmq.socket(zmq.PULL, rcvhwm=2)
        endpoint = zmq.bind(receiver, "inproc")
        sender.connect(endpoint)
        stream = module.ZMQStream(sender)
        for number in range(50):
            stream.send(b"%d" % number)
        for number in range(50):
            while not receiver.poll(0):
                await asyncio.sleep(0)
            assert receiver.recv() == b"%d" % number
        assert not stream.sending()
        stream.close()

    run(main())


@pytest.mark.only("pymq")
def test_a_stream_beside_another_reader(zmq: Library, run: Run) -> None:
    """Both wake up: pyzmq's share FD, whose edge the one takes from the other."""

    async def main() -> None:
        couple = Couple(zmq, "tcp")
        root = zmq.implementation.module.__name__
        aio = importlib.import_module(f"{root}.asyncio")
        other = aio.Socket.shadow(couple.second)
        for _ in range(20):
            awaited = asyncio.ensure_future(other.recv())
            await asyncio.sleep(0)
            couple.a.send(b"one")
            assert await awaited == b"one"
            called = couple.next()
            couple.a.send(b"other")
            assert await called == [b"other"]
        couple.close()

    run(main())


def test_a_loop_closes_its_streams(zmq: Library) -> None:
    from tornado.ioloop import IOLoop

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loop = IOLoop(make_current=False)
    root = zmq.implementation.module.__name__
    module = importlib.import_module(f"{root}.eventloop.zmqstream")
    sock = zmq.socket(zmq.PULL)
    module.ZMQStream(sock, loop)
    loop.close(all_fds=True)
    assert sock.closed


def test_futures(zmq: Library, run: Run) -> None:
    root = zmq.implementation.module.__name__
    future = importlib.import_module(f"{root}.eventloop.future")

    async def main() -> None:
        context = future.Context.shadow(zmq.main)
        a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        marry(zmq, zmq.Socket(a), zmq.Socket(b), "inproc")
        waiting = b.recv()
        cancelled = b.recv_multipart()
        cancelled.cancel()
        await a.send(b"x")
        assert await waiting == b"x"
        with pytest.raises(future.CancelledError):
            await cancelled
        poller = future.Poller()
        poller.register(b, zmq.POLLIN)
        await a.send(b"y")
        assert await poller.poll(20000) == [(b, zmq.POLLIN)]
        a.close(0)
        b.close(0)

    run(main())
