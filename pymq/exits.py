"""The end of the interpreter: what was sent is still sent, within a bound.

Sockets that are still open are closed.  What lingers has as long as its LINGER, but no
more than `Context.exit_linger` ms in all.  Without this the interpreter would stop the
threads that send, which are daemons, in the middle of a message.

Nothing of this happens after `os._exit`, or a signal that kills.  A forked child has
nothing of its parent's to end.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from functools import partial
from typing import Callable, Protocol
from weakref import WeakSet


class Leaver(Protocol):
    """An object that has something to do before the interpreter ends."""

    def _leave_interpreter(self, now: float) -> None:
        """The interpreter ends; `now` is a time of `time.monotonic`, the same for
        all."""

    def _stay_behind(self) -> None:
        """This process is a forked child, and the object is its parent's."""


_closing: WeakSet[Leaver] = WeakSet()
_waiting: WeakSet[Leaver] = WeakSet()
_last: list[Callable[[], None]] = []
_leaving: list[int] = []  # the thread that ends the interpreter


def remember(leaver: Leaver, waits: bool) -> None:
    """Call an object at exit, if it still lives.  Those that wait come after all
    others."""
    (_waiting if waits else _closing).add(leaver)


def call_last(function: Callable[[], None]) -> None:
    """Call a function after all of them; `atexit` would call it before."""
    _last.append(function)


def attempt(call: Callable[[], object]) -> None:
    """Call a function that may raise, even if it is a warning that is an error.

    Nobody is left to catch it, and others are still to come.
    """
    try:
        call()
    except Exception:
        sys.excepthook(*sys.exc_info())


def park() -> None:
    """At the end of the interpreter, stop a thread whose socket was closed under it.

    Only daemon threads are left then, and they have done nothing wrong.  To be called
    without a lock held.
    """
    if _leaving and threading.get_ident() not in _leaving:
        threading.Event().wait()


def _leave() -> None:
    now = time.monotonic()
    _leaving.append(threading.get_ident())
    try:
        for group in (_closing, _waiting):
            for leaver in list(group):
                attempt(partial(leaver._leave_interpreter, now))
    finally:  # also after Ctrl-C
        for function in _last:
            function()


def _forget() -> None:
    inherited = [*_closing, *_waiting]
    _closing.clear()
    _waiting.clear()
    for leaver in inherited:
        leaver._stay_behind()


atexit.register(_leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
