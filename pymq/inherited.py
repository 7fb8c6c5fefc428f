"""What a forked child finds in the place of its parent's hubs.

Their locks may be held by threads that the child does not have, their descriptors are
the parent's: not even their destructors may run.
"""

from __future__ import annotations

from typing import Any

from .error import ForkedError

_kept: list[object] = []


class Inherited:
    """Refuses everything."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        raise ForkedError

    def __setattr__(self, name: str, value: object) -> None:
        raise ForkedError


def refuse(*_: object) -> Any:
    """In the place of a call that is kept apart from its hub, for speed."""
    raise ForkedError


def keep(*things: object) -> None:
    """Never destroy them."""
    _kept.extend(things)
