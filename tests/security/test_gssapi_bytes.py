"""GSSAPI in bytes: commands as libzmq's source writes them, and what is refused of
messages; tokens are real ones."""

from __future__ import annotations

from typing import Any

import pytest
from kdc import KRB5, NEEDS, REALM, SERVICE
from rawpeer import greeting

from pymq.zmtp import frame, gss
from pymq.zmtp.error import ProtocolError
from pymq.zmtp.handshake import Failed, Handshake, Ready
from pymq.zmtp.mechanisms import Mechanism
from pymq.zmtp.mechanisms.gssapi import Client, Server, Wrapper
from pymq.zmtp.socket_types import COMPATIBLE

pytestmark = [*NEEDS, pytest.mark.usefixtures("realm")]


def contexts() -> tuple[gss.Context, gss.Context]:
    return gss.initiate(b"alice", KRB5, SERVICE, 0), gss.accept(b"", 0)


def shakes(
    plaintext: tuple[bool, bool] = (False, False),
) -> tuple[Handshake, Handshake]:
    """Both sides, past their greetings."""
    one, two = contexts()
    sides: tuple[Mechanism, Mechanism] = (
        Client(lambda: one, plaintext[0]),
        Server(lambda: two, plaintext[1]),
    )
    made = []
    for kind, side in zip(("DEALER", "ROUTER"), sides):
        shake = Handshake(kind, b"", side, COMPATIBLE[kind])
        shake.start()
        shake.receive_data(greeting(b"GSSAPI"))
        shake.data_to_send()
        made.append(shake)
    return made[0], made[1]


def said(shake: Handshake) -> bytes:
    """What it says next."""
    while shake.aside is not None:
        outcome: Any
        try:
            outcome = shake.aside()
        except ProtocolError as error:
            outcome = error
        shake.resume(outcome)
    if shake.credentials is not None:
        shake.answer_alone()
    return shake.data_to_send()


def token(data: bytes, head: bytes) -> bytes:
    """What is in a command of that name."""
    found = frame.parse_header(data)
    assert found is not None
    flags, start, stop = found
    assert (flags, stop) == (frame.COMMAND, len(data))
    size = start + len(head)
    assert data[start:size] == head
    assert int.from_bytes(data[size : size + 4], "big") == len(data) - size - 4
    return data[size + 4 :]


def test_every_command() -> None:
    """As libzmq's source has them: tokens in INITIATE, both ways, then nothing in a
    command, then READY, wrapped, of the server and of the client."""
    one, two = shakes()
    first = said(one)
    assert token(first, b"\x08INITIATE")
    two.receive_data(first)
    second = said(two)
    assert token(second, b"\x08INITIATE")
    one.receive_data(second)
    third = said(one)
    assert third == b"\4\0"
    two.receive_data(third)
    fourth = said(two)
    assert token(fourth, b"\7MESSAGE")
    one.receive_data(fourth)
    fifth = said(one)
    assert token(fifth, b"\7MESSAGE")
    two.receive_data(fifth)
    assert isinstance(one.result, Ready) and isinstance(two.result, Ready)
    assert (one.result.socket_type, two.result.socket_type) == ("ROUTER", "DEALER")
    sealed = one.result.sealing.seal(frame.MORE, b"body")  # type: ignore[union-attr]
    assert sealed[:2] == bytes((0, len(sealed) - 2))
    assert sealed[2:10] == b"\7MESSAGE"
    assert two.result.sealing.open(sealed[2:]) == (  # type: ignore[union-attr]
        frame.MORE,
        b"body",
    )


def wrappers() -> tuple[Wrapper, Wrapper]:
    one, two = shakes()
    while not (isinstance(one.result, Ready) and isinstance(two.result, Ready)):
        two.receive_data(said(one))
        one.receive_data(said(two))
    found = one.result.sealing, two.result.sealing
    assert isinstance(found[0], Wrapper) and isinstance(found[1], Wrapper)
    return found[0], found[1]


def test_what_is_refused_of_messages() -> None:
    """Nothing that was changed, repeated, moved, or that everybody could read."""
    one, two = wrappers()
    good = one.seal(0, b"hello")[2:]
    for at in range(len(good)):
        with pytest.raises(ProtocolError):
            two.open(good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :])
    for size in range(len(good)):
        with pytest.raises(ProtocolError):
            two.open(good[:size])
    assert two.open(good) == (0, b"hello")
    with pytest.raises(ProtocolError):
        two.open(good)
    with pytest.raises(ProtocolError):
        two.open(two.seal(0, b"our own")[2:])
    _, second = one.seal(0, b"1")[2:], one.seal(0, b"2")[2:]
    with pytest.raises(ProtocolError):
        two.open(second)
    one, two = wrappers()
    clear = one._context._context.wrap(b"\0clear", False).message
    with pytest.raises(ProtocolError):
        two.open(b"\7MESSAGE" + len(clear).to_bytes(4, "big") + clear)
    for body in (b"", b"clear", b"\7MESSAGE", b"\7MESSAGE\0\0\0\0"):
        with pytest.raises(ProtocolError):
            two.open(body)


@pytest.mark.parametrize("which", [0, 1, 2, 3, 4])
def test_octets_of_a_handshake_that_change(which: int) -> None:
    """Kerberos does not protect all of a ticket's wrapping.  So it ends, or both have
    the same keys and names all the same."""
    size = len(_play(-1, -1)[which])
    ended = 0
    for at in range(0, size, 1 if size < 200 else 29):
        _play(which, at)
        ended += _ended[-1]
    assert ended > 1


_ended: list[bool] = []


def _play(which: int, at: int) -> list[bytes]:
    """The commands of a handshake in which octet `at` of one of them is changed."""
    sides = shakes()
    commands = []
    for turn in range(5):
        data = said(sides[turn % 2])
        commands.append(data)
        if turn == which and at < len(data):
            data = data[:at] + bytes((data[at] ^ 0x41,)) + data[at + 1 :]
        sides[1 - turn % 2].receive_data(data)
    results = [side.receive_eof() for side in sides]
    _ended.append(any(isinstance(result, Failed) for result in results))
    if all(isinstance(result, Ready) for result in results):
        one, two = (result.sealing for result in results)  # type: ignore[union-attr]
        assert isinstance(one, Wrapper) and isinstance(two, Wrapper)
        assert two.open(one.seal(0, b"x")[2:]) == (0, b"x")
        assert two._context.peer() == f"alice@{REALM}".encode()
    return commands
