"""Handles: several Python objects that are one socket or one context.

pyzmq calls all but the first *shadows*, and makes them from an address in libzmq's
memory; here a number takes the place of the address.  Most of what handles share are
objects that all of them refer to.  What is replaced is replaced in each (`_tell`).
"""

from __future__ import annotations

import itertools
from typing import Any, ClassVar, Union
from weakref import ReferenceType, WeakValueDictionary, ref

from .error import error_for

_numbers = itertools.count(1)  # never used again, other than addresses
_known: WeakValueDictionary[int, Handle] = WeakValueDictionary()


class Handle:
    """Mixed into `Socket` and `Context`."""

    #: Attributes: a new shadow copies them, and `_tell` sets them in all.
    _shared: ClassVar[tuple[str, ...]]
    _missing: ClassVar[int]  # the error of a number that stands for nothing
    _shadow: bool = False
    _shadow_obj: Any = None  # what it was made of
    _number: int = 0
    #: The first is not a shadow.  None while there is only that.
    _kin: Union[list[ReferenceType[Handle]], None] = None

    @property
    def underlying(self) -> int:
        """A number that stands for this object, for `shadow`; in pyzmq an address."""
        first = self._first()
        if not first._number:  # of several threads, one gives the number
            vars(first).setdefault("_number", next(_numbers))
        if first._number not in _known:
            _known[first._number] = first
        return int(first._number)

    def _first(self) -> Any:
        """The first handle, which is no shadow, unless it is gone."""
        found = self if self._kin is None else self._kin[0]()
        return self if found is None else found

    def _join(self, other: Any) -> None:
        """Become another handle of `other`, an object or a number."""
        first = self._find(other)
        if first._kin is None:
            vars(first).setdefault("_kin", [ref(first)])
        first._kin.append(ref(self, first._kin.remove))
        # Changes from here on are told to this one, too; see `_tell`.
        for name in self._shared:
            object.__setattr__(self, name, getattr(first, name))
        self._kin = first._kin
        self._shadow = True
        self._shadow_obj = other

    def _find(self, other: Any) -> Any:
        number = other if isinstance(other, int) else getattr(other, "underlying", None)
        if not isinstance(number, int):
            raise TypeError(f"a shadow is of a number or an object, not {other!r}")
        if isinstance(other, Handle) and other._shared is not self._shared:
            raise TypeError(f"no shadow of another kind: {other!r}")
        found = other._first() if isinstance(other, Handle) else _known.get(number)
        if found is None or found._shared is not self._shared:
            raise error_for(self._missing, f"nothing is underlying {number}")
        return found

    def _tell(self, **state: Any) -> None:
        """Set attributes of every handle.

        Another thread may be making one: either it copies what is set by then, or it
        is among the kin that are looked up only after that.
        """
        first = self if self._kin is None else self._first()
        _set(first, state)
        for one in tuple(first._kin or ()):
            handle = one()
            if handle is not None and handle is not first:
                _set(handle, state)


def _set(handle: Handle, state: dict[str, Any]) -> None:
    for name, value in state.items():
        object.__setattr__(handle, name, value)


def shown_class(cls: type) -> str:
    """Return the name of the class for a repr, in which programs look for ``zmq.``."""
    name = f"{cls.__module__}.{cls.__name__}"
    if name.startswith("pymq."):
        name = f"z{name[2:]}"
    return str(vars(cls).get("_repr_cls", name))
