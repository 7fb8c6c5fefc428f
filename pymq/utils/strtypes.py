"""Bytes and text from when Python had two kinds of either; deprecated, as in pyzmq."""

from __future__ import annotations

import builtins
import warnings
from typing import Union

bytes = builtins.bytes
unicode = str
basestring = (str,)


def _deprecated() -> None:
    warnings.warn(
        "zmq.utils.strtypes is deprecated: use str.encode and bytes.decode",
        DeprecationWarning,
        stacklevel=3,
    )


def cast_bytes(
    s: Union[str, builtins.bytes], encoding: str = "utf8", errors: str = "strict"
) -> builtins.bytes:
    """Text encoded; bytes as they are.  TypeError for anything else."""
    _deprecated()
    if isinstance(s, str):
        return s.encode(encoding, errors)
    if isinstance(s, builtins.bytes):
        return s
    raise TypeError(f"Expected unicode or bytes, got {s!r}")


def cast_unicode(
    s: Union[str, builtins.bytes], encoding: str = "utf8", errors: str = "strict"
) -> str:
    """Bytes decoded; text as it is.  TypeError for anything else."""
    _deprecated()
    if isinstance(s, builtins.bytes):
        return s.decode(encoding, errors)
    if isinstance(s, str):
        return s
    raise TypeError(f"Expected unicode or bytes, got {s!r}")


b = asbytes = cast_bytes
u = cast_unicode

__all__ = [
    "asbytes",
    "bytes",
    "unicode",
    "basestring",
    "b",
    "u",
    "cast_bytes",
    "cast_unicode",
]
