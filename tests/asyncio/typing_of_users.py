"""What mypy --strict makes of programs that use asyncio and anyio sockets: not run,
only checked, with all the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Optional

import pymq as zmq
import pymq.anyio
import pymq.asyncio

if TYPE_CHECKING:
    from typing_extensions import assert_type


async def with_asyncio() -> None:
    context = pymq.asyncio.Context()
    sock = context.socket(zmq.DEALER)
    assert_type(sock, pymq.asyncio.Socket)
    assert_type(pymq.asyncio.Context.instance(), pymq.asyncio.Context)
    assert_type(await sock.poll(100, zmq.POLLIN), int)
    assert_type(await sock.poll(flags=zmq.POLLOUT), int)
    assert_type(await sock.recv(), bytes)
    assert_type(await sock.recv(zmq.DONTWAIT), bytes)
    assert_type(await sock.recv(copy=False), zmq.Frame)
    assert_type(await sock.recv_multipart(), list[bytes])
    assert_type(await sock.recv_multipart(copy=False), list[zmq.Frame])
    assert_type(await sock.recv_string(), str)
    assert_type(await sock.recv_into(bytearray(1)), int)
    assert_type(await sock.recv_serialized(len), int)
    assert_type(await sock.recv_many(), list[Any])
    assert_type(await sock.flush(10), bool)
    assert_type(await sock.wait_for_subscribers(2, "news", timeout=10), bool)
    assert_type(await sock.wait_subscribed(10), bool)
    assert_type(await sock.request(b"", timeout=10, retries=1), Any)
    assert_type((await sock.drain()).dropped, int)
    with sock.connect("inproc://a"), await sock.connect("inproc://a", timeout=10):
        pass
    future: asyncio.Future[bytes] = sock.recv()
    future.cancel()
    assert_type(await asyncio.wait_for(sock.recv(), 1), bytes)
    async for frames in sock:
        assert_type(frames, list[bytes])
    async with sock as same:
        assert_type(same, pymq.asyncio.Socket)
    poller = pymq.asyncio.Poller()
    poller.register(sock, zmq.POLLIN)
    assert_type(await poller.poll(10), list[tuple[Any, int]])
    assert_type(zmq.Socket.shadow(sock), zmq.Socket)
    assert_type(pymq.asyncio.Socket.shadow(sock.underlying), pymq.asyncio.Socket)
    assert_type(pymq.asyncio.Context.shadow(context), pymq.asyncio.Context)


async def sends(sock: pymq.asyncio.Socket) -> None:
    assert_type(await sock.send(b""), Optional[zmq.MessageTracker])
    assert_type(await sock.send(b"", copy=False), Optional[zmq.MessageTracker])
    assert_type(await sock.send_string(""), Optional[zmq.MessageTracker])
    assert_type(await sock.send_json({}), Optional[zmq.MessageTracker])
    assert_type(await sock.send_pyobj({}), Optional[zmq.MessageTracker])
    assert_type(
        await sock.send_serialized(1, lambda n: [bytes(n)]),
        Optional[zmq.MessageTracker],
    )
    assert_type(await sock.send_many([b""]), int)


async def with_anyio() -> None:
    sock = pymq.anyio.Context().socket(zmq.DEALER)
    assert_type(sock, pymq.anyio.Socket)
    assert_type(await sock.poll(100, zmq.POLLIN), int)
    assert_type(await sock.recv(), bytes)
    assert_type(await sock.recv(copy=False), zmq.Frame)
    assert_type(await sock.recv_multipart(), list[bytes])
    assert_type(await sock.recv_string(), str)
    assert_type(await sock.send(b""), Optional[zmq.MessageTracker])
    assert_type(await sock.flush(), bool)
    assert_type((await sock.drain(linger=0)).sent, int)
    with await sock.connect("inproc://a", timeout=10):
        pass
    async for frames in sock:
        assert_type(frames, list[bytes])
    poller = pymq.anyio.Poller()
    assert_type(await poller.poll(10), list[tuple[Any, int]])
