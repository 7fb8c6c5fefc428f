"""What other libraries call an address (pyzmq's API)."""

from __future__ import annotations

from typing import Any


def cast_int_addr(n: Any) -> int:
    """An integer, or a pointer of CFFI, as an integer.  ValueError for another."""
    if isinstance(n, int):
        return n
    try:
        from cffi import FFI
    except ImportError:
        pass
    else:
        ffi = FFI()
        if isinstance(n, ffi.CData):
            return int(ffi.cast("uintptr_t", n))
    raise ValueError(f"Cannot cast {n!r} to int")
