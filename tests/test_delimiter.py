"""Messages in files: whatever pieces they are read in, the same come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymq.cli.delimiter import Delimiter, Message, join, splitter

bodies = st.binary(max_size=300)
multipart = st.lists(st.lists(bodies, min_size=1, max_size=4), max_size=8)


def split(delimiter: Delimiter, data: bytes, size: int) -> list[Message]:
    """Feed `data` in pieces of `size` bytes."""
    cutter = splitter(delimiter)
    found = []
    for at in range(0, len(data), size):
        found += cutter.feed(data[at : at + size])
    return found + cutter.finish()


@given(multipart, st.integers(1, 50))
def test_frames_keep_everything(messages: list[Message], size: int) -> None:
    data = b"".join(join(Delimiter.FRAMES, message) for message in messages)
    assert split(Delimiter.FRAMES, data, size) == messages


@pytest.mark.parametrize("delimiter", [Delimiter.LINE, Delimiter.NUL])
@given(st.lists(bodies.map(lambda b: b.translate(None, b"\n\0"))), st.integers(1, 50))
def test_separated_bodies_come_back(
    delimiter: Delimiter, found: list[bytes], size: int
) -> None:
    data = b"".join(join(delimiter, [body]) for body in found)
    assert split(delimiter, data, size) == [[body] for body in found]


@given(bodies, st.integers(1, 50))
def test_none_is_one_message(data: bytes, size: int) -> None:
    assert split(Delimiter.NONE, data, size) == [[data]]


def test_the_last_line_may_be_unfinished() -> None:
    assert split(Delimiter.LINE, b"a\n\nb", 2) == [[b"a"], [b""], [b"b"]]


@pytest.mark.parametrize(
    "data",
    [b"\1\1a", b"\0\5ab", b"\0", b"\x08\0", b"\4\6\5READY"],
    ids=["no last frame", "short body", "short header", "reserved flag", "command"],
)
def test_broken_frames_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="input"):
        split(Delimiter.FRAMES, data, 100)
