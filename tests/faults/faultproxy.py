"""A proxy on loopback that does to connections what networks do.

It knows where messages end, so that it can tell which of them had reached it, and which
it had passed on, when a connection broke.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from typing import Callable, Coroutine, Iterator, Optional, Sequence

from faultplans import Fault, Plan
from patience import PATIENCE
from tally import Tally

SIZE = 65536  # bytes read at once
TINY = 64  # bytes of a throttled piece
MOMENT = 0.001  # seconds between these
A_WHILE = 0.005  # seconds in which what is merged may come
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close is a reset


class Broken(Exception):
    """A fault ends the connection."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


class Way:
    """One direction of a connection."""

    def __init__(
        self, source: socket.socket, target: socket.socket, faults: Sequence[Fault]
    ) -> None:
        self.source = source
        self.target = target
        self.copies: list[tuple[socket.socket, int]] = []  # up to which octet
        self.tally = Tally()
        self._faults = sorted(faults, key=lambda fault: fault.at)
        self.mode = Fault("none")
        self.until = 0  # the octet at which the mode ends
        self.flip = 0  # bits of the next octet
        self.closed = False  # by its source

    def pieces(self, data: bytes) -> Iterator[tuple[bytes, Optional[Fault]]]:
        """Cut where faults begin, each piece with the fault behind it."""
        at = self.tally.went
        while self._faults and self._faults[0].at <= at + len(data):
            fault = self._faults.pop(0)
            size = max(fault.at - at, 0)
            yield data[:size], fault
            data, at = data[size:], at + size
        yield data, None

    def turned(self, data: bytes) -> bytes:
        """With the bits turned that are to be."""
        if not (self.flip and data):
            return data
        first, self.flip = data[0] ^ self.flip, 0
        return bytes((first,)) + data[1:]


class Passage:
    """One connection through the proxy.  `ended` says by what: a fault's kind, "closed"
    by one of its ends, or "" while it lives."""

    def __init__(
        self, client: socket.socket, server: socket.socket, plan: Plan
    ) -> None:
        self.plan = plan
        self.ended = ""
        self.cause = ""  # why it was closed, if it was not in order
        self.began = time.monotonic()
        self.there = Way(client, server, [f for f in plan if not f.back])
        self.back = Way(server, client, [f for f in plan if f.back])

    def way(self, back: bool) -> Tally:
        """What went to who is bound, or back."""
        return (self.back if back else self.there).tally

    def faults(self, kind: str, back: Optional[bool] = None) -> list[Fault]:
        """Those of a kind that have happened."""
        return [
            fault
            for fault in self.plan
            if fault.kind == kind
            and (back is None or fault.back == back)
            and fault.at <= self.way(fault.back).went
        ]


class FaultProxy:
    """Listens for the length of a block, and connects to `target`, a tcp endpoint, for
    each connection that it accepts.

    The first connections suffer the `plans`, in their order, and all behind them
    nothing.
    """

    def __init__(
        self, target: str, plans: Sequence[Plan] = (), buffer: int = 0
    ) -> None:
        host, _, port = target.rpartition("//")[2].rpartition(":")
        self._target = host, int(port)
        self._plans = list(plans)
        self._buffer = buffer  # bytes that the kernel holds for each end, 0: its choice
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._shrink(self._listener)
        self._listener.bind(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.passages: list[Passage] = []
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FaultProxy:
        self._listener.listen()
        self._listener.setblocking(False)
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._cancel)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the proxy hangs"

    # From other threads.

    @property
    def spent(self) -> bool:
        """Whether every plan has come to its end."""
        return len(self.passages) >= len(self._plans) and all(
            passage.ended for passage in self.passages[: len(self._plans)]
        )

    @property
    def living(self) -> list[Passage]:
        """The connections that have not ended."""
        return [passage for passage in self.passages if not passage.ended]

    def release(self) -> None:
        """Let everything go on that stands still."""
        self._call(self._released.set)

    def _call(self, work: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(work)

    # In the thread of the proxy.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._released = asyncio.Event()  # Python 3.9 wants it made here
        self._started.set()
        self._spawn(self._accept())
        self._loop.run_forever()
        self._loop.close()
        self._listener.close()

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _cancel(self) -> None:
        waiting = asyncio.gather(*self._tasks, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        waiting.add_done_callback(lambda _: self._loop.stop())

    def _shrink(self, sock: socket.socket) -> None:
        if self._buffer:
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                sock.setsockopt(socket.SOL_SOCKET, option, self._buffer)

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            self._spawn(self._serve(client))

    async def _connect(self) -> socket.socket:
        server = socket.socket()
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._shrink(server)
        try:
            await self._loop.sock_connect(server, self._target)
        except BaseException:
            server.close()
            raise
        return server

    async def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client:
            try:
                server = await self._connect()
            except OSError:
                return  # nobody there: neither are we
            with server:
                number = len(self.passages)
                plan = self._plans[number] if number < len(self._plans) else ()
                passage = Passage(client, server, plan)
                self.passages.append(passage)
                with contextlib.ExitStack() as stack:
                    unwanted = [
                        self._spawn(self._forget(second))
                        for second in await self._copy(passage, stack)
                    ]
                    await self._live(passage)
                    await asyncio.gather(*unwanted)

    async def _live(self, passage: Passage) -> None:
        """Until both ends have closed, or something breaks it."""
        ways = passage.there, passage.back
        tasks = [self._spawn(self._carry(way)) for way in ways]
        try:
            await asyncio.gather(*tasks)
            passage.ended = "closed"
        except Broken as broken:
            await _stop(tasks)
            await self._break(passage, broken.fault.kind)
            gone = any(way.closed for way in ways)
            passage.ended = "closed" if gone else broken.fault.kind
        except OSError as error:
            await _stop(tasks)
            await self._break(passage, "reset")
            passage.ended = "closed"
            passage.cause = repr(error)
        finally:
            await _stop(tasks)
            for second, _ in passage.there.copies:
                _half_close(second)

    async def _break(self, passage: Passage, kind: str) -> None:
        ways = passage.there, passage.back
        if kind == "cut":
            for way in ways:
                _half_close(way.target)
            await asyncio.gather(*map(self._drain, ways))
            return
        for way in ways if kind == "reset" else ways[:1]:
            way.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            way.source.close()
        if kind == "forsake":
            passage.ended = kind
            await self._drain(passage.back)

    async def _drain(self, way: Way) -> None:
        """Read to the end: what the kernel has taken from a sender is known then."""
        with contextlib.suppress(OSError):
            while True:
                data = await self._loop.sock_recv(way.source, SIZE)
                if not data:
                    return
                way.tally.enters(data)

    async def _carry(self, way: Way) -> None:
        while True:
            if way.mode.kind == "merge":
                await asyncio.sleep(A_WHILE)
            data = await self._loop.sock_recv(way.source, SIZE)
            if not data:
                way.closed = True
                _half_close(way.target)
                return
            way.tally.enters(data)
            for piece, fault in way.pieces(data):
                await self._pass(way, piece)
                if fault is not None:
                    await self._suffer(way, fault)

    async def _suffer(self, way: Way, fault: Fault) -> None:
        if fault.kind in ("cut", "reset", "forsake"):
            raise Broken(fault)
        if fault.kind == "corrupt":
            way.flip = fault.size
        elif fault.kind == "stall" and fault.size:
            await asyncio.sleep(fault.size / 1000)
        elif fault.kind == "stall":
            await self._released.wait()
        elif fault.kind != "duplicate":
            way.mode, way.until = fault, way.tally.went + fault.size

    async def _pass(self, way: Way, data: bytes) -> None:
        while data:
            kind, size = way.mode.kind, way.until - way.tally.went
            if size <= 0:
                way.mode, kind, size = Fault("none"), "none", len(data)
            step = {"split": 1, "throttle": TINY}.get(kind, len(data))
            piece, data = data[: min(step, size)], data[min(step, size) :]
            await self._send(way, piece)
            if kind == "throttle":
                await asyncio.sleep(MOMENT)

    async def _send(self, way: Way, piece: bytes) -> None:
        """Whatever interrupts it, it is known how much has gone."""
        await self._send_copies(way, piece)
        piece = way.turned(piece)
        while piece:
            try:
                sent = way.target.send(piece)
            except BlockingIOError:
                await self._writable(way.target)
            else:
                way.tally.leaves(sent)
                piece = piece[sent:]

    async def _writable(self, sock: socket.socket) -> None:
        ready = asyncio.Event()
        self._loop.add_writer(sock, ready.set)
        try:
            await ready.wait()
        finally:
            self._loop.remove_writer(sock)

    # Second connections.

    async def _copy(
        self, passage: Passage, stack: contextlib.ExitStack
    ) -> list[socket.socket]:
        """They are closed with `stack`: not while somebody writes to one."""
        made = []
        for fault in passage.plan:
            if fault.kind == "duplicate":
                second = stack.enter_context(await self._connect())
                passage.there.copies.append((second, fault.size))
                made.append(second)
        return made

    async def _send_copies(self, way: Way, piece: bytes) -> None:
        for copy in list(way.copies):
            second, limit = copy
            size = min(limit - way.tally.went, len(piece))
            try:
                await self._loop.sock_sendall(second, piece[:size])
            except OSError:
                size = 0  # it was not wanted
            if size < len(piece):
                way.copies.remove(copy)
                _half_close(second)

    async def _forget(self, second: socket.socket) -> None:
        """Whatever a second connection is answered."""
        with contextlib.suppress(OSError):
            while await self._loop.sock_recv(second, SIZE):
                pass


async def _stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _half_close(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
