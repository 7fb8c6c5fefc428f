"""Z85 (RFC 32)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library import Library

from pymq.utils import z85

VECTORS = (
    (bytes.fromhex("864fd26fb559f75b"), b"HelloWorld"),
    (bytes(4), b"00000"),
    (b"\xff" * 4, b"%nSc0"),
    (b"", b""),
)


@pytest.fixture
def codec(zmq: Library) -> Any:
    return import_module(f"{zmq.implementation.module.__name__}.utils.z85")


@pytest.mark.core
@pytest.mark.parametrize(("raw", "text"), VECTORS)
def test_known_answers(codec: Any, raw: bytes, text: bytes) -> None:
    assert codec.encode(raw) == text
    assert codec.decode(text) == codec.decode(text.decode()) == raw


def test_lengths(codec: Any) -> None:
    with pytest.raises(ValueError):
        codec.encode(b"123")
    with pytest.raises(ValueError):
        codec.decode(b"1234")


@pytest.mark.parametrize("text", ["%nSc1", "#####", "~~~~~", '"0000', "0000é"])
def test_what_nothing_is_encoded_as(text: str) -> None:
    """pyzmq lets other exceptions through."""
    with pytest.raises(ValueError):
        z85.decode(text)


@given(st.binary(max_size=64).map(lambda b: b[: len(b) // 4 * 4]))
def test_round_trip(raw: bytes) -> None:
    assert z85.decode(z85.encode(raw)) == raw
