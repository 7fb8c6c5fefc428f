"""Options as attributes: ``socket.linger = 0`` is ``socket.set(LINGER, 0)``."""

from __future__ import annotations

from enum import IntEnum
from errno import EFAULT, EINVAL
from functools import lru_cache
from typing import Any, Union

from . import constants
from .error import ZMQError


class Attributes:
    """Mixed into `Socket` and `Context`, which have `get` and `set`.

    An attribute that is no option can be set only if the class declares it, so that a
    misspelt option is an error.
    """

    def get(self, option: int) -> Any:
        """Read an option."""
        raise ZMQError(EINVAL)

    def set(self, option: int, optval: Any) -> None:
        """Write an option."""
        raise ZMQError(EINVAL)

    def __setattr__(self, key: str, value: Any) -> None:
        cls: Any = type(self)  # mypy takes classes for unhashable
        if _plain(cls, key) or (key in self.__dict__ and not _names_option(cls, key)):
            object.__setattr__(self, key, value)
        else:
            self._set_option(key, value)

    def _set_option(self, key: str, value: Any) -> None:
        option = getattr(constants, key.upper(), None)
        if not isinstance(option, int):
            raise _unknown(self, key)
        self.set(option, value)

    def _get_option(self, key: str, option: int) -> Any:
        try:
            return self.get(option)
        except ZMQError as error:
            if error.errno in (EINVAL, EFAULT):
                raise AttributeError(f"{key} attribute is write-only") from None
            raise


class OpenAttributes(Attributes):
    """Takes every constant for an option, in any spelling."""

    def __getattr__(self, key: str) -> Any:
        option = getattr(constants, key.upper(), None)
        if not isinstance(option, int):
            raise _unknown(self, key)
        return self._get_option(key, option)


class _Option:
    """An option as an attribute."""

    def __init__(self, key: str, option: int) -> None:
        self._key = key
        self._option = option

    def __get__(self, owner: Union[Attributes, None], cls: Any = None) -> Any:
        return self if owner is None else owner._get_option(self._key, self._option)

    def __set__(self, owner: Attributes, value: Any) -> None:
        owner.set(self._option, value)


def define_options(cls: type[Attributes], options: type[IntEnum]) -> None:
    """Give the class an attribute for each option, in upper and lower case.

    `__getattr__` would do it, but a class that has it pays for it at every look at
    any attribute: on CPython 3.11, 40 ns.
    """
    for name, option in options.__members__.items():
        for key in (name, name.lower()):
            if not hasattr(cls, key):
                setattr(cls, key, _Option(key, option))


def _unknown(owner: object, key: str) -> AttributeError:
    return AttributeError(f"{type(owner).__name__} has no such option: {key.upper()}")


@lru_cache(maxsize=1024)  # a new socket asks for the same dozen names
def _plain(cls: type, key: str) -> bool:
    """Whether a class declares an attribute that is no option."""
    return _declared(cls, key) and not _names_option(cls, key)


def _names_option(cls: type, key: str) -> bool:
    option = getattr(constants, key.upper(), None)
    return option is not None and callable(getattr(cls, key, None))


def _declared(cls: type, key: str) -> bool:
    return any(
        key in vars(base) or key in vars(base).get("__annotations__", ())
        for base in cls.__mro__
    )
