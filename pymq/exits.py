"""The end of the interpreter: what was sent is still sent, within a bound.

Sockets that nobody has closed are closed, and what lingers may go on for as long as its
LINGER allows, but for no more than `Context.exit_linger` ms in all.  The threads that
do it are daemons, which the interpreter would stop in the middle of a message.

Not after `os._exit` or a signal that kills: nothing of Python runs then.  A forked
child has nothing of its parent's to end.
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
    """Who has something to do before the interpreter ends."""

    def _leave_interpreter(self, now: float) -> None:
        """It ends; `now` is of `time.monotonic`, the same for everybody."""

    def _stay_behind(self) -> None:
        """This is a forked child, and the parent's it is."""


_closing: WeakSet[Leaver] = WeakSet()
_waiting: WeakSet[Leaver] = WeakSet()
_last: list[Callable[[], None]] = []
_leaving: list[int] = []  # the thread that ends the interpreter


def remember(leaver: Leaver, waits: bool) -> None:
    """Have it called at exit, if it lives then; those that wait behind all others."""
    (_waiting if waits else _closing).add(leaver)


def call_last(function: Callable[[], None]) -> None:
    """Have it called behind all of them: `atexit` would do so in front."""
    _last.append(function)


def attempt(call: Callable[[], object]) -> None:
    """Call what may raise, be it a warning that is an error: nobody is left to catch
    it, and others are to come."""
    try:
        call()
    except Exception:
        sys.excepthook(*sys.exc_info())


def park() -> None:
    """At the end of the interpreter, keep a thread whose socket is closed under it:
    only daemons are left, who have done nothing wrong.  Not with a lock held."""
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
