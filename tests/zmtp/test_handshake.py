"""The handshake, in bytes: who gets in, who does not, and what is sent meanwhile."""

from __future__ import annotations

from typing import Callable, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymq.constants import Event
from pymq.zmtp import command, frame, greeting, metadata
from pymq.zmtp.error import ProtocolError
from pymq.zmtp.handshake import MAX_COMMAND, Failed, Handshake, Ready
from pymq.zmtp.mechanisms import Mechanism, Step
from pymq.zmtp.mechanisms.null import Null
from pymq.zmtp.socket_types import COMPATIBLE, NAMED

Cut = Callable[[bytes], list[bytes]]

UNEXPECTED = Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
METADATA = Event.PROTOCOL_ERROR_ZMTP_INVALID_METADATA
MALFORMED = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED
ERROR = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR
MISMATCH = Event.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
UNSPECIFIED = Event.PROTOCOL_ERROR_ZMTP_UNSPECIFIED

GREETING = greeting.encode(b"NULL")


def begin(
    socket_type: str = "ROUTER",
    identity: bytes = b"",
    mechanism: Union[Mechanism, None] = None,
) -> Handshake:
    accepts = COMPATIBLE[socket_type]
    handshake = Handshake(socket_type, identity, mechanism or Null(), accepts)
    handshake.start()
    return handshake


def send(handshake: Handshake, pieces: list[bytes]) -> None:
    for piece in pieces:
        assert handshake.receive_data(piece) is handshake.result


def accepted(handshake: Handshake) -> Ready:
    assert isinstance(handshake.result, Ready), handshake.result
    return handshake.result


def ready(*properties: tuple[str, bytes]) -> bytes:
    body = command.encode(command.READY, metadata.encode(properties))
    return frame.encode(body, frame.COMMAND)


def raw_ready(data: bytes) -> bytes:
    return frame.encode(command.encode(command.READY, data), frame.COMMAND)


DEALER = ready(("Socket-Type", b"DEALER"), ("Identity", b""))


# What is sent, and when


@pytest.mark.parametrize("socket_type", COMPATIBLE)
def test_everything_sent_is_what_libzmq_sends(
    vectors: dict[str, bytes], cut: Cut, socket_type: str
) -> None:
    name = f"ready.{socket_type}" + ".no-identity" * (socket_type in NAMED)
    handshake = begin(socket_type)
    assert handshake.data_to_send() == vectors["signature.libzmq.identity0"]
    send(handshake, cut(GREETING[:10]))
    assert handshake.data_to_send() == b"\3"
    send(handshake, cut(GREETING[10:11]))
    # libzmq says the same in two parts, the second when the whole greeting is there.
    assert handshake.data_to_send() == vectors["greeting.null.3.1"][11:] + vectors[name]
    send(handshake, cut(GREETING[11:]))
    assert handshake.data_to_send() == b""


@pytest.mark.parametrize("socket_type", sorted(NAMED))
def test_an_identity_is_announced(vectors: dict[str, bytes], socket_type: str) -> None:
    handshake = begin(socket_type, b"ABC")
    assert handshake.data_to_send() == vectors["signature.libzmq.identity3"]
    send(handshake, [GREETING])
    sent = handshake.data_to_send()
    assert sent == GREETING[10:] + vectors[f"ready.{socket_type}.identity-ABC"]


@pytest.mark.parametrize("socket_type", sorted(set(COMPATIBLE) - NAMED))
def test_other_types_do_not_announce_theirs(
    vectors: dict[str, bytes], socket_type: str
) -> None:
    handshake = begin(socket_type, b"ABC")
    send(handshake, [GREETING])
    assert handshake.data_to_send().endswith(vectors[f"ready.{socket_type}"])


def test_nothing_is_sent_twice_or_too_early() -> None:
    handshake = begin()
    sent = [handshake.data_to_send()]
    for octet in GREETING + DEALER:
        handshake.receive_data(bytes((octet,)))
        sent.append(handshake.data_to_send())
    sizes = {at: len(data) for at, data in enumerate(sent) if data}
    assert sizes == {0: 10, 10: 1, 11: 53 + len(DEALER)}


def test_a_refused_peer_still_gets_the_whole_greeting() -> None:
    handshake = begin()
    send(handshake, [greeting.encode(b"CURVE")])
    assert handshake.data_to_send() == GREETING


def test_an_identity_has_at_most_255_octets() -> None:
    begin(identity=b"i" * 255)
    with pytest.raises(ValueError, match="at most 255"):
        begin(identity=b"i" * 256)


# Who gets in


@pytest.mark.parametrize("local", COMPATIBLE)
@pytest.mark.parametrize("peer", COMPATIBLE)
def test_who_talks_to_whom(
    vectors: dict[str, bytes], cut: Cut, local: str, peer: str
) -> None:
    name = f"ready.{peer}" + ".identity-ABC" * (peer in NAMED)
    handshake = begin(local)
    behind = b"\0\5hello"
    send(handshake, cut(GREETING + vectors[name] + behind))
    if peer in COMPATIBLE[local]:
        result = accepted(handshake)
        assert (result.minor, result.leftover) == (1, behind)
        assert result.socket_type == peer
        assert result.identity == b"ABC" * (peer in NAMED)
    else:
        reason = f"{local} cannot talk to {peer.encode()!r}"
        assert handshake.result == Failed(METADATA, reason, True)


def test_the_table_is_symmetric() -> None:
    pairs = {(one, other) for one in COMPATIBLE for other in COMPATIBLE[one]}
    assert pairs == {(other, one) for one, other in pairs}


def test_all_properties_are_kept() -> None:
    handshake = begin()
    mine = ready(("X-app", b"\0v"), ("Socket-Type", b"REQ"), ("Resource", b"a/b"))
    send(handshake, [GREETING + mine])
    result = accepted(handshake)
    expected = {"X-app": b"\0v", "Socket-Type": b"REQ", "Resource": b"a/b"}
    assert result.properties == expected
    assert (result.socket_type, result.identity) == ("REQ", b"")


@pytest.mark.parametrize(
    ("major", "minor", "spoken"), [(3, 0, 0), (3, 1, 1), (2, 0, 1), (9, 0, 1)]
)
def test_versions(major: int, minor: int, spoken: int) -> None:
    handshake = begin()
    send(handshake, [GREETING[:10], bytes((major, minor)), GREETING[12:], DEALER])
    assert accepted(handshake).minor == spoken


def test_a_peer_that_does_not_say_what_it_is() -> None:
    handshake = begin()
    send(handshake, [GREETING, ready()])
    assert accepted(handshake) == Ready(1, {}, b"")
    assert accepted(handshake).socket_type == ""


def test_names_in_another_case() -> None:
    handshake = begin()
    send(handshake, [GREETING, ready(("socket-type", b"REQ"), ("IDENTITY", b"x"))])
    assert accepted(handshake).socket_type == "REQ"
    assert accepted(handshake).identity == b"x"
    handshake = begin()
    send(handshake, [GREETING, ready(("socket-type", b"SUB"))])
    assert isinstance(handshake.result, Failed)


@pytest.mark.parametrize(
    ("announced", "identity"),
    [(b"", b""), (b"x" * 255, b"x" * 255), (b"\0", b""), (b"\0\0\0\0\1", b"")],
)
def test_identities(announced: bytes, identity: bytes) -> None:
    handshake = begin()
    peer = ready(("Socket-Type", b"REQ"), ("Identity", announced))
    send(handshake, [GREETING, peer])
    assert accepted(handshake).identity == identity
    assert accepted(handshake).properties["Identity"] == announced


def test_a_long_form_command(cut: Cut) -> None:
    handshake = begin()
    body = DEALER[2:]
    send(handshake, cut(GREETING + b"\6" + len(body).to_bytes(8, "big") + body))
    assert accepted(handshake).socket_type == "DEALER"


@pytest.mark.parametrize("behind", [b"", b"\0", DEALER, b"\xff" * 100_000])
def test_what_comes_behind_is_left_over(behind: bytes) -> None:
    handshake = begin()
    send(handshake, [GREETING + DEALER + behind])
    assert accepted(handshake).leftover == behind
    send(handshake, [b"more", b""])
    assert accepted(handshake).leftover == behind + b"more"
    assert handshake.receive_eof() is handshake.result
    assert accepted(handshake).leftover == behind + b"more"


# Who does not


FAULTS: dict[str, tuple[bytes, int, str]] = {
    "message": (b"\0\5hello", UNEXPECTED, "message before READY"),
    "empty message": (b"\0\0", UNEXPECTED, "message before READY"),
    "first part": (b"\1\1x", UNEXPECTED, "message before READY"),
    "READY as message": (b"\0" + DEALER[1:], UNEXPECTED, "message before READY"),
    "READY with MORE": (b"\5" + DEALER[1:], UNEXPECTED, "command with MORE"),
    "reserved bits": (b"\x0c" + DEALER[1:], MALFORMED, "reserved flag bits"),
    "high bit": (b"\x84\0", MALFORMED, "reserved flag bits"),
    "bit 63": (b"\6\x80" + bytes(7), MALFORMED, "bit 63"),
    "too large": (
        b"\6" + (MAX_COMMAND + 1).to_bytes(8, "big"),
        MALFORMED,
        f"frame of {MAX_COMMAND + 1} bytes, limit is {MAX_COMMAND}",
    ),
    "huge": (b"\6\x7f" + b"\xff" * 7, MALFORMED, f"limit is {MAX_COMMAND}"),
    "empty command": (b"\4\0", UNEXPECTED, "command name"),
    "no name": (b"\4\1\0", UNEXPECTED, "command name"),
    "name too long": (b"\4\5\5READ", UNEXPECTED, "command name"),
    "PING": (b"\4\7\4PING\0\0", UNEXPECTED, "b'PING' where READY"),
    "SUBSCRIBE": (b"\4\x0a\x09SUBSCRIBE", UNEXPECTED, "b'SUBSCRIBE' where READY"),
    "unknown": (b"\4\5\4WHAT", UNEXPECTED, "b'WHAT' where READY"),
    "lower case": (b"\4\6\5ready", UNEXPECTED, "b'ready' where READY"),
    "HELLO": (b"\4\6\5HELLO", UNEXPECTED, "b'HELLO' where READY"),
    "ERROR without reason": (b"\4\6\5ERROR", ERROR, "past the end"),
    "ERROR cut short": (b"\4\x08\5ERROR\2x", ERROR, "past the end"),
    "ERROR": (b"\4\x09\5ERROR\2no", 0, "peer refused: 'no'"),
    "stray octet": (raw_ready(DEALER[8:] + b"\0"), METADATA, "cut short"),
    "name only": (raw_ready(b"\x0bSocket-Type"), METADATA, "cut short"),
    "half a length": (raw_ready(b"\x0bSocket-Type\0\0"), METADATA, "cut short"),
    "value cut": (raw_ready(b"\x0bSocket-Type\0\0\0\4REQ"), METADATA, "past the end"),
    "value 2**32-1": (raw_ready(b"\1X\xff\xff\xff\xff"), METADATA, "past the end"),
    "empty name": (raw_ready(b"\0\0\0\0\0"), METADATA, "property name ''"),
    "twice": (raw_ready(DEALER[8:] * 2), METADATA, "twice"),
    "unknown type": (ready(("Socket-Type", b"SPAM")), METADATA, "to b'SPAM'"),
    "lower case type": (ready(("Socket-Type", b"req")), METADATA, "to b'req'"),
    "type with NUL": (ready(("Socket-Type", b"REQ\0")), METADATA, "REQ"),
    "no ASCII": (ready(("Socket-Type", b"\xff\xc3\xa9")), METADATA, "cannot talk"),
    "empty type": (ready(("Socket-Type", b"")), METADATA, "cannot talk to b''"),
    "long identity": (
        ready(("Socket-Type", b"REQ"), ("Identity", b"x" * 256)),
        METADATA,
        "identity of 256 octets",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_before_ready(cut: Cut, fault: str) -> None:
    data, code, reason = FAULTS[fault]
    handshake = begin()
    send(handshake, cut(GREETING + data))
    assert isinstance(handshake.result, Failed)
    assert handshake.result.code == code
    assert reason in handshake.result.reason
    assert handshake.result.fatal
    assert handshake.result.status == 0


@pytest.mark.parametrize("status", [300, 400, 500])
def test_a_refusal_by_zap(vectors: dict[str, bytes], status: int) -> None:
    handshake = begin()
    refusal = vectors["error.400"].replace(b"400", b"%d" % status)
    send(handshake, [GREETING, refusal])
    assert handshake.result == Failed(0, f"peer refused: '{status}'", True, status)


@pytest.mark.parametrize(
    ("data", "code", "fatal", "reason"),
    [
        (greeting.encode(b"PLAIN"), MISMATCH, True, "wants mechanism b'PLAIN'"),
        (greeting.encode(b"NULL\0x"), MISMATCH, True, "b'NULL\\x00x'"),
        (greeting.encode(b"null"), MISMATCH, True, "b'null'"),
        (greeting.encode(b""), MISMATCH, True, "b''"),
    ],
)
def test_greetings_that_are_refused(
    data: bytes, code: int, fatal: bool, reason: str
) -> None:
    for pieces in ([data], [data, DEALER], [data + DEALER]):
        handshake = begin()
        send(handshake, pieces)
        assert isinstance(handshake.result, Failed)
        assert (handshake.result.code, handshake.result.fatal) == (code, fatal)
        assert reason in handshake.result.reason


@pytest.mark.parametrize("size", range(len(GREETING + DEALER)))
def test_the_peer_goes_away(size: int) -> None:
    handshake = begin()
    send(handshake, [(GREETING + DEALER)[:size]])
    where = "its greeting" if size < 64 else "READY"
    expected = Failed(0, f"peer closed before {where}", False)
    assert handshake.receive_eof() == expected
    assert handshake.receive_data(b"too late") == expected
    assert handshake.receive_eof() == expected


# How much it costs


def test_the_largest_command_is_accepted(cut: Cut) -> None:
    used = len(DEALER[2:]) + len(b"\1X") + 4
    peer = raw_ready(DEALER[8:] + metadata.encode([("X", bytes(MAX_COMMAND - used))]))
    assert len(peer) == MAX_COMMAND + 9
    handshake = begin()
    send(handshake, cut(GREETING + peer))
    assert accepted(handshake).socket_type == "DEALER"


def test_nothing_is_allocated_for_what_is_only_announced() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")  # PyPy has none
    tracemalloc.start()
    try:
        for size in (MAX_COMMAND, MAX_COMMAND + 1, 2**62):
            begin().receive_data(GREETING + b"\6" + size.to_bytes(8, "big"))
        assert tracemalloc.get_traced_memory()[1] < 50_000
    finally:
        tracemalloc.stop()


# Nonsense


def verdict(handshake: Handshake) -> Union[Ready, Failed, None]:
    """The result without its text, which may quote what has arrived so far."""
    result = handshake.result
    return result._replace(reason="") if isinstance(result, Failed) else result


@given(st.binary(max_size=300), st.integers(0, 120), st.integers(1, 50), st.booleans())
def test_random_octets_end_in_a_result(
    noise: bytes, good: int, step: int, eof: bool
) -> None:
    stream = (GREETING + DEALER)[:good] + noise
    whole, pieces = begin(), begin()
    whole.receive_data(stream)
    send(pieces, [stream[at : at + step] for at in range(0, len(stream), step)])
    if eof:
        assert isinstance(whole.receive_eof(), (Ready, Failed))
        pieces.receive_eof()
    assert verdict(pieces) == verdict(whole)
    assert pieces.data_to_send() == whole.data_to_send()


@given(st.binary(max_size=200))
def test_random_metadata(data: bytes) -> None:
    handshake = begin()
    result = handshake.receive_data(GREETING + raw_ready(data))
    assert isinstance(result, (Ready, Failed))
    if isinstance(result, Ready):
        assert result.socket_type in COMPATIBLE["ROUTER"] | {""}
        assert len(result.identity) <= 255


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_changed_octet(data: bytes, at: int) -> None:
    stream = bytearray(GREETING + DEALER)
    stream[at % len(stream)] = data[0] if data else 0
    handshake = begin()
    handshake.receive_data(bytes(stream))
    assert handshake.receive_eof() is not None


# The seam for other mechanisms


class Polite:
    """A made-up server: HELLO, WELCOME, HELLO with metadata, READY."""

    name = b"POLITE"
    as_server = True
    eager = False
    sealing = None
    needs_handler = False

    def __init__(self) -> None:
        self.metadata = b""
        self.greeted = False

    def start(self, metadata: bytes) -> Step:
        self.metadata = metadata
        return Step()

    def receive(self, command_: command.Command) -> Step:
        if command_.name != b"HELLO":
            raise ProtocolError("how rude", Event.PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE)
        if not self.greeted:
            self.greeted = True
            return Step((command.encode(b"WELCOME"),))
        reply = command.encode(command.READY, self.metadata)
        return Step((reply, command.encode(b"BYE")), command_.data)

    def accept(self) -> Step:
        return Step()


def hello(data: bytes = b"") -> bytes:
    return frame.encode(command.encode(b"HELLO", data), frame.COMMAND)


def test_a_mechanism_of_several_commands(cut: Cut) -> None:
    handshake = begin("PULL", mechanism=Polite())
    peer = greeting.encode(b"POLITE")
    send(handshake, cut(peer))
    assert handshake.data_to_send() == greeting.encode(b"POLITE", as_server=True)
    send(handshake, cut(hello()))
    assert handshake.data_to_send() == b"\4\x08\7WELCOME"
    send(handshake, cut(hello(b"\x0bSocket-Type\0\0\0\4PUSH") + b"rest"))
    pull = ready(("Socket-Type", b"PULL"))
    assert handshake.data_to_send() == pull + b"\4\4\3BYE"
    assert accepted(handshake) == Ready(1, {"Socket-Type": b"PUSH"}, b"rest")


def test_bad_metadata_gets_no_reply() -> None:
    handshake = begin("PULL", mechanism=Polite())
    send(handshake, [greeting.encode(b"POLITE") + hello()])
    handshake.data_to_send()
    send(handshake, [hello(b"\x0bSocket-Type\0\0\0\4PULL")])
    assert isinstance(handshake.result, Failed)
    assert handshake.data_to_send() == b""


def test_what_a_mechanism_objects_to() -> None:
    handshake = begin("PULL", mechanism=Polite())
    send(handshake, [greeting.encode(b"POLITE") + DEALER])
    code = Event.PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE
    assert handshake.result == Failed(code, "how rude", True)
