"""Keys and passwords: where they are not shown, and when they are let go of."""

from __future__ import annotations

import errno
import importlib
import logging
from typing import Any, Iterator

import pytest
from library import Library
from watching import Watch
from zaphandler import Handler

import pymq
from pymq import z85
from pymq.constants import SocketOption
from pymq.session.side import Side
from pymq.zmtp import command, greeting, sodium
from pymq.zmtp.handshake import Handshake, Ready
from pymq.zmtp.mechanisms import Mechanism, Step, curve, plain
from pymq.zmtp.sealing import Keys
from pymq.zmtp.socket_types import COMPATIBLE

needs_curve = pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")
pytestmark = pytest.mark.only("pymq")


def _spellings(secret: bytes) -> set[str]:
    """How text may have it."""
    found = {secret.hex(), repr(secret)[2:-1], str(list(secret))[1:-1]}
    return found | ({z85.encode(secret).decode()} if len(secret) == 32 else set())


def _shown(text: str, *secrets: bytes) -> list[bytes]:
    return [one for one in secrets if any(how in text for how in _spellings(one))]


@needs_curve
def test_nothing_is_logged(zmq: Library, caplog: pytest.LogCaptureFixture) -> None:
    """Of handshakes that succeed, that are refused and that fail."""
    caplog.set_level(logging.DEBUG)
    handler = Handler(zmq)
    public, secret = pymq.curve_keypair()
    mine, own = pymq.curve_keypair()
    server = zmq.socket(zmq.DEALER, curve_secretkey=secret, curve_server=1)
    endpoint = zmq.bind(server, "tcp")
    for status in (b"200", b"400"):
        client = zmq.socket(zmq.DEALER, curve_secretkey=own, curve_publickey=mine)
        client.curve_serverkey = public
        watch = Watch(zmq, client)
        client.connect(endpoint)
        handler.judge(status)
        good = status == b"200"
        watch.until("HANDSHAKE_SUCCEEDED" if good else "HANDSHAKE_FAILED_AUTH")
    wrong = zmq.socket(zmq.DEALER, curve_secretkey=own, curve_publickey=mine)
    wrong.curve_serverkey = mine
    watch = Watch(zmq, wrong)
    wrong.connect(endpoint)
    watch.until("DISCONNECTED")
    assert caplog.records
    assert not _shown(caplog.text, z85.decode(secret), z85.decode(own))


def test_no_password_is_logged(zmq: Library, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    handler = Handler(zmq)
    server = zmq.socket(zmq.DEALER, plain_server=1)
    client = zmq.socket(zmq.DEALER, plain_username=b"me", plain_password=b"h:u:s:h")
    watch = Watch(zmq, client)
    client.connect(zmq.bind(server, "tcp"))
    handler.judge(b"400")
    watch.until("HANDSHAKE_FAILED_AUTH")
    assert caplog.records
    assert "h:u:s:h" not in caplog.text


def test_no_repr_shows_them(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER, plain_username=b"me", plain_password=b"h:u:s:h")
    side: Side = sock._side()
    assert side.options[SocketOption.PLAIN_PASSWORD] == b"h:u:s:h"
    shown: list[Any] = [
        sock,
        side,
        Step((b"h:u:s:h",), None, (b"me", b"h:u:s:h")),
        command.parse(b"\5HELLO\2me\7h:u:s:h"),
        plain.Client(b"me", b"h:u:s:h"),
    ]
    assert "h:u:s:h" not in f"{shown} {' '.join(map(str, shown))}"


def test_no_error_shows_them(zmq: Library) -> None:
    sock = zmq.socket(zmq.DEALER)
    for secret in (b"h:u:s:h", bytearray(b"h:u:s:h"), ["h:u:s:h"]):
        with pytest.raises(TypeError) as caught:
            sock.set_string(zmq.PLAIN_PASSWORD, secret)
        assert "h:u:s:h" not in str(caught.value)


def _talk(one: Handshake, two: Handshake) -> None:
    one.start()
    two.start()
    while not (isinstance(one.result, Ready) and isinstance(two.result, Ready)):
        said = one.data_to_send(), two.data_to_send()
        assert any(said), (one.result, two.result)
        two.receive_data(said[0])
        one.receive_data(said[1])


def _strings(of: Mechanism) -> Iterator[bytes]:
    for value in vars(of).values():
        if isinstance(value, bytes):
            yield value


@needs_curve
def test_secrets_are_let_go_of() -> None:
    """What a handshake leaves has none but the connection's key, which its engine is
    given; the short-term ones are nowhere, so what was recorded stays closed."""
    c, s = sodium.random(32), sodium.random(32)
    drawn: list[bytes] = []

    def random(size: int) -> bytes:
        drawn.append(sodium.random(size))
        return drawn[-1]

    public = sodium.public(s)
    sides: tuple[Mechanism, Mechanism] = (
        curve.Client(sodium.public(c), c, public, random),
        curve.Server(s, asks=False, random=random),
    )
    types = ("DEALER", "ROUTER")
    shakes = [
        Handshake(kind, b"", side, COMPATIBLE[kind]) for kind, side in zip(types, sides)
    ]
    _talk(*shakes)
    secrets = {c, s, *(one for one in drawn if len(one) == 32)}
    assert len(secrets) == 5  # and c', s', the cookie's
    for side in sides:
        assert isinstance(side.sealing, Keys)
        secrets.add(side.sealing.key)
        assert not secrets & set(_strings(side))


@needs_curve
def test_what_c_is_given_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """C has a copy, and wipes that at the link's end; Python's own is cleared."""
    pytest.importorskip("pymq._core")
    from workbench import PULL, Bench

    from pymq.backend import native

    module = importlib.import_module("pymq.backend.native.pipe")

    made: list[Any] = []
    original = module._sealing

    def keep(keys: Keys) -> Any:
        made.append(original(keys))
        assert bytes(made[0].key) == keys.key
        return made[0]

    monkeypatch.setattr(module, "_sealing", keep)
    bench = Bench(native)
    try:
        bench.link(bench.hub(PULL), sealing=Keys(bytes(range(32)), True, 1, 2))
        assert not any(bytes(made[0].key))
    finally:
        bench.close()


# Keys that are none


@needs_curve
@pytest.mark.parametrize("lacks", ["CURVE_SECRETKEY", "CURVE_PUBLICKEY"])
def test_a_client_without_keys(zmq: Library, network: str, lacks: str) -> None:
    """libzmq connects, and never gets in."""
    sock = zmq.socket(zmq.DEALER)
    keys = dict(zip(("CURVE_PUBLICKEY", "CURVE_SECRETKEY"), pymq.curve_keypair()))
    del keys[lacks]
    for name, value in keys.items():
        sock.set(getattr(zmq, name), value)
    sock.curve_serverkey = pymq.curve_keypair()[0]
    with zmq.refused(errno.EINVAL) as caught:
        sock.connect(zmq.reserved(network))
    assert lacks in str(caught.value)


@needs_curve
def test_a_server_without_a_key(zmq: Library, network: str) -> None:
    """libzmq then has the secret key that everybody knows: zeros."""
    sock = zmq.socket(zmq.DEALER, curve_server=1)
    with zmq.refused(errno.EINVAL) as caught:
        zmq.bind(sock, network)
    assert "CURVE_SECRETKEY" in str(caught.value)
    zmq.bind(sock, "inproc")  # which has no security


@needs_curve
def test_greeting_names_nothing_but_the_mechanism() -> None:
    """The greeting is in the clear, and the same for everybody."""
    client = curve.Client(bytes(32), b"\1" * 32, sodium.public(b"\2" * 32))
    shake = Handshake("DEALER", b"", client, COMPATIBLE["DEALER"])
    shake.start()
    shake.receive_data(greeting.encode(b"CURVE"))
    said = shake.data_to_send()[: greeting.SIZE]
    assert said == greeting.encode(b"CURVE")
