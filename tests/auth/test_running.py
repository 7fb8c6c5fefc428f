"""Authenticators that run: in a thread, and in an event loop."""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Iterator, Optional

import authlib
import implementations
import pytest
from authlib import Keys, needs_curve
from library import Library
from patience import Background
from watching import Watch

AUTH = "HANDSHAKE_FAILED_AUTH"


@contextmanager
def threaded(zmq: Library) -> Iterator[Any]:
    """A `ThreadAuthenticator` that runs."""
    auth = authlib.part(zmq, "auth.thread").ThreadAuthenticator(zmq.main)
    auth.start()
    try:
        yield auth
    finally:
        auth.stop()


@pytest.fixture(params=implementations.TAGS)
def other(request: pytest.FixtureRequest) -> Iterator[Library]:
    """Any implementation, for the other side."""
    try:
        library = Library(implementations.load(request.param))
    except ImportError as error:
        pytest.skip(str(error))
    yield library
    library.close()


def arrives(client: Any, server: Any, text: bytes = b"hello") -> Any:
    """The frame, once the client's message is there."""
    client.send(text)
    frame = server.recv(copy=False)
    assert frame.bytes == text
    return frame


@pytest.mark.core
def test_passwords(zmq: Library, network: str) -> None:
    with threaded(zmq) as auth:
        auth.configure_plain("*", {"joe": "pw"})
        server = zmq.socket(zmq.PULL, plain_server=1)
        endpoint = zmq.bind(server, network)
        watch = Watch(zmq, server)
        bad = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"wrong")
        bad.connect(endpoint)
        assert watch.until(AUTH)[-1].value == 400
        good = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"pw")
        good.connect(endpoint)
        assert arrives(good, server)["User-Id"] == "joe"


@needs_curve
def test_certificates_of_either(zmq: Library, other: Library, tmp_path: Any) -> None:
    """One side's files and sockets, the other's authenticator, and sockets again."""
    theirs = authlib.part(other, "auth")
    theirs.create_certificates(tmp_path, "joe")
    public, secret = theirs.load_certificate(tmp_path / "joe.key_secret")
    keys, stranger = Keys(zmq), Keys(other)
    with threaded(zmq) as auth:
        auth.configure_curve("*", tmp_path)
        server = keys.server(zmq, zmq.PULL)
        watch = Watch(zmq, server)
        endpoint = zmq.bind(server, "tcp")
        stranger.client(other, other.PUSH, keys.public).connect(endpoint)
        assert watch.until(AUTH)[-1].value == 400
        joe = other.socket(
            other.PUSH,
            curve_publickey=public,
            curve_secretkey=secret,
            curve_serverkey=keys.public,
        )
        joe.connect(endpoint)
        assert arrives(joe, server)["User-Id"] == public.decode()


def test_a_thread_that_starts_and_ends(zmq: Library) -> None:
    module = authlib.part(zmq, "auth.thread")
    auth = module.ThreadAuthenticator(zmq.main)
    assert (auth.is_alive(), auth.thread, auth.pipe) == (False, None, None)
    auth.start()
    assert auth.is_alive()
    thread = auth.thread
    assert isinstance(thread, module.AuthenticationThread)
    assert thread.daemon
    auth.stop()
    assert (auth.is_alive(), auth.thread, auth.pipe) == (False, None, None)
    assert not thread.is_alive()
    auth.stop()


@pytest.mark.only("pymq")
def test_a_thread_starts_once(zmq: Library) -> None:
    """In pyzmq the socket of the second start is left to the collector."""
    with threaded(zmq) as auth:
        thread = auth.thread
        with zmq.refused(zmq.EADDRINUSE):
            auth.start()
        assert auth.thread is thread


@pytest.mark.only("pymq")
def test_a_second_handler_disturbs_nobody(zmq: Library) -> None:
    """In pyzmq its socket stays open until it is stopped."""
    module = authlib.part(zmq, "auth.thread")
    with threaded(zmq):
        second = module.ThreadAuthenticator(zmq.main)
        with zmq.refused(zmq.EADDRINUSE):
            second.start()
        assert (second.is_alive(), second.zap_socket) == (False, None)
        second.stop()
    second.start()
    assert second.is_alive()
    second.stop()


@pytest.mark.only("pymq")
def test_the_end_of_the_context(zmq: Library) -> None:
    """The thread ends; but for the pipe of who has not stopped it, term is done."""
    context = zmq.context()
    auth = authlib.part(zmq, "auth.thread").ThreadAuthenticator(context)
    auth.start()
    ended = Background(context.term)
    auth.thread.join(20)
    assert not auth.is_alive()
    auth.stop()
    ended.result()


@needs_curve
@pytest.mark.core
def test_a_callback_that_waits(zmq: Library) -> None:
    """It is awaited in a loop that goes on running."""
    tasks: list[Any] = []

    class Book:
        gate: Optional[asyncio.Event] = None

        async def callback(self, domain: str, key: bytes) -> bool:
            if self.gate is None:
                self.gate = asyncio.Event()
                tasks.append(asyncio.ensure_future(self.open(self.gate)))
            await self.gate.wait()
            return True

        async def open(self, gate: asyncio.Event) -> None:
            gate.set()

    keys = Keys(zmq)
    with threaded(zmq) as auth:
        auth.configure_curve_callback("*", Book())
        server = keys.server(zmq, zmq.PULL)
        endpoint = zmq.bind(server, "tcp")
        for _ in range(2):
            joe = Keys(zmq)
            client = joe.client(zmq, zmq.PUSH, keys.public)
            client.connect(endpoint)
            assert arrives(client, server)["User-Id"] == joe.public.decode()


async def _seen(watch: Watch, name: str) -> Any:
    """The next event of that name, while the loop runs."""
    loop = asyncio.get_running_loop()
    return (await loop.run_in_executor(None, watch.until, name))[-1]


@pytest.mark.core
def test_in_a_loop(zmq: Library) -> None:
    kind = authlib.part(zmq, "auth.asyncio").AsyncioAuthenticator

    async def main() -> None:
        auth = kind(zmq.main)
        auth.start()
        auth.allow("127.0.0.1")
        auth.configure_plain(passwords={"joe": "pw"})
        server = zmq.socket(zmq.PULL, plain_server=1)
        watch = Watch(zmq, server)
        endpoint = zmq.bind(server, "tcp")
        bad = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"wrong")
        bad.connect(endpoint)
        assert (await _seen(watch, AUTH)).value == 400
        good = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"pw")
        good.connect(endpoint)
        await _seen(watch, "HANDSHAKE_SUCCEEDED")
        assert arrives(good, server)["User-Id"] == "joe"
        auth.stop()
        auth.stop()
        assert auth.zap_socket is None
        await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.only("pymq")
def test_a_context_of_asyncio(zmq: Library) -> None:
    """The handler's own socket is one that blocks, whatever else the context makes."""
    contexts = pytest.importorskip("pymq.asyncio")
    kind = authlib.part(zmq, "auth.asyncio").AsyncioAuthenticator

    async def main(context: Any) -> None:
        auth = kind(context)
        auth.start()
        auth.configure_plain(passwords={"joe": "pw"})
        server = context.socket(zmq.PULL, plain_server=1)
        client = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"pw")
        client.connect(zmq.bind(server, "tcp"))
        client.send(b"hello")
        assert (await server.recv(copy=False))["User-Id"] == "joe"
        server.close()
        auth.stop()

    with contexts.Context(backend=zmq.tag) as context:
        asyncio.run(main(context))


def test_a_loop_that_is_not_told(zmq: Library) -> None:
    kind = authlib.part(zmq, "auth.asyncio").AsyncioAuthenticator
    with pytest.warns(DeprecationWarning, match="loop"):
        kind(zmq.main, loop=1)


@pytest.mark.only("pymq")
def test_without_a_loop(zmq: Library) -> None:
    """pyzmq's handler stays bound."""
    kind = authlib.part(zmq, "auth.asyncio").AsyncioAuthenticator
    asyncio.run(asyncio.sleep(0))  # from now on there is none, unless one runs
    auth = kind(zmq.main)
    with pytest.raises(RuntimeError):
        auth.start()
    assert auth.zap_socket is None


@pytest.mark.only("pymq")
@pytest.mark.parametrize("ends", ["stop", "close", "term"])
def test_the_end_while_somebody_is_asked_about(zmq: Library, ends: str) -> None:
    kind = authlib.part(zmq, "auth.asyncio").AsyncioAuthenticator
    context = zmq.context()

    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        class Slow(kind):  # type: ignore[misc,valid-type]
            async def handle_zap_message(self, msg: list[bytes]) -> None:
                begun.set()
                try:
                    await asyncio.sleep(0.01 if ends == "term" else 3600)
                    await super().handle_zap_message(msg)
                finally:
                    ended.set()

        auth = Slow(context)
        auth.start()
        server = zmq.socket(zmq.PULL, context, zap_domain=b"dom")
        zmq.socket(zmq.PUSH).connect(zmq.bind(server, "tcp"))
        await begun.wait()
        if ends == "term":
            loop = asyncio.get_running_loop()
            server.close()
            await loop.run_in_executor(None, context.term)
        elif ends == "stop":
            auth.stop()
        else:
            server.close()
            auth.stop()
        await ended.wait()

    asyncio.run(main())


@pytest.mark.only("pymq")
@pytest.mark.parametrize("answers", [True, False])
def test_a_handler_that_fails_goes_on(
    zmq: Library, caplog: pytest.LogCaptureFixture, answers: bool
) -> None:
    """A subclass may do what it likes."""
    kind = authlib.part(zmq, "auth.thread").ThreadAuthenticator

    class Moody(kind):  # type: ignore[misc,valid-type]
        moods = iter([True, False])

        async def handle_zap_message(self, msg: list[bytes]) -> None:
            bad = next(self.moods)
            if answers or not bad:
                self._send_zap_reply(msg[1], b"200", b"", "joe")
            if bad:
                raise KeyError("moody")

    auth = Moody(zmq.main)
    auth.start()
    server = zmq.socket(zmq.PULL, zap_domain=b"dom")
    watch = Watch(zmq, server)
    endpoint = zmq.bind(server, "tcp")
    first = zmq.socket(zmq.PUSH)
    first.connect(endpoint)
    if answers:
        assert arrives(first, server)["User-Id"] == "joe"
    else:
        assert watch.until(AUTH)[-1].value == 500
    second = zmq.socket(zmq.PUSH)
    second.connect(endpoint)
    assert arrives(second, server)["User-Id"] == "joe"
    auth.stop()
    assert "moody" in caplog.text


@pytest.mark.only("pymq")
def test_a_request_that_is_none(zmq: Library) -> None:
    """Anybody in the process may send one; pyzmq's handler answers nobody any more."""
    with threaded(zmq) as auth:
        auth.configure_plain("*", {"joe": "pw"})
        for request in ([b""], [b"1.0"], [b"1.0", b"7", b"more"]):
            asker = zmq.socket(zmq.REQ)
            asker.connect("inproc://zeromq.zap.01")
            asker.send_multipart(request)
            assert asker.recv_multipart()[2] in (b"400", b"500")
        server = zmq.socket(zmq.PULL, plain_server=1)
        client = zmq.socket(zmq.PUSH, plain_username=b"joe", plain_password=b"pw")
        client.connect(zmq.bind(server, "tcp"))
        assert arrives(client, server)


def test_the_old_name(zmq: Library) -> None:
    """Importing it warns, and tornado is not needed."""
    name = f"{zmq.implementation.module.__name__}.auth.ioloop"
    sys.modules.pop(name, None)
    with pytest.warns(DeprecationWarning, match="AsyncioAuthenticator"):
        module = importlib.import_module(name)
    base = authlib.part(zmq, "auth.asyncio").AsyncioAuthenticator
    auth = module.IOLoopAuthenticator(zmq.main, "latin-1", None)
    assert isinstance(auth, base)
    with pytest.warns(DeprecationWarning, match="loop"):
        module.IOLoopAuthenticator(zmq.main, io_loop=SimpleNamespace(asyncio_loop=1))
    assert auth.encoding == "latin-1"
