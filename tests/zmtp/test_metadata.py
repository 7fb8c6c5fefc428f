"""Metadata: the bytes, and the ways in which they can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymq.constants import Event
from pymq.zmtp import metadata
from pymq.zmtp.error import ProtocolError

TYPE = b"\x0bSocket-Type\0\0\0\3REQ"


def test_properties_keep_their_order() -> None:
    properties = [("Socket-Type", b"REQ"), ("Identity", b""), ("A", b"\0\xff")]
    data = metadata.encode(properties)
    assert data == TYPE + b"\x08Identity\0\0\0\0" + b"\1A\0\0\0\2\0\xff"
    assert list(metadata.parse(data).items()) == properties


def test_no_properties() -> None:
    assert metadata.encode([]) == b""
    assert metadata.parse(b"") == {}


@pytest.mark.parametrize("name", ["", "N" * 256, "Größe"])
def test_names_that_cannot_be_sent(name: str) -> None:
    with pytest.raises(ValueError):
        metadata.encode([(name, b"")])


@pytest.mark.parametrize("size", range(1, len(TYPE)))
def test_a_property_cut_short(size: int) -> None:
    with pytest.raises(ProtocolError, match="short|past the end") as caught:
        metadata.parse(TYPE + TYPE.replace(b"Type", b"Tape")[:size])
    assert caught.value.code == Event.PROTOCOL_ERROR_ZMTP_INVALID_METADATA
    assert caught.value.fatal


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TYPE + b"\0", "cut short"),
        (TYPE + b"x", "cut short"),
        (b"\1N\xff\xff\xff\xff", "past the end"),
        (b"\1N\0\0\0\2v", "past the end"),
        (b"\0\0\0\0\0", "name ''"),
        (b"\0\0\0\0\1v", "name ''"),
        (b"\1\n\0\0\0\0", "name '\\\\n'"),
        (b"\2\xc3\xa9\0\0\0\0", "name 'Ã©'"),
        (TYPE + TYPE, "twice"),
        (TYPE + b"\x0bsocket-type\0\0\0\3REQ", "twice"),
    ],
)
def test_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        metadata.parse(data)


def test_names_are_looked_up_without_regard_to_case() -> None:
    properties = metadata.parse(b"\x08iDENTITY\0\0\0\1x")
    assert properties == {"iDENTITY": b"x"}
    assert metadata.find(properties, "Identity") == b"x"
    assert metadata.find(properties, "Resource") is None


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@given(st.lists(st.tuples(names, st.binary()), unique_by=lambda pair: pair[0].lower()))
def test_what_was_written_can_be_read(properties: list[tuple[str, bytes]]) -> None:
    data = metadata.encode(properties)
    assert list(metadata.parse(data).items()) == properties


@given(st.binary())
def test_random_octets_are_read_or_refused(data: bytes) -> None:
    try:
        properties = metadata.parse(data)
    except ProtocolError:
        return
    assert metadata.encode(properties.items()) == data
