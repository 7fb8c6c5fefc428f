"""The shape of a row in the table of socket options, and some frequent rows."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Union

from .backend.abc import HubOption
from .constants import SocketType

INT_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


class Option(NamedTuple):
    """One row.  Integers are from `low` to `high`; bytes have so many octets.

    `SocketOption` has the rest: the name, the number and the type.
    """

    default: Any
    low: int = 0
    high: int = INT_MAX
    live: Union[HubOption, None] = None  # acts at once, in the data plane
    readable: bool = True
    writable: bool = True
    types: Union[frozenset[SocketType], None] = None  # None: every type
    unit: str = ""
    text: str = ""  # what it is, for docs/options.md
    at_once: bool = False  # acts before the next bind or connect; if `live`, always
    #: What is kept, of the value that was there and the new one; None: the new one.
    keep: Union[Callable[[Any, Any], Any], None] = None
    #: What other options then are, by number, from what is kept.
    sets: Union[Callable[[Any], Mapping[int, Any]], None] = None


def boolean(default: int = 0, text: str = "") -> Option:
    """Make a row for 0 or 1."""
    return Option(default, 0, 1, unit="0 or 1", text=text)


def switch(types: frozenset[SocketType], text: str, **more: Any) -> Option:
    """Make a row for 0 (off) or more, which some types have and which cannot be
    read."""
    return Option(0, readable=False, types=types, unit="0 or more", text=text, **more)


def truth(default: int, text: str) -> Option:
    """Make a row for a truth value for which libzmq takes any integer."""
    return Option(
        default,
        -INT_MAX - 1,
        unit="0 or not",
        text=text,
        keep=lambda _, new: int(bool(new)),
    )


def timeout(default: int = -1, text: str = "") -> Option:
    """Make a row for a wait in ms, -1 for ever."""
    return Option(default, -1, unit="ms", text=text, at_once=True)


def state(default: Any, text: str) -> Option:
    """Make a row that can only be read."""
    return Option(default, writable=False, text=text, at_once=True)


def admitted(text: str) -> Option:
    """Make a row of which each value admits one more pid, uid or gid."""
    return Option(
        frozenset(),
        -INT_MAX - 1,
        readable=False,
        text=text,
        keep=lambda old, new: old | {new & 0xFFFFFFFF},
    )
