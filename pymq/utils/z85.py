"""Z85 (RFC 32), as pyzmq has it: text may be str or bytes, and may be empty."""

from __future__ import annotations

from typing import Union

from .. import z85


def encode(rawbytes: bytes) -> bytes:
    """Four octets as five characters.  ValueError for another number of octets."""
    return z85.encode(rawbytes)


def decode(z85bytes: Union[bytes, str]) -> bytes:
    """The octets of a text.  ValueError if it is none of Z85."""
    if isinstance(z85bytes, str):
        try:
            z85bytes = z85bytes.encode("ascii")
        except UnicodeEncodeError:
            raise ValueError("not ASCII, so not Z85") from None
    return z85.decode(z85bytes)
