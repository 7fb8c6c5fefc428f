"""Options as attributes: ``socket.linger = 0`` is ``socket.set(LINGER, 0)``."""

from __future__ import annotations

from errno import EFAULT, EINVAL
from typing import Any

from . import constants
from .error import ZMQError


class Attributes:
    """Mixed into `Socket` and `Context`, which have `get` and `set`.

    Any spelling of an option's name in `constants` will do.  Other attributes may be
    set only if the class declares them, so that a misspelt option is an error.
    """

    def get(self, option: int) -> Any:
        """Read an option."""
        raise ZMQError(EINVAL)

    def set(self, option: int, value: Any) -> None:
        """Write an option."""
        raise ZMQError(EINVAL)

    def __setattr__(self, key: str, value: Any) -> None:
        if key in self.__dict__ or _declared(type(self), key):
            option = getattr(constants, key.upper(), None)
            if option is None or not callable(getattr(type(self), key, None)):
                object.__setattr__(self, key, value)
                return
        self._set_option(key, value)

    def _set_option(self, key: str, value: Any) -> None:
        option = getattr(constants, key.upper(), None)
        if not isinstance(option, int):
            raise _unknown(self, key)
        self.set(option, value)

    def __getattr__(self, key: str) -> Any:
        option = getattr(constants, key.upper(), None)
        if not isinstance(option, int):
            raise _unknown(self, key)
        try:
            return self.get(option)
        except ZMQError as error:
            if error.errno in (EINVAL, EFAULT):
                raise AttributeError(f"{key} attribute is write-only") from None
            raise


def _unknown(owner: object, key: str) -> AttributeError:
    return AttributeError(f"{type(owner).__name__} has no such option: {key.upper()}")


def _declared(cls: type, key: str) -> bool:
    return any(
        key in vars(base) or key in vars(base).get("__annotations__", ())
        for base in cls.__mro__
    )
