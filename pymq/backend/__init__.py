"""Chooses a backend: ``PYMQ_BACKEND``, else native if it was built, else pure.

Both may be used in one process (``Context(backend=...)``).  If the native one cannot be
imported, the reason is kept and shown when it is demanded.
"""

from __future__ import annotations

import functools
import os
import sys
from importlib import import_module
from typing import Union, cast

from ..loading import load
from .abc import Backend

#: Why `native` cannot be used; None if it can or nobody has tried.
native_error: Union[ImportError, None] = None

_NAMES = ("native", "pure")


def get(name: Union[str, None] = None) -> Backend:
    """Return the backend of that name; None: the one that the environment asks for.

    ImportError if native was demanded and is not there, or if this is not the main
    interpreter; ValueError for another name.
    """
    if _is_subinterpreter():
        raise ImportError(
            "pymq does not work in subinterpreters: its threads would outlive them"
        )
    name = name or os.environ.get("PYMQ_BACKEND") or None
    if name is None:
        return _load("native" if _native_works() else "pure")
    if name not in _NAMES:
        raise ValueError(f"backend must be one of {_NAMES}, not {name!r}")
    if name == "native" and not _native_works():
        raise ImportError(
            f"pymq's native backend was asked for but cannot be used: {native_error}"
        ) from native_error
    return _load(name)


@functools.cache
def _is_subinterpreter() -> bool:
    """Not even a failed import of the C core is safe in one (CPython 3.13.0)."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = import_module(name)
        except ImportError:
            continue  # of another Python
        return bool(interpreters.get_current() != interpreters.get_main())
    return False


def settle() -> None:
    """See `pymq.backend.abc.Backend.settle`: of every backend in use."""
    for name in _NAMES:
        module = sys.modules.get(f"{__name__}.{name}")
        if module is not None:
            cast(Backend, module).settle()


def exporter() -> Union[type, None]:
    """Return a class whose objects have the buffer of their attribute ``buffer``.

    For Pythons before 3.12, and PyPy; None if there is none.
    """
    if sys.implementation.name == "pypy":
        found: type = import_module("__pypy__.bufferable").bufferable
        return found
    if not _native_works():
        return None
    from . import native

    return native.exporter


def _native_works() -> bool:
    global native_error
    try:
        _load("native")
    except ImportError as error:
        # Without the frames of whoever asked first: they have his sockets.
        native_error = error.with_traceback(None)
        return False
    return True


def _load(name: str) -> Backend:
    return cast(Backend, load(f"{__name__}.{name}"))
