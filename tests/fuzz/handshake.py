"""One run of a handshake with what a fuzzer makes up, for Atheris and for the tests.

    kind | size of a piece | bytes of the peer             below TALKS
    kind | changes, of three octets: where (2), how (1)    from there on

In the second form two of our own sides talk, and of what they say octets are changed:
boxes of CURVE are not made up.  The last kind changes what is in the boxes, as somebody
with good keys could.  As a program, it takes the arguments of libFuzzer.
"""

from __future__ import annotations

import sys
from typing import Callable, Optional, Union, cast
from unittest.mock import patch

from pymq.zmtp import sodium, zap
from pymq.zmtp.error import ProtocolError
from pymq.zmtp.gss import Context
from pymq.zmtp.handshake import MAX_COMMAND, Failed, Handshake, Ready, Result
from pymq.zmtp.mechanisms import Mechanism, Step, curve, gssapi, plain
from pymq.zmtp.mechanisms.null import Null
from pymq.zmtp.sealing import Keys
from pymq.zmtp.socket_types import COMPATIBLE

KEYS = bytes(range(32)), bytes(range(32, 64))
GOOD = [b"", b"1.0", b"1", b"200", b"OK", b"user", b""]
ROUNDS = 20


def _dice() -> Callable[[int], bytes]:
    return lambda size: bytes(range(100, 100 + size))


def _curve_client() -> Mechanism:
    own, server = KEYS
    return curve.Client(sodium.public(own), own, sodium.public(server), _dice())


class _Tickets:
    """A context of GSSAPI whose tokens anybody can make."""

    def __init__(self, accepts: bool) -> None:
        self._expected = b"ticket" if accepts else None
        self.complete = False

    def step(self, received: Optional[bytes] = None) -> bytes:
        if received != self._expected:
            raise ProtocolError("no token")
        if received is None:
            self._expected = b"welcome"
            return b"ticket"
        self.complete = True
        return b"welcome" if received == b"ticket" else b""

    def peer(self) -> bytes:
        return b"user@REALM"

    def wrap(self, plain: bytes) -> bytes:
        return b"w" + plain

    def unwrap(self, token: bytes) -> bytes:
        if not token.startswith(b"w"):
            raise ProtocolError("not wrapped")
        return token[1:]


def _tickets(accepts: bool) -> Callable[[], Context]:
    return lambda: cast(Context, _Tickets(accepts))


def _makers() -> list[Callable[[], Mechanism]]:
    made: list[Callable[[], Mechanism]] = [
        Null,
        lambda: Null(asks=True),
        lambda: Null(asks=True, patient=True),
        lambda: plain.Client(b"user", b"secret"),
        plain.Server,
        lambda: gssapi.Client(_tickets(False)),
        lambda: gssapi.Server(_tickets(True)),
    ]
    if sodium.available():
        made += [_curve_client, lambda: curve.Server(KEYS[1], random=_dice())]
    return made


MAKERS = _makers()
TALKS = len(MAKERS)
PAIRS = [(0, 0), (1, 2), (3, 4), (5, 6), *[(7, 8)] * (2 * sodium.available())]
INSIDE = TALKS + 5  # CURVE again
KINDS = TALKS + len(PAIRS)


def _begin(mechanism: Mechanism, kind: str = "DEALER") -> Handshake:
    made = Handshake(kind, b"me", mechanism, COMPATIBLE[kind])
    made.start()
    return made


def _receive(handshake: Handshake, data: bytes) -> None:
    """With what others do on another thread."""
    handshake.receive_data(data)
    while handshake.aside is not None:
        outcome: Union[Step, ProtocolError]
        try:
            outcome = handshake.aside()
        except ProtocolError as error:
            outcome = error
        handshake.resume(outcome)


def _judge(handshake: Handshake, data: bytes) -> bool:
    """Ask a handler that says what comes next, cut up as that says; whether it was."""
    if handshake.credentials is None:
        return False
    if not data or data[0] % 2:
        handshake.answer(GOOD)
        return True
    frames = list(GOOD)
    frames[data[0] // 2 % len(frames)] = data[1:]
    handshake.answer(frames[: data[0] // 16] if data[0] > 240 else frames)
    return True


def _feed(
    maker: Callable[[], Mechanism], data: bytes, size: int
) -> tuple[Handshake, bool]:
    """Until it ends, and whether a handler was asked."""
    handshake, asked = _begin(maker()), False
    for at in range(0, len(data), size):
        _receive(handshake, data[at : at + size])
        asked |= _judge(handshake, data[-4:])
        if isinstance(handshake.result, Failed):
            break
    handshake.receive_eof()
    return handshake, asked


def _ended(handshake: Handshake) -> Result:
    result = handshake.result
    assert isinstance(result, (Ready, Failed)), result
    assert len(handshake.data_to_send()) < 4096
    return result


def _told(ready: Ready) -> Ready:
    """But for what has no value of its own."""
    keys = isinstance(ready.sealing, Keys)
    return ready if keys else ready._replace(sealing=None)


def _alone(kind: int, piece: int, data: bytes) -> None:
    """However it is cut, the same comes of it; unless a handler is asked, while which
    nothing may come."""
    first, asked = _feed(MAKERS[kind], data, len(data) or 1)
    second, again = _feed(MAKERS[kind], data, piece or 1)
    whole, cut = _ended(first), _ended(second)
    if asked or again:
        return
    assert type(whole) is type(cut), (whole, cut)
    if isinstance(whole, Ready):
        assert isinstance(cut, Ready)
        assert _told(whole) == _told(cut), (whole, cut)


def _changed(data: bytes, at: int, changes: bytes) -> bytes:
    found = bytearray(data)
    for n in range(0, len(changes) - 2, 3):
        where = int.from_bytes(changes[n : n + 2], "big") - at
        if 0 <= where < len(found):
            found[where] ^= changes[n + 2]
    return bytes(found)


def _liar(changes: bytes) -> Callable[[bytes, bytes, bytes], bytes]:
    """Seals what was changed."""
    real, at = sodium.seal, 0

    def seal(plain: bytes, nonce: bytes, key: bytes) -> bytes:
        nonlocal at
        spoilt = _changed(plain, at, changes)
        at += len(plain)
        return real(spoilt, nonce, key)

    return seal


def _talk(pair: tuple[int, int], changes: bytes, good: bool) -> None:
    """Two of our own; the second hears what the first did not say, or the first."""
    sides = [_begin(MAKERS[one]()) for one in pair]
    heard = [0, 0]
    for turn in range(ROUNDS):
        to = 1 - turn % 2
        said = sides[1 - to].data_to_send()
        spoilt = _changed(said, heard[to] + 0x8000 * to, changes)
        heard[to] += len(said)
        _receive(sides[to], spoilt)
        _judge(sides[to], b"")
    for side in sides:
        if good:
            assert isinstance(side.result, Ready), side.result
        side.receive_eof()
        _ended(side)


def _together(kind: int, changes: bytes) -> None:
    pair, good = PAIRS[kind - TALKS], not any(changes[2::3])
    if kind == INSIDE:
        with patch.object(sodium, "seal", _liar(changes)):
            _talk(pair, b"", good)
    else:
        _talk(pair, changes, good)


def one_input(data: bytes) -> None:
    """Raises what no peer may bring about."""
    if len(data) < 2 or len(data) > MAX_COMMAND:
        return
    kind = data[0] % KINDS
    if kind < TALKS:
        _alone(kind, data[1], data[2:])
    else:
        _together(kind, data[1:])
    try:
        zap.parse(data[1:].split(data[:1]))
    except ProtocolError:
        pass


def main() -> None:
    """Fuzz."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
