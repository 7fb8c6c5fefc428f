"""Asyncio sockets and event loops come and go."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from typing import Any

import pytest
from eventloops import Sockets, new_loop, turns, waits
from library import Library
from patience import Background, until

needs_proc = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="there is no /proc here"
)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.core
def test_one_loop_after_another(aio: Sockets) -> None:
    one, other = aio.pair("tcp")

    async def main() -> None:
        future = other.recv()
        await waits(future)
        await one.send(b"1")
        assert await future == b"1"
        assert await other.poll(1) == 0

    for _ in range(3):
        aio.run(main)


@pytest.mark.only("pymq")
def test_two_loops_at_once(aio: Sockets) -> None:
    """libzmq's sockets are one thread's.  Each message is somebody's."""
    one, other = aio.pair("tcp")
    count, got = 300, []

    async def receive() -> None:
        while True:
            message = await other.recv()
            if not message:
                return
            got.append(int(message))
            if not message[-1] % 4:
                await asyncio.sleep(0)

    async def send() -> None:
        for number in range(count):
            await one.send(b"%d" % number)
            if not number % 3:
                await asyncio.sleep(0)
        for _ in range(2):
            await one.send(b"")

    receivers = [Background(lambda: aio.run(receive)) for _ in range(2)]
    aio.run(send)
    for receiver in receivers:
        receiver.result()
    assert sorted(got) == list(range(count))


def test_many_threads_with_a_loop_each(aio: Sockets) -> None:
    def work() -> None:
        one, other = aio.pair("tcp")

        async def main() -> None:
            for number in range(50):
                future = other.recv()
                await one.send(b"%d" % number)
                assert await future == b"%d" % number

        aio.run(main)

    assert aio.context is not None
    for thread in [Background(work) for _ in range(8)]:
        thread.result()


@pytest.mark.only("pymq")
def test_a_loop_that_was_closed_is_forgotten(aio: Sockets) -> None:
    one, other = aio.pair("inproc")

    async def leave() -> None:
        await waits(other.recv(), other.poll())

    for _ in range(5):
        aio.run(leave)
    gc.collect()
    assert len(other._rooms) <= 1

    async def main() -> Any:
        await one.send(b"1")
        return await other.recv()

    assert aio.run(main) == b"1"


@needs_proc
@pytest.mark.only("pymq")
def test_sockets_leave_nothing_in_the_loop(aio: Sockets) -> None:
    """However they end."""
    context = aio.Context(backend=aio.zmq.tag)

    def use() -> Any:
        sock = context.socket(aio.zmq.PULL)
        return sock, sock.recv()

    async def main() -> None:
        # What is made once: threads, and their descriptors.
        context.socket(aio.zmq.PULL).close()
        await turns(3)
        before = _descriptors()
        for _ in range(20):
            sock, future = use()
            await waits(future)
            sock.close()
            await turns(2)
            assert future.cancelled()
        for _ in range(3):
            sock, future = use()
            await waits(future)
            future.cancel()
            await turns(2)
            with pytest.warns(ResourceWarning):
                del sock, future
                gc.collect()
        await turns(3)
        context.socket(aio.zmq.PULL).close()  # what finalizers left to be done
        await asyncio.sleep(0)
        assert _descriptors() <= before

    aio.run(main)
    context.term()


@pytest.mark.only("pymq")
def test_who_waits_keeps_the_socket(aio: Sockets) -> None:
    """It may have no other owner."""

    async def main() -> None:
        sock = aio.context.socket(aio.zmq.PULL)
        endpoint = aio.zmq.bind(sock, "inproc")
        task = asyncio.ensure_future(_receive(sock))
        del sock
        await waits(task)
        gc.collect()
        push = aio.socket(aio.zmq.PUSH)
        push.connect(endpoint)
        await push.send(b"1")
        assert await task == b"1"

    with pytest.warns(ResourceWarning):
        aio.run(main)
        gc.collect()


async def _receive(sock: Any) -> Any:
    return await sock.recv()


@pytest.mark.only("pymq")
def test_messages_that_nobody_waits_for_wake_nobody(aio: Sockets) -> None:
    """A descriptor that stays readable would have the loop spin."""

    async def main() -> None:
        one, other = aio.pair("inproc")
        future = other.recv()
        await waits(future)
        await one.send(b"1")
        await future
        for number in range(100):
            await one.send(b"%d" % number)
            await turns(3)
        await turns(20)
        assert [int(await other.recv()) for _ in range(100)] == list(range(100))
        assert other._room.rings < 20

    aio.run(main)


@pytest.mark.core
def test_close_cancels_who_waits(aio: Sockets) -> None:
    async def main() -> None:
        push, pull = aio.socket(aio.zmq.PUSH), aio.socket(aio.zmq.PULL)
        futures = [pull.recv(), pull.recv_multipart(), pull.poll()]
        futures += [push.send(b""), push.send_multipart([b"", b""])]
        await waits(*futures)
        push.close()
        pull.close()
        await turns(5)
        assert all(future.cancelled() for future in futures)
        for call in (pull.recv, pull.poll):
            with pytest.raises(aio.zmq.ZMQError):
                await call()

    aio.run(main)


@pytest.mark.only("pymq")
@pytest.mark.parametrize("shadow", [False, True])
def test_close_in_another_thread(aio: Sockets, shadow: bool) -> None:
    async def main() -> None:
        sock = aio.socket(aio.zmq.PULL)
        task, poll = asyncio.ensure_future(_receive(sock)), sock.poll()
        await waits(task, poll)
        closed = aio.zmq.Socket.shadow(sock) if shadow else sock
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, closed.close)
        found = await asyncio.gather(task, poll, return_exceptions=True)
        assert [type(error) for error in found] == [asyncio.CancelledError] * 2

    aio.run(main)


@pytest.mark.only("pymq")
def test_term_ends_the_wait(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        context = aio.Context(backend=zmq.tag)
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        futures = [pull.recv(), pull.poll(), push.send(b"")]
        await waits(*futures)
        loop = asyncio.get_running_loop()
        ended = loop.run_in_executor(None, context.term)
        found = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(error) for error in found] == [zmq.ContextTerminated] * 3
        with pytest.raises(zmq.ContextTerminated):
            await pull.recv()
        pull.close()
        push.close()
        await ended

    aio.run(main)


@pytest.mark.only("pymq")
def test_outside_a_loop_there_is_a_warning(zmq: Library) -> None:
    aio = Sockets(zmq, "asyncio")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        one, other = aio.pair("inproc")
        with pytest.warns(RuntimeWarning, match="no event loop"):
            future = other.recv()
        loop.run_until_complete(turns(1))
        with pytest.warns(RuntimeWarning, match="no event loop"):
            one.send(b"1")
        assert loop.run_until_complete(future) == b"1"
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@pytest.mark.core
def test_shadows(aio: Sockets) -> None:
    async def main() -> None:
        zmq = aio.zmq
        one, other = aio.pair("inproc")
        await one.send_multipart([b"1", b"2"])
        for shadow in (
            zmq.Socket.shadow(other),
            zmq.Socket.shadow(other.underlying),
        ):
            assert type(shadow) is zmq.implementation.module.Socket
            assert shadow.underlying == other.underlying
            assert shadow.recv() in (b"1", b"2")
        sync = zmq.socket(zmq.PAIR)
        sync.bind("inproc://sync")
        peer = aio.socket(zmq.PAIR)
        peer.connect("inproc://sync")
        for made in (aio.Socket(sync), aio.Socket.from_socket(sync)):
            future = made.recv()
            await waits(future)
            await peer.send(b"3")
            assert await future == b"3"

    aio.run(main)


@pytest.mark.core
@pytest.mark.only("pymq")
def test_shadows_of_other_things(zmq: Library) -> None:
    sock = zmq.socket(zmq.PULL)
    for what in (sock.context, "socket", None):
        with pytest.raises(TypeError):
            zmq.Socket.shadow(what)
    with pytest.raises(TypeError):
        zmq.Context.shadow(sock)
    with zmq.refused(zmq.ENOTSOCK):
        zmq.Socket.shadow(-1)


def test_contexts(aio: Sockets) -> None:
    zmq = aio.zmq
    first, second = aio.Context.instance(), zmq.Context.instance()
    assert type(first) is aio.Context
    assert type(second) is zmq.implementation.module.Context
    assert aio.Context.instance() is first
    for made in (aio.Context(second), aio.Context.shadow(second.underlying)):
        assert made.underlying == second.underlying
        sock = made.socket(zmq.PULL)
        assert isinstance(sock, aio.Socket)
        sock.close()
    first.term()
    second.term()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.only("pymq")
def test_a_child_leaves_its_parents_loop_alone(zmq: Library) -> None:
    """The two processes have one epoll instance."""
    aio = Sockets(zmq, "asyncio")
    one, other = aio.pair("tcp")

    async def main() -> None:
        future = other.recv()
        await waits(future)
        pid = os.fork()
        if not pid:
            signal.alarm(60)
            other.close()
            one.close()
            gc.collect()
            os._exit(0)
        until(lambda: os.waitpid(pid, os.WNOHANG)[0])
        await one.send(b"1")
        assert await future == b"1"

    aio.run(main)


@pytest.mark.only("pymq")
def test_a_loop_that_stands_still_is_no_obstacle(aio: Sockets) -> None:
    """A socket may be closed when nothing runs, before or after its loop is."""
    for early in (True, False):
        loop = new_loop(aio.kind)
        sock = aio.socket(aio.zmq.PULL)
        futures: list[Any] = []

        async def main(sock: Any = sock, futures: list[Any] = futures) -> None:
            futures.append(sock.recv())
            await waits(*futures)

        aio.run(main, loop)
        if not early:
            loop.close()
        sock.close()
        loop.close()
        assert sock.closed and not threading.current_thread().daemon
