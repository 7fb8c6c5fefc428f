"""What takes the place of the parent's hubs in a forked child.

Their locks may be held by threads that the child does not have, and their descriptors
are the parent's.  So not even their destructors may run.
"""

from __future__ import annotations

from typing import Any

from .error import ForkedError

_kept: list[object] = []


class Inherited:
    """Refuses every call."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        raise ForkedError

    def __setattr__(self, name: str, value: object) -> None:
        raise ForkedError


def refuse(*_: object) -> Any:
    """Refuses a call that is kept apart from its hub, for speed."""
    raise ForkedError


def keep(*things: object) -> None:
    """Keep objects for ever, so that they are never destroyed."""
    _kept.extend(things)
