"""CURVE in bytes: known answers, and what each side refuses."""

from __future__ import annotations

from typing import Callable, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymq.constants import Event
from pymq.zmtp import command, frame, greeting, sealing, sodium
from pymq.zmtp.error import ProtocolError
from pymq.zmtp.handshake import Failed, Handshake, Ready
from pymq.zmtp.mechanisms import Mechanism, plain
from pymq.zmtp.mechanisms.curve import Client, Server
from pymq.zmtp.mechanisms.null import Null
from pymq.zmtp.sealing import Keys, Sealer
from pymq.zmtp.socket_types import COMPATIBLE

pytestmark = pytest.mark.skipif(not sodium.available(), reason="PyNaCl is not there")

Vectors = dict[str, bytes]

CRYPTOGRAPHIC = Event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC
UNEXPECTED = Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
HELLO = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO
INITIATE = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE
READY = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY
SEQUENCE = Event.PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE
EXCHANGE = Event.PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE

c, s, short_c, short_s, cookie_key = (bytes((n,)) * 32 for n in (1, 2, 3, 4, 5))


def script(*values: bytes) -> Callable[[int], bytes]:
    """Random octets that are known."""
    left = list(values)

    def random(size: int) -> bytes:
        value = left.pop(0)
        assert len(value) == size
        return value

    return random


def begin(socket_type: str, mechanism: Mechanism) -> Handshake:
    handshake = Handshake(socket_type, b"", mechanism, COMPATIBLE[socket_type])
    handshake.start()
    handshake.receive_data(greeting.encode(b"CURVE"))
    sent = handshake.data_to_send()
    assert sent[: greeting.SIZE][12:17] == b"CURVE"
    handshake._output += sent[greeting.SIZE :]
    return handshake


def new_client(vectors: Vectors) -> Handshake:
    random = script(short_c, b"\xb0" * 16)
    public, server = vectors["curve.key.C"], vectors["curve.key.S"]
    return begin("DEALER", Client(public, c, server, random))


def new_server() -> Handshake:
    random = script(short_s, cookie_key, b"\xc0" * 16, b"\xa0" * 16)
    return begin("ROUTER", Server(s, asks=False, random=random))


# Known answers


def test_every_byte_of_a_client(vectors: Vectors) -> None:
    handshake = new_client(vectors)
    assert handshake.data_to_send() == vectors["curve.hello"]
    handshake.receive_data(vectors["curve.welcome"])
    assert handshake.data_to_send() == vectors["curve.initiate"]
    result = handshake.receive_data(vectors["curve.ready"] + b"more")
    assert isinstance(result, Ready)
    assert (result.socket_type, result.leftover) == ("ROUTER", b"more")
    assert result.sealing == Keys(vectors["curve.precomputed"], False, 2, 1)


def test_every_byte_of_a_server(vectors: Vectors) -> None:
    handshake = new_server()
    handshake.receive_data(vectors["curve.hello"])
    assert handshake.data_to_send() == vectors["curve.welcome"]
    result = handshake.receive_data(vectors["curve.initiate"])
    assert handshake.data_to_send() == vectors["curve.ready"]
    assert isinstance(result, Ready)
    assert result.socket_type == "DEALER"
    assert result.sealing == Keys(vectors["curve.precomputed"], True, 1, 2)


def test_every_byte_of_messages(vectors: Vectors) -> None:
    key = vectors["curve.precomputed"]
    client, server = Sealer(Keys(key, False, 2, 1)), Sealer(Keys(key, True, 1, 2))
    hello = client.seal(0, b"hello")
    assert hello == vectors["curve.message.client.hello"]
    more = client.seal(frame.MORE, b"part")
    assert more == vectors["curve.message.client.more"]
    world = server.seal(0, b"world")
    assert world == vectors["curve.message.server.world"]
    other = Sealer(Keys(key, False, 2, 1))
    subscribe = other.seal(frame.COMMAND, command.subscribe(b"T"))
    assert subscribe == vectors["curve.message.client.subscribe.T"]
    assert server.open(hello[2:]) == (0, b"hello")
    assert server.open(more[2:]) == (frame.MORE, b"part")
    assert client.open(world[2:]) == (0, b"world")
    fresh = Sealer(Keys(key, True, 1, 2))
    assert fresh.open(subscribe[2:]) == (frame.COMMAND, command.subscribe(b"T"))


def test_the_handler_judges_the_clients_key(vectors: Vectors) -> None:
    random = script(short_s, cookie_key, b"\xc0" * 16, b"\xa0" * 16)
    handshake = begin("ROUTER", Server(s, random=random))
    handshake.receive_data(vectors["curve.hello"] + vectors["curve.initiate"])
    assert handshake.credentials == (vectors["curve.key.C"],)
    assert handshake.data_to_send() == vectors["curve.welcome"]
    handshake.answer([b"", b"1.0", b"1", b"200", b"", b"joe", b""])
    assert handshake.data_to_send() == vectors["curve.ready"]
    assert isinstance(handshake.result, Ready)
    assert handshake.result.judged == {"User-Id": b"joe"}


def test_keys_are_not_shown(vectors: Vectors) -> None:
    keys = Keys(vectors["curve.precomputed"], True, 1, 2)
    assert "2a7e" not in repr(keys)
    assert "\\x" not in f"{keys} {Ready(1, {}, b'', sealing=keys)}"


# What is refused


def failure(handshake: Handshake) -> Failed:
    assert isinstance(handshake.result, Failed), handshake.result
    assert handshake.result.fatal
    return handshake.result


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def after(name: str, changed: bytes, vectors: Vectors) -> Handshake:
    """A handshake that got this instead of the command of that name."""
    if name in ("welcome", "ready"):
        handshake, before = new_client(vectors), ["welcome"]
    else:
        handshake, before = new_server(), ["hello"]
    for earlier in before[: name in ("ready", "initiate")]:
        handshake.receive_data(vectors[f"curve.{earlier}"])
    handshake.data_to_send()
    handshake.receive_data(changed)
    return handshake


NAMES = ("hello", "welcome", "initiate", "ready")


@pytest.mark.parametrize("name", NAMES)
def test_no_bit_may_be_flipped(vectors: Vectors, name: str) -> None:
    good = vectors[f"curve.{name}"]
    start = 9 if good[0] & frame.LONG else 2
    for at in range(start, len(good)):
        handshake = after(name, flipped(good, at), vectors)
        assert failure(handshake).code, at
        assert handshake.data_to_send() == b""


@pytest.mark.parametrize("name", NAMES)
def test_nothing_may_be_missing(vectors: Vectors, name: str) -> None:
    good = vectors[f"curve.{name}"]
    body = good[9 if good[0] & frame.LONG else 2 :]
    for size in range(len(body)):
        short = frame.encode(body[:size], frame.COMMAND)
        assert failure(after(name, short, vectors)).code, size
    longer = frame.encode(body + b"\0", frame.COMMAND)
    assert failure(after(name, longer, vectors)).code


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("instead", NAMES)
def test_the_order_is_fixed(vectors: Vectors, name: str, instead: str) -> None:
    if name == instead:
        return
    handshake = after(name, vectors[f"curve.{instead}"], vectors)
    assert failure(handshake).code == UNEXPECTED


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("hello", b"\5HELLO" + bytes(193), HELLO),
        ("hello", b"\5HELLO\2\0" + bytes(192), HELLO),
        ("hello", b"\5HELLO\1\0" + bytes(192), CRYPTOGRAPHIC),
        ("initiate", b"\x08INITIATE" + bytes(247), INITIATE),
        ("initiate", b"\x08INITIATE" + bytes(248), CRYPTOGRAPHIC),
        ("welcome", b"\7WELCOME" + bytes(159), CRYPTOGRAPHIC),
        ("welcome", b"\7WELCOME" + bytes(160), CRYPTOGRAPHIC),
        ("ready", b"\5READY" + bytes(23), READY),
        ("ready", b"\5READY" + bytes(24), CRYPTOGRAPHIC),
        ("ready", b"\7MESSAGE" + bytes(40), UNEXPECTED),
    ],
)
def test_codes(vectors: Vectors, name: str, body: bytes, code: int) -> None:
    handshake = after(name, frame.encode(body, frame.COMMAND), vectors)
    assert failure(handshake).code == code


def initiate(vectors: Vectors, vouched: bytes, nonce: int = 2) -> bytes:
    """As a client that vouches for these keys would send it."""
    cookie, key = vectors["curve.cookie"], vectors["curve.precomputed"]
    salt = bytes(16)
    vouch_key = sodium.shared(vectors["curve.key.S'"], c)
    vouch = salt + sodium.seal(vouched, b"VOUCH---" + salt, vouch_key)
    tail = nonce.to_bytes(8, "big")
    sealed = vectors["curve.key.C"] + vouch
    box = sodium.seal(sealed, b"CurveZMQINITIATE" + tail, key)
    body = command.encode(command.INITIATE, cookie + tail + box)
    return frame.encode(body, frame.COMMAND)


@pytest.mark.parametrize(
    ("first", "second", "nonce", "code"),
    [
        ("C'", "S", 2, 0),
        ("S'", "S", 2, EXCHANGE),
        ("C'", "C", 2, EXCHANGE),  # which libzmq lets pass
        ("C'", "S", 1, SEQUENCE),  # so it does with the nonce of HELLO
        ("C'", "S", 0, SEQUENCE),
    ],
)
def test_for_whom_a_client_vouches(
    vectors: Vectors, first: str, second: str, nonce: int, code: int
) -> None:
    vouched = vectors[f"curve.key.{first}"] + vectors[f"curve.key.{second}"]
    handshake = after("initiate", initiate(vectors, vouched, nonce), vectors)
    if code:
        assert failure(handshake).code == code
    else:
        assert isinstance(handshake.result, Ready)


def test_a_cookie_is_for_one_connection(vectors: Vectors) -> None:
    """A recorded handshake is of no use later, even if the keys were the same."""
    random = script(short_s, b"\6" * 32, b"\xc0" * 16, b"\xa0" * 16)
    handshake = begin("ROUTER", Server(s, asks=False, random=random))
    handshake.receive_data(vectors["curve.hello"])
    handshake.receive_data(vectors["curve.initiate"])
    assert failure(handshake).code == CRYPTOGRAPHIC


@pytest.mark.parametrize(("after", "code"), [(60.0, 0), (60.1, CRYPTOGRAPHIC)])
def test_a_cookie_expires(vectors: Vectors, after: float, code: int) -> None:
    """Whatever HANDSHAKE_IVL is."""
    now = [5.0]
    random = script(short_s, cookie_key, b"\xc0" * 16, b"\xa0" * 16)
    server = Server(s, asks=False, random=random, clock=lambda: now[0])
    handshake = begin("ROUTER", server)
    handshake.receive_data(vectors["curve.hello"])
    now[0] += after
    handshake.receive_data(vectors["curve.initiate"])
    if code:
        assert failure(handshake).code == code
    else:
        assert isinstance(handshake.result, Ready)


@pytest.mark.parametrize("key", [bytes(32), b"\1" + bytes(31)])
def test_weak_keys(vectors: Vectors, key: bytes) -> None:
    """Points of low order, whose shared key anybody knows."""
    handshake = begin("DEALER", Client(vectors["curve.key.C"], c, key))
    assert failure(handshake).code == CRYPTOGRAPHIC


@pytest.mark.parametrize("change", ["replay", "reorder", "flip", "cut", "clear"])
def test_messages_that_are_refused(vectors: Vectors, change: str) -> None:
    key = vectors["curve.precomputed"]
    client, server = Sealer(Keys(key, False, 2, 1)), Sealer(Keys(key, True, 1, 2))
    one, two = (client.seal(0, body)[2:] for body in (b"one", b"two"))
    bad = {
        "replay": [one, one],
        "reorder": [two, one],
        "flip": [flipped(one, at) for at in range(len(one))],
        "cut": [one[:size] for size in range(len(one))],
        "clear": [b"hello", b"", b"\7MESSAGE"],
    }[change]
    if change in ("replay", "reorder"):
        server.open(bad.pop(0))
    for body in bad:
        with pytest.raises(ProtocolError):
            server.open(body)
    if change in ("flip", "cut", "clear"):  # a forged nonce moved nothing
        assert server.open(one) == (0, b"one")


def test_our_own_messages_do_not_come_from_the_peer(vectors: Vectors) -> None:
    sealer = Sealer(Keys(vectors["curve.precomputed"], True, 1, 1))
    own = sealer.seal(0, b"hello")[2:]
    with pytest.raises(ProtocolError):
        sealer.open(own)


def test_nonces_may_leave_gaps_and_grow(vectors: Vectors) -> None:
    key = vectors["curve.precomputed"]
    server = Sealer(Keys(key, True, 1, 2))
    for number in (3, 100, 2**63, 2**64 - 2):
        client = Sealer(Keys(key, False, number - 1, 1))
        assert server.open(client.seal(0, b"x")[-34:]) == (0, b"x")
    seen = {Sealer(Keys(key, False, n, 1)).seal(0, b"x") for n in range(50)}
    assert len(seen) == 50


# Whatever arrives


def _mechanism(name: str) -> Union[Mechanism, None]:
    makers: dict[str, Callable[[], Mechanism]] = {
        "NULL": lambda: Null(True),
        "PLAIN client": lambda: plain.Client(b"u", b"p"),
        "PLAIN server": plain.Server,
        "CURVE client": lambda: Client(sodium.public(c), c, sodium.public(s)),
        "CURVE server": lambda: Server(s),
    }
    return makers[name]()


names = st.sampled_from([b"\5HELLO", b"\7WELCOME", b"\x08INITIATE", b"\5READY", b""])
bodies = st.tuples(names, st.binary(max_size=300)).map(b"".join)
pieces = st.lists(bodies.map(lambda b: frame.encode(b, frame.COMMAND)), max_size=5)


@pytest.mark.parametrize(
    "name", ["NULL", "PLAIN client", "PLAIN server", "CURVE client", "CURVE server"]
)
@settings(max_examples=60, deadline=None)
@given(commands=pieces, tail=st.binary(max_size=50), replies=st.lists(st.binary()))
def test_garbage(
    name: str, commands: list[bytes], tail: bytes, replies: list[bytes]
) -> None:
    """Ends, or waits for more; never raises."""
    mechanism = _mechanism(name)
    assert mechanism is not None
    handshake = Handshake("DEALER", b"", mechanism, COMPATIBLE["DEALER"])
    handshake.start()
    handshake.receive_data(greeting.encode(mechanism.name))
    for data in (*commands, tail):
        handshake.receive_data(data)
        if handshake.credentials is not None:
            handshake.answer(replies)
        handshake.data_to_send()
    handshake.receive_eof()
    assert isinstance(handshake.result, (Ready, Failed))


def test_the_overhead_is_what_it_is() -> None:
    assert len(Sealer(Keys(bytes(32), True, 0, 0)).seal(0, b"")) == 2 + sealing.OVERHEAD
