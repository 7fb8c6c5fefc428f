"""Shadows: more objects, perhaps of other classes, for one socket or context.

All that one is lies in its dictionary, and a shadow has the same dictionary: closed
through one object it is closed for all.  A shadow keeps its original alive, and ends
nothing when it is forgotten.
"""

from __future__ import annotations

import itertools
from errno import EFAULT
from typing import Any, TypeVar, Union
from weakref import WeakValueDictionary

from .error import error_for

_Any = TypeVar("_Any", bound="Shadowed")

_numbers = itertools.count(1)
_known: WeakValueDictionary[int, Any] = WeakValueDictionary()  # by `underlying`


class Shadowed:
    """Mixed into `Socket` and `Context`."""

    __slots__ = ("_original",)  # not in the dictionary, which is shared

    _original: Any
    _noun = ""  # what it is
    _numbered = False  # whether `underlying` was asked for

    @property
    def underlying(self) -> int:
        """A number for `shadow`; of pyzmq's, the address of what libzmq has."""
        state = vars(self)
        if not self._numbered:
            state["_number"] = next(_numbers)
            _known[state["_number"]] = original(self)
            state["_numbered"] = True
        return int(state["_number"])

    @classmethod
    def shadow(cls: type[_Any], address: Any) -> _Any:
        """Another object of this class for a socket (a context), which is given itself
        or by its `underlying` number.  ZMQError(EFAULT) if there is none."""
        made = cls.__new__(cls)
        made._become(address)
        return made

    def _become(self, address: Union[int, Shadowed]) -> None:
        other = _known.get(address) if isinstance(address, int) else address
        if other is None and isinstance(address, int):
            raise error_for(EFAULT)
        if not isinstance(other, Shadowed) or other._noun != self._noun:
            raise TypeError(f"expected a {self._noun} or its number: {other!r}")
        object.__setattr__(self, "_original", original(other))
        object.__setattr__(self, "__dict__", vars(other))


def original(of: Any) -> Any:
    """The object that something is a shadow of, or is."""
    return getattr(of, "_original", of)


def is_shadow(of: Any) -> bool:
    """Whether its end is of no consequence."""
    return original(of) is not of
