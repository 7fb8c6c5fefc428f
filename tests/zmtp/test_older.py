"""ZMTP 1.0 and 2.0: framing, and handshakes as libzmq has them."""

from __future__ import annotations

from typing import Callable, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymq.zmtp import older
from pymq.zmtp.error import FrameTooLarge, ProtocolError
from pymq.zmtp.handshake import Failed, Handshake, Ready
from pymq.zmtp.mechanisms.null import Null
from pymq.zmtp.socket_types import COMPATIBLE

Cut = Callable[[bytes], "list[bytes]"]

SIGNATURE = b"\xff" + bytes(8) + b"\x7f"  # of a raw peer
BEHIND = b"\2\0x"


def begin(kind: str = "DEALER", identity: bytes = b"", old: bool = True) -> Handshake:
    handshake = Handshake(kind, identity, Null(), COMPATIBLE[kind], old)
    handshake.start()
    return handshake


def send(handshake: Handshake, pieces: list[bytes]) -> bytes:
    """What is said in return."""
    for piece in pieces:
        handshake.receive_data(piece)
    return handshake.data_to_send()


def accepted(handshake: Handshake) -> Ready:
    assert isinstance(handshake.result, Ready), handshake.result
    return handshake.result


# Frames


@pytest.mark.parametrize("size", [0, 1, 252, 253, 254, 255, 256, 70_000])
@pytest.mark.parametrize("more", [0, 1])
def test_a_header_can_be_read_again(size: int, more: int) -> None:
    head = older.header(size, more)
    assert len(head) == (2 if size < 254 else 10)
    for cut in range(len(head)):
        assert older.parse_header(head[:cut]) is None
    found = older.parse_header(b"??" + head, 2)
    assert found == (more, 2 + len(head), 2 + len(head) + size)


def test_headers_are_those_of_libzmq(vectors: dict[str, bytes]) -> None:
    assert older.header(253) == vectors["v1.frame.253.head"]
    assert older.header(254) == vectors["v1.frame.254.head"]
    assert older.header(3) + b"\1TT" == vectors["subscribe.TT.1.0"]
    assert older.header(3) + b"\0TT" == vectors["cancel.TT.1.0"]


def test_a_long_form_may_be_short() -> None:
    assert older.parse_header(b"\xff" + bytes(7) + b"\4\1") == (1, 10, 13)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0",
        b"\1\2",
        b"\5\x80",
        b"\xff" + bytes(9),
        b"\xff" * 9 + b"\0",
        b"\xff\x80" + bytes(6) + b"\1\0",
    ],
    ids=["nothing", "flag", "high flag", "long nothing", "longest", "2**63"],
)
def test_what_is_no_frame(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        older.parse_header(data)
    decoder = older.Decoder()
    assert decoder.feed(BEHIND + data) == [(0, b"x")]
    assert decoder.error is not None


def test_a_frame_that_is_too_large() -> None:
    decoder = older.Decoder(max_size=300)
    small = older.header(300) + bytes(300)
    assert decoder.feed(small + older.header(301)) == [(0, bytes(300))]
    assert isinstance(decoder.error, FrameTooLarge)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.binary(max_size=600)), max_size=8),
    st.integers(1, 300),
)
def test_any_pieces_make_the_same_frames(
    frames: list[tuple[int, bytes]], step: int
) -> None:
    stream = b"".join(older.header(len(body), flags) + body for flags, body in frames)
    decoder = older.Decoder()
    got = []
    for at in range(0, len(stream), step):
        got += decoder.feed(stream[at : at + step])
    assert got == frames
    assert decoder.error is None


# Handshakes: what libzmq sent to the same peers


@pytest.mark.parametrize("identity", [b"", b"ABC"])
@pytest.mark.parametrize(
    ("revision", "ours", "theirs"),
    [(1, b"\0\3ABC", b"\0\4peer"), (0, b"\4\0ABC", b"\5\0peer")],
)
def test_a_peer_with_a_revision(
    cut: Cut, revision: int, ours: bytes, theirs: bytes, identity: bytes
) -> None:
    handshake = begin(identity=identity)
    head = bytes((0xFF, 0, 0, 0, 0, 0, 0, 0, 1 + len(identity), 0x7F))
    assert handshake.data_to_send() == head
    assert send(handshake, cut(SIGNATURE)) == b"\3"
    assert send(handshake, [bytes((revision,))]) == b"\5"
    if not identity:
        ours = b"\0\0" if revision else b"\1\0"
    assert send(handshake, [b"\5"]) == ours
    assert handshake.result is None
    assert send(handshake, cut(theirs + BEHIND)) == b""
    found = accepted(handshake)
    assert (found.major, found.minor) == (revision + 1, 0)
    assert (found.identity, found.leftover) == (b"peer", BEHIND)
    assert found.socket_type == ""


def test_all_that_a_revision_1_peer_gets(vectors: dict[str, bytes]) -> None:
    handshake = begin()
    sent = send(handshake, [SIGNATURE + b"\1\5\0\0"])
    assert sent == vectors["v2.greeting.DEALER.empty-id"]


@pytest.mark.parametrize(
    ("kind", "octet"), [("PAIR", 0), ("PUB", 1), ("PUSH", 8), ("XPUB", 9), ("XSUB", 10)]
)
def test_our_type_as_an_octet(kind: str, octet: int) -> None:
    assert send(begin(kind), [SIGNATURE + b"\1"])[-1] == octet


@pytest.mark.parametrize("identity", [b"", b"ABC"])
def test_a_peer_without_a_greeting(identity: bytes) -> None:
    handshake = begin(identity=identity)
    handshake.data_to_send()
    assert send(handshake, [b"\1"]) == identity
    assert handshake.result is None
    assert send(handshake, [b"\0" + BEHIND]) == b""
    assert accepted(handshake) == Ready(0, {"Identity": b""}, BEHIND, 1)


def test_a_long_routing_id_without_a_greeting(cut: Cut) -> None:
    handshake = begin("ROUTER")
    assert send(handshake, [b"\xff" + bytes(7)])[10:] == b""
    assert send(handshake, cut(b"\5\0PEER" + BEHIND)) == b""
    assert accepted(handshake).identity == b"PEER"
    assert accepted(handshake).leftover == BEHIND


@pytest.mark.parametrize("kind", COMPATIBLE)
def test_who_never_subscribed_gets_everything(kind: str) -> None:
    """But whoever has a greeting does subscribe."""
    handshake = begin(kind)
    send(handshake, [b"\1\0" + BEHIND])
    extra = b"\2\0\1" if kind in ("PUB", "XPUB") else b""
    assert accepted(handshake).leftover == extra + BEHIND
    for revision in (b"\0\2\1\0", b"\1\2\0\0"):
        handshake = begin(kind)
        send(handshake, [SIGNATURE + revision + BEHIND])
        assert accepted(handshake).leftover == BEHIND


@pytest.mark.parametrize(
    ("identity", "known"), [(b"x" * 255, b"x" * 255), (b"\0x", b""), (b"x", b"x")]
)
@pytest.mark.parametrize("major", [1, 2])
def test_routing_ids(major: int, identity: bytes, known: bytes) -> None:
    handshake = begin("ROUTER")
    frame = older.encode_identity(major, identity)
    send(handshake, [SIGNATURE + bytes((major - 1, 5)) + frame])
    assert accepted(handshake).identity == known


# Who does not get in


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\1\0", "ZMTP 1.0, or none"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400"),
        (SIGNATURE[:9] + b"\0", "ZMTP 1.0"),
        (SIGNATURE + b"\0\5", "ZMTP 1.0"),
        (SIGNATURE + b"\1\5", "ZMTP 2.0"),
    ],
)
def test_old_peers_may_be_unwanted(data: bytes, reason: str) -> None:
    class Secret(Null):
        name = b"SECRET"

    secure = Handshake("DEALER", b"", Secret(), COMPATIBLE["DEALER"])
    secure.start()
    for handshake in (begin(old=False), secure):
        sent = send(handshake, [data])
        assert len(sent) <= 11  # nothing but the greeting
        assert isinstance(handshake.result, Failed)
        assert reason in handshake.result.reason
        assert "ZMTP 3.0 or later is needed" in handshake.result.reason
        assert not handshake.result.fatal


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3",
        b"\0\0",
        b"\1\1",
        b"\xff" + bytes(9),
        b"\xff" + bytes(6) + b"\1\1\0",
        SIGNATURE + b"\1\5\1\1x",
        SIGNATURE + b"\1\5\4\1x",
        SIGNATURE + b"\1\5\2" + bytes(6) + b"\1\0",
        SIGNATURE + b"\0\5\2\1x",
    ],
)
def test_what_has_no_routing_id(cut: Cut, data: bytes) -> None:
    handshake = begin()
    send(handshake, cut(data))
    assert isinstance(handshake.result, Failed), handshake.result
    assert not handshake.result.fatal or data.startswith(SIGNATURE)


@pytest.mark.parametrize("data", [b"\5\0peer", SIGNATURE + b"\0\5\5\0peer"])
def test_an_old_peer_goes_away(data: bytes) -> None:
    for size in range(len(data)):
        handshake = begin()
        send(handshake, [data[:size]])
        assert isinstance(handshake.receive_eof(), Failed)


@given(st.binary(max_size=60), st.sampled_from([b"", SIGNATURE, SIGNATURE + b"\1"]))
def test_random_octets(noise: bytes, begun: bytes) -> None:
    results: list[Union[Ready, Failed, None]] = []
    for pieces in ([begun + noise], [bytes((o,)) for o in begun + noise]):
        handshake = begin("ROUTER")
        send(handshake, pieces)
        results.append(handshake.receive_eof())
    assert isinstance(results[0], (Ready, Failed))
    if isinstance(results[0], Ready):
        assert results[1] == results[0]
    else:
        assert isinstance(results[1], Failed)
