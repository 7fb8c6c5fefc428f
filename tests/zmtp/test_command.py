"""Commands: the bytes, and malformed ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymq.constants import Event
from pymq.zmtp import command, frame
from pymq.zmtp.command import Command, Ping
from pymq.zmtp.error import ProtocolError

COMMANDS = {
    "subscribe.empty": (command.subscribe(b""), Command(b"SUBSCRIBE", b"")),
    "subscribe.A": (command.subscribe(b"A"), Command(b"SUBSCRIBE", b"A")),
    "cancel.A": (command.cancel(b"A"), Command(b"CANCEL", b"A")),
    "ping.ttl15.ctx": (command.ping(15, b"xy"), Command(b"PING", b"\0\x0fxy")),
    "pong.xy": (command.pong(b"xy"), Command(b"PONG", b"xy")),
    "error.400": (command.error("400"), Command(b"ERROR", b"\x03400")),
    "join.tv": (command.encode(b"JOIN", b"tv"), Command(b"JOIN", b"tv")),
    "leave.tv": (command.encode(b"LEAVE", b"tv"), Command(b"LEAVE", b"tv")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_vectors(vectors: dict[str, bytes], name: str) -> None:
    body, parsed = COMMANDS[name]
    assert frame.encode(body, frame.COMMAND) == vectors[name]
    assert command.parse(body) == parsed


@pytest.mark.parametrize(("size", "head"), [(245, "04ff"), (246, "060000000000000100")])
def test_long_topics_make_long_frames(size: int, head: str) -> None:
    data = frame.encode(command.subscribe(b"t" * size), frame.COMMAND)
    assert data.startswith(bytes.fromhex(head + "09"))


def test_a_name_may_have_255_octets() -> None:
    assert command.parse(command.encode(b"N" * 255)) == Command(b"N" * 255, b"")
    with pytest.raises(ValueError):
        command.encode(b"N" * 256)
    with pytest.raises(ValueError, match="has a name"):
        command.encode(b"")


@pytest.mark.parametrize("body", [b"", b"\0", b"\0data", b"\1", b"\5READ", b"\xffX"])
def test_bad_names(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="command name") as caught:
        command.parse(body)
    assert caught.value.code == Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0", ""),
        (b"\x03400", "400"),
        (b"\x0fno such service", "no such service"),
        (b"\2abc", "ab"),
        (b"\2\xff\n", "\\xff\n"),
    ],
)
def test_the_reason_in_an_error(data: bytes, reason: str) -> None:
    assert command.parse_error(data) == reason


@pytest.mark.parametrize("data", [b"", b"\1", b"\x04400", b"\xff" + b"x" * 254])
def test_a_malformed_error(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="past the end") as caught:
        command.refusal(data)
    code = Event.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR
    assert (caught.value.code, caught.value.status) == (code, 0)


@pytest.mark.parametrize(
    ("reason", "status"),
    [("300", 300), ("400", 400), ("500", 500), ("200", 0), ("4000", 0), ("", 0)],
)
def test_a_refusal_is_for_good(reason: str, status: int) -> None:
    error = command.refusal(command.parse(command.error(reason)).data)
    assert (error.code, error.fatal, error.status) == (0, True, status)
    assert error.reason == f"peer refused: {reason!r}"


def test_the_reason_in_an_error_is_cut_to_fit() -> None:
    assert command.parse_error(command.error("é" * 300)[6:]) == "?" * 255


@pytest.mark.parametrize(
    ("data", "ping"),
    [
        (b"\0\0", Ping(0, b"")),
        (b"\xff\xff", Ping(65535, b"")),
        (b"\1\2context", Ping(258, b"context")),
        (b"\0\1" + b"c" * 16, Ping(1, b"c" * 16)),
        (b"\0\1" + b"c" * 20, Ping(1, b"c" * 16)),
    ],
)
def test_reading_a_ping(data: bytes, ping: Ping) -> None:
    assert command.parse_ping(data) == ping


@pytest.mark.parametrize("data", [b"", b"\0"])
def test_a_ping_without_time_to_live(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="time to live"):
        command.parse_ping(data)


@pytest.mark.parametrize(("ttl", "context"), [(-1, b""), (65536, b""), (0, b"c" * 17)])
def test_pings_that_cannot_be_sent(ttl: int, context: bytes) -> None:
    with pytest.raises(ValueError, match="ttl"):
        command.ping(ttl, context)


@given(st.binary())
def test_random_octets_are_read_or_refused(body: bytes) -> None:
    try:
        name, data = command.parse(body)
    except ProtocolError:
        return
    if not body.startswith(b"^RROR"):
        assert command.encode(name, data) == body


def test_how_libzmq_spells_error() -> None:
    """Its PLAIN servers do; a name of 94 octets may begin like that, too."""
    assert command.parse(b"^RROR\x03400") == (b"ERROR", b"\x03400")
    long = b"^" + b"RROR".ljust(94, b"x") + b"data"
    assert command.parse(long) == (b"RROR".ljust(94, b"x"), b"data")


@given(st.binary())
def test_random_data_is_read_or_refused(data: bytes) -> None:
    for parse in (command.parse_error, command.parse_ping, command.refusal):
        try:
            parse(data)
        except ProtocolError as error:
            assert error.reason
