"""What C gives Python: handles, and errors."""

from __future__ import annotations

import os
from errno import ENOMEM
from typing import Any

from ... import _core
from ..._core import ffi, lib

_extended = lib.pymq_extend(_core.__name__.encode())
#: Whether CPython's own objects can own things; see ``csrc/owner.h``.
OWNED = _extended >= 1
#: Whether there are builtins for the hot path; see ``csrc/builtin.h``.
BUILTINS = _extended >= 2

_NOUNS = "loop", "hub", "pipe"  # as in ``csrc/owner.h``


def check(result: int) -> int:
    """Raise for what the system refused us: memory, descriptors, threads."""
    if result == -ENOMEM:
        raise MemoryError
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def address(pointer: Any) -> int:
    """Where that is."""
    return int(ffi.cast("intptr_t", pointer))


def owner(noun: str, pointer: Any) -> object:
    """What releases a loop, hub or pipe with the last reference to itself."""
    if pointer == ffi.NULL:
        raise MemoryError
    if OWNED:
        made: object = _core.own(_NOUNS.index(noun), address(pointer))
        return made
    return ffi.gc(pointer, getattr(lib, f"pymq_{noun}_release"))
