"""Z85 (RFC 32), with pyzmq's API."""

from __future__ import annotations

from typing import Union

from .. import z85


def encode(rawbytes: bytes) -> bytes:
    """Encode bytes as Z85: every 4 bytes become 5 characters.

    ValueError if their number is not a multiple of 4.
    """
    return z85.encode(rawbytes)


def decode(z85bytes: Union[bytes, str]) -> bytes:
    """Decode Z85, given as str or bytes.  ValueError if it is not Z85."""
    if isinstance(z85bytes, str):
        try:
            z85bytes = z85bytes.encode("ascii")
        except UnicodeEncodeError:
            raise ValueError("not ASCII, so not Z85") from None
    return z85.decode(z85bytes)
