"""Frames: the bytes, the decoder, and what it makes of nonsense."""

from __future__ import annotations

from typing import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pymq.zmtp import frame
from pymq.zmtp.error import FrameTooLarge, ProtocolError
from pymq.zmtp.frame import COMMAND, MORE, Decoder, Frame, encode, header

Cut = Callable[[bytes], list[bytes]]

FRAMES: dict[str, list[Frame]] = {
    "frame.hello": [(0, b"hello")],
    "frame.empty": [(0, b"")],
    "multipart.a.bc.empty": [(MORE, b"a"), (MORE, b"bc"), (0, b"")],
    "req.q": [(MORE, b""), (0, b"q")],
    "radio.tv.news": [(MORE, b"tv"), (0, b"news")],
    "subscribe.A.3.0": [(0, b"\1A")],
    "cancel.A.3.0": [(0, b"\0A")],
    "subscribe.A": [(COMMAND, b"\x09SUBSCRIBEA")],
    "pong.xy": [(COMMAND, b"\4PONGxy")],
}


def decode(pieces: list[bytes], decoder: Decoder) -> list[Frame]:
    return [found for piece in pieces for found in decoder.feed(piece)]


@pytest.mark.parametrize("name", FRAMES)
def test_vectors(vectors: dict[str, bytes], cut: Cut, name: str) -> None:
    data, frames = vectors[name], FRAMES[name]
    assert b"".join(encode(body, flags) for flags, body in frames) == data
    decoder = Decoder()
    assert decode(cut(data), decoder) == frames
    assert decoder.missing == 0
    behind = Decoder()
    assert decode(cut(data + b"\0\2x"), behind) == frames
    assert behind.missing == 1


@pytest.mark.parametrize("size", [255, 256])
def test_the_long_form_begins_at_256(
    vectors: dict[str, bytes], cut: Cut, size: int
) -> None:
    body = b"x" * size
    assert encode(body).startswith(vectors[f"frame.{size}.head"])
    assert decode(cut(encode(body)), Decoder()) == [(0, body)]


@pytest.mark.parametrize("flags", [0, MORE, COMMAND])
def test_headers(flags: int) -> None:
    assert header(5, flags) == bytes((flags, 5))
    assert header(70000, flags) == bytes((flags | 2, 0, 0, 0, 0, 0, 1, 0x11, 0x70))


def test_the_long_form_is_accepted_for_any_size(cut: Cut) -> None:
    stream = b"\2" + bytes(8) + b"\3" + bytes(7) + b"\2ab" + b"\6" + bytes(7) + b"\1c"
    assert decode(cut(stream), Decoder()) == [(0, b""), (MORE, b"ab"), (COMMAND, b"c")]


def test_the_missing_octets_are_counted() -> None:
    decoder = Decoder()
    seen = [(decoder.feed(piece), decoder.missing) for piece in (b"\2", bytes(7))]
    assert seen == [([], 1), ([], 1)]
    assert decoder.feed(b"\5abc") == []
    assert decoder.missing == 2
    assert decoder.feed(b"de\0\0") == [(0, b"abcde"), (0, b"")]
    assert decoder.missing == 0
    assert decoder.feed(b"") == []


@pytest.mark.parametrize("limit", [0, 1, 10, 255, 256, 1000])
def test_a_limit(cut: Cut, limit: int) -> None:
    fits = encode(b"x" * limit)
    healthy = Decoder(limit)
    assert decode(cut(fits * 2), healthy) == [(0, b"x" * limit)] * 2
    assert healthy.error is None
    decoder = Decoder(limit)
    stream = fits + encode(b"x" * (limit + 1)) + fits
    assert decode(cut(stream), decoder) == [(0, b"x" * limit)]
    assert isinstance(decoder.error, FrameTooLarge)
    assert decoder.missing == 0
    assert decoder.feed(fits) == []


def test_a_limit_is_applied_to_what_is_announced() -> None:
    decoder = Decoder(1000)
    decoder.feed(b"\2\0\0\0\0\0\0\3\xe9")
    assert str(decoder.error) == "frame of 1001 bytes, limit is 1000"


@pytest.mark.parametrize("bit", [8, 16, 32, 64, 128])
def test_reserved_bits(cut: Cut, bit: int) -> None:
    stream = b"\0\1a" + bytes((bit | MORE, 1)) + b"b\0\1c"
    strict = Decoder()
    assert decode(cut(stream), strict) == [(0, b"a")]
    assert str(strict.error) == f"frame with reserved flag bits {bit | 1:#04x}"
    expected = [(0, b"a"), (MORE, b"b"), (0, b"c")]
    assert decode(cut(stream), Decoder(strict=False)) == expected


def test_bit_63_of_a_length(cut: Cut) -> None:
    decoder = Decoder(10)
    assert decode(cut(b"\2\x80" + bytes(7)), decoder) == []
    assert type(decoder.error) is ProtocolError


def test_nothing_is_allocated_for_what_is_only_announced() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")  # PyPy has none
    decoder = Decoder()
    tracemalloc.start()
    try:
        assert decoder.feed(b"\2\x7f" + b"\xff" * 7 + b"x" * 100) == []
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert decoder.missing == frame.MAX_SIZE - 100


def test_one_header_at_a_time() -> None:
    stream = b"\0\3abc\5\2xy"
    assert frame.parse_header(stream) == (0, 2, 5)
    assert frame.parse_header(stream, 5) == (MORE | COMMAND, 7, 9)
    assert frame.parse_header(stream, 8) is None
    assert frame.parse_header(b"\2" + bytes(7)) is None


bodies = st.one_of(st.binary(max_size=40), st.just(b"y" * 300))
frames_ = st.lists(st.tuples(st.sampled_from([0, MORE, COMMAND]), bodies))
sizes = st.lists(st.integers(1, 400), min_size=1)


def divide(stream: bytes, steps: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    at = 0
    while at < len(stream):
        step = steps[len(pieces) % len(steps)]
        pieces.append(stream[at : at + step])
        at += step
    return pieces


@given(frames_, sizes, st.booleans())
def test_any_division_gives_the_same_frames(
    frames: list[Frame], steps: list[int], limited: bool
) -> None:
    stream = b"".join(encode(body, flags) for flags, body in frames)
    decoder = Decoder(300 if limited else -1)
    assert decode(divide(stream, steps), decoder) == frames
    assert decoder.error is None
    assert decoder.missing == 0


@given(st.binary(), sizes, st.sampled_from([-1, 0, 20, 255, 300]), st.booleans())
@example(b"\0\1a\2\0", [4], 20, True)
def test_random_octets_never_raise(
    stream: bytes, steps: list[int], limit: int, strict: bool
) -> None:
    whole, pieces = Decoder(limit, strict), Decoder(limit, strict)
    expected = whole.feed(stream)
    assert decode(divide(stream, steps), pieces) == expected
    assert repr(pieces.error) == repr(whole.error)
    assert all(flags in (0, 1, 4, 5) for flags, _ in expected)


@pytest.mark.parametrize("before", [b"", b"\0\1x", b"\0\2x"])
def test_reserved_bits_show_in_the_first_octet(before: bytes) -> None:
    """However little follows; the native engine does not wait for more either."""
    decoder = frame.Decoder()
    decoder.feed(before)
    decoder.feed(b"y\x14" if before == b"\0\2x" else b"\x14")
    assert decoder.error is not None
