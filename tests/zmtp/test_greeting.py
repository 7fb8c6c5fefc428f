"""The 64 octets: what is written, what is read, who is turned away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymq.zmtp import greeting


def test_it_is_the_bytes_of_libzmq(vectors: dict[str, bytes]) -> None:
    for size in (0, 3):
        expected = vectors[f"signature.libzmq.identity{size}"]
        expected += vectors["greeting.null.3.1"][10:]
        assert greeting.encode(b"NULL", size) == expected


@pytest.mark.parametrize("mechanism", ["null", "plain", "curve"])
def test_reading_needs_all_of_it(vectors: dict[str, bytes], mechanism: str) -> None:
    data = vectors[f"greeting.{mechanism}.3.1"]
    for size in range(64):
        assert greeting.parse(data[:size]) is None
    expected = greeting.Greeting(3, 1, mechanism.upper().encode(), False)
    assert greeting.parse(data) == expected
    assert greeting.parse(bytearray(data + b"\4\5behind")) == expected


def test_what_was_written_can_be_read() -> None:
    found = greeting.parse(greeting.encode(b"M" * 20, 255, as_server=True))
    assert found == greeting.Greeting(3, 1, b"M" * 20, True)


def test_a_mechanism_has_at_most_20_octets() -> None:
    with pytest.raises(ValueError, match="at most 20"):
        greeting.encode(b"M" * 21)


def test_the_signature_is_known_after_10_octets(vectors: dict[str, bytes]) -> None:
    data = vectors["greeting.null.3.1"]
    found = [greeting.signed(data[:size]) for size in (0, 1, 9, 10, 64)]
    assert found == [None, None, None, True, True]


@pytest.mark.parametrize(
    "data", [b"\0", b"\1\0", b"GET / HTTP/1.1\r\n", b"\xff" + b"\0" * 9, b"\xfe"]
)
def test_no_signature(data: bytes) -> None:
    assert greeting.signed(data) is False


@pytest.mark.parametrize(
    ("major", "old"), [(0, 1), (1, 2), (2, 0), (3, 0), (4, 0), (255, 0)]
)
def test_the_version_is_known_after_11_octets(major: int, old: int) -> None:
    data = greeting.encode(b"NULL")[:10]
    assert greeting.older(data) is None
    assert greeting.older(data + bytes((major,))) == old


@pytest.mark.parametrize(
    ("major", "minor", "spoken"),
    [(3, 0, 0), (3, 1, 1), (3, 9, 1), (2, 0, 1), (4, 0, 1), (255, 255, 1)],
)
def test_the_spoken_minor_version(major: int, minor: int, spoken: int) -> None:
    data = bytearray(greeting.encode(b"NULL"))
    data[10:12] = major, minor
    found = greeting.parse(data)
    assert found is not None
    assert found.spoken == spoken


def test_padding_and_filler_mean_nothing() -> None:
    data = bytearray(b"x" * 64)
    data[0], data[9], data[10], data[11] = 0xFF, 0x01, 3, 1
    data[12:33] = b"NULL".ljust(20, b"\0") + b"\7"
    assert greeting.parse(data) == greeting.Greeting(3, 1, b"NULL", True)


def test_junk_behind_the_mechanism_is_part_of_it() -> None:
    data = bytearray(greeting.encode(b"NULL"))
    data[17] = ord("x")
    found = greeting.parse(data)
    assert found is not None
    assert found.mechanism == b"NULL\0x"


@given(st.binary(max_size=100))
def test_random_octets_are_read(data: bytes) -> None:
    assert (greeting.parse(data) is None) == (len(data) < 64)
    assert (greeting.older(data) is None) == (len(data) < 11)
    assert (greeting.signed(data) is None) <= (len(data) < 10)
