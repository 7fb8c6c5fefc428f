"""The smaller modules of pyzmq: decorators, logging, deprecated helpers, ssh."""

from __future__ import annotations

import importlib
import json
import logging
import stat
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from library import Library
from marriage import marry


def part(zmq: Library, name: str) -> Any:
    """A module of the implementation."""
    root = zmq.implementation.module.__name__
    return importlib.import_module(f"{root}.{name}")


# Decorators.


def test_decorators_give_a_context_and_sockets(zmq: Library) -> None:
    decorators: Any = part(zmq, "decorators")
    seen = []

    @decorators.context()  # type: ignore[untyped-decorator]
    @decorators.socket(zmq.PUSH)  # type: ignore[untyped-decorator]
    @decorators.socket("second", zmq.PULL)  # type: ignore[untyped-decorator]
    def function(first: int, context: Any, push: Any, second: Any) -> str:
        """Documented."""
        assert push.context is second.context is context
        assert (push.type, second.type) == (zmq.PUSH, zmq.PULL)
        seen.extend([context, push, second])
        return f"result {first}"

    assert function(1) == "result 1"
    assert (function.__name__, function.__doc__) == ("function", "Documented.")
    assert all(one.closed for one in seen)


def test_decorators_find_the_context(zmq: Library) -> None:
    decorators: Any = part(zmq, "decorators")

    @decorators.socket(  # type: ignore[untyped-decorator]
        zmq.PUSH, name="push", context_name="where"
    )
    def function(**given: Any) -> Any:
        return given["push"].context

    assert function(where=zmq.main) is zmq.main
    shared = zmq.Context.instance()
    assert function() is shared
    with pytest.raises(TypeError):
        function(push=1)
    shared.term()


# Logging.


@pytest.fixture
def published(zmq: Library) -> Iterator[tuple[Any, Any]]:
    """A handler, and the socket that receives what it publishes."""
    publisher, subscriber = zmq.socket(zmq.PUB), zmq.socket(zmq.SUB)
    subscriber.subscribe(b"")
    marry(zmq, publisher, subscriber, "inproc")
    yield part(zmq, "log.handlers").PUBHandler(publisher), subscriber


def _record(level: int, text: Any, *arguments: Any) -> logging.LogRecord:
    return logging.LogRecord("name", level, "file.py", 7, text, arguments, None)


def test_records_are_published(published: tuple[Any, Any]) -> None:
    handler, subscriber = published
    handler.handle(_record(logging.INFO, "number %d", 5))
    assert subscriber.recv_multipart() == [b"INFO", b"number 5\n"]
    handler.root_topic = b"root"
    handler.handle(_record(logging.WARNING, "some.topic::text"))
    topic, text = subscriber.recv_multipart()
    assert topic == b"root.WARNING.some.topic"
    assert text == b"WARNING file.py:7 - text\n"
    handler.setFormatter(logging.Formatter("only %(message)s"), logging.ERROR)
    handler.handle(_record(logging.ERROR, ["not", "text"]))
    assert subscriber.recv_multipart()[1] == b"only ['not', 'text']"


def test_a_handler_makes_its_own_socket(zmq: Library) -> None:
    handler = part(zmq, "log.handlers").PUBHandler("inproc://log", zmq.main, "root")
    assert (handler.ctx, handler.root_topic) == (zmq.main, "root")
    assert handler.socket.type == zmq.PUB
    handler.socket.close()


@pytest.mark.only("pymq")
def test_levels_that_a_program_made_up(published: tuple[Any, Any]) -> None:
    """A KeyError in pyzmq."""
    handler, subscriber = published
    handler.handle(_record(logging.INFO + 5, "text"))
    assert subscriber.recv_multipart() == [b"Level 25", b"text\n"]


@pytest.mark.only("pymq")
@pytest.mark.parametrize("name", ["debug", "info", "warning", "error", "exception"])
def test_topic_loggers(published: tuple[Any, Any], zmq: Library, name: str) -> None:
    """pyzmq's have one method under all names: all they log is critical."""
    handler, subscriber = published
    logger = part(zmq, "log.handlers").TopicLogger("name", logging.DEBUG)
    logger.addHandler(handler)
    getattr(logger, name)("a.topic", "text %d", 3)
    topic, text = subscriber.recv_multipart()
    level = "ERROR" if name == "exception" else name.upper()
    assert topic.decode() == f"{level}.a.topic"
    assert b"text 3" in text
    if name == "debug":
        assert Path(__file__).name.encode() in text


# Helpers.


def test_json_is_bytes(zmq: Library) -> None:
    jsonapi = part(zmq, "utils.jsonapi")
    value = {"ü": [1, None]}
    assert jsonapi.loads(jsonapi.dumps(value)) == value
    assert jsonapi.loads(jsonapi.dumps(value).decode()) == value
    assert jsonapi.dumps(value, ensure_ascii=False).decode() == '{"ü": [1, null]}'
    assert jsonapi.jsonmod is json


def test_strtypes_warn(zmq: Library) -> None:
    strtypes = part(zmq, "utils.strtypes")
    with pytest.warns(DeprecationWarning):
        assert strtypes.b("ü") == strtypes.asbytes("ü".encode()) == "ü".encode()
    with pytest.warns(DeprecationWarning):
        assert strtypes.u(b"x") == strtypes.cast_unicode("x") == "x"
    with pytest.warns(DeprecationWarning), pytest.raises(TypeError):
        strtypes.cast_bytes(5)
    assert strtypes.unicode is str and strtypes.basestring == (str,)


def test_addresses(zmq: Library) -> None:
    cast = part(zmq, "utils.interop").cast_int_addr
    assert cast(5) == 5
    cffi = pytest.importorskip("cffi")
    assert cast(cffi.FFI().cast("void *", 77)) == 77
    with pytest.raises(ValueError):
        cast("text")


def test_the_collector_holds_nothing(zmq: Library) -> None:
    gc = part(zmq, "utils.garbage").gc
    assert not gc.refs
    with part(zmq, "utils.win32").allow_interrupt(lambda: None):
        pass


def test_stopwatch(zmq: Library) -> None:
    with pytest.warns(DeprecationWarning):
        watch = zmq.Stopwatch()
    watch.start()
    assert 0 <= watch.stop() < 60_000_000


def test_deprecated_name_of_the_type(zmq: Library) -> None:
    with pytest.warns(DeprecationWarning):
        assert zmq.socket(zmq.PUSH).socket_type == zmq.PUSH


@pytest.mark.parametrize("name", ["join", "leave"])
def test_drafts_are_refused(zmq: Library, name: str) -> None:
    with pytest.raises(RuntimeError):
        getattr(zmq.socket(zmq.PUSH), name)("group")
    assert zmq.DRAFT_API is False


# ssh.

SSH = """#!{python}
import sys
print(sys.argv[1:], file=open({log!r}, "a"))
if "check" in sys.argv or "refused" in sys.argv[-3:]:
    sys.exit(255)
if "asks" in sys.argv[-3:]:
    print("password: ", end="", flush=True)
    sys.exit(input() != "secret")
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command ``ssh`` that only writes down how it was called."""
    pytest.importorskip("pexpect")
    log = tmp_path / "log"
    command = tmp_path / "ssh"
    command.write_text(SSH.format(python=sys.executable, log=str(log)))
    command.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return log


@pytest.mark.only("pymq")
@pytest.mark.parametrize("host", ["host", "asks"])
def test_a_tunnel(zmq: Library, ssh: Path, host: str) -> None:
    tunnel = part(zmq, "ssh.tunnel")
    sock = zmq.socket(zmq.PUSH)
    pid = tunnel.tunnel_connection(
        sock, "tcp://inside:55", f"{host}:22", "a key", "secret"
    )
    assert pid > 0
    called = ssh.read_text().splitlines()[-1]
    port = zmq.last_endpoint(sock).rpartition(":")[2]
    assert "'-i', 'a key', '-p', '22'" in called
    assert f"127.0.0.1:{port}:inside:55', '{host}', 'sleep', '60']" in called


@pytest.mark.only("pymq")
def test_a_tunnel_that_fails(zmq: Library, ssh: Path) -> None:
    tunnel = part(zmq, "ssh.tunnel")
    with pytest.raises(RuntimeError, match="refused"):
        tunnel.openssh_tunnel(5, 6, "refused")
    assert tunnel.try_passwordless_ssh("host", None)
    assert not tunnel.try_passwordless_ssh("asks", None)


def test_random_ports(zmq: Library) -> None:
    ports = part(zmq, "ssh.tunnel").select_random_ports(20)
    assert len(set(ports)) == 20
