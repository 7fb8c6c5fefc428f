"""Endpoints as strings: ``scheme://address``."""

from __future__ import annotations

from errno import EINVAL
from functools import lru_cache
from typing import NamedTuple

from .error import ZMQError

#: Longest path of an ipc endpoint, in bytes: sun_path less its NUL, on Linux.
IPC_PATH_MAX_LEN = 107


class Endpoint(NamedTuple):
    """A scheme, and the address that its transport understands."""

    scheme: str
    address: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.address}"


@lru_cache(maxsize=256)  # each connect asks
def parse(text: str) -> Endpoint:
    """Split an endpoint.  Raises ZMQError(EINVAL) unless both parts are there."""
    scheme, separator, address = text.partition("://")
    if not (separator and scheme and address):
        raise ZMQError(EINVAL)
    return Endpoint(scheme, address)
