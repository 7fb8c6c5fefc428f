"""Decorators that make a context or a socket for each call (pyzmq's API)."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, TypeVar, Union, cast

from .context import Context

_Function = TypeVar("_Function", bound=Callable[..., object])
#: What is called, with which arguments, to get what the function is given.
_Find = Callable[[tuple[Any, ...], dict[str, Any]], Any]


def context(*args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
    """Make a new context for each call of the function, and destroy it afterwards.

    The function gets it behind its positional arguments, or as a keyword argument if a
    name is given: as `name`, or as a first argument that is a str.  Other arguments go
    to `Context`.
    """
    name, args = _name(args, kwargs)
    return _giving(name, lambda *_: Context(*args, **kwargs))


def socket(*args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
    """Make a new socket for each call of the function, and close it afterwards.

    The function gets it as with `context`.  Other arguments go to `Context.socket`; the
    first is the socket type.

    The socket's context is the function's keyword argument called `context_name`
    (default ``"context"``), else the first context among its positional arguments, else
    the shared one.
    """
    name, args = _name(args, kwargs)
    key = kwargs.pop("context_name", "context")

    def make(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return _find_context(key, given, named).socket(*args, **kwargs)

    return _giving(name, make)


def _name(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Union[str, None], tuple[Any, ...]]:
    """Return the name of the keyword or None, and the other arguments."""
    if isinstance(kwargs.get("name"), str):
        return kwargs.pop("name"), args
    if args and isinstance(args[0], str):
        return args[0], args[1:]
    return None, args


def _find_context(key: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Context:
    for found in (kwargs.get(key), *args):
        if isinstance(found, Context):
            return found
    return Context.instance()


def _giving(name: Union[str, None], make: _Find) -> Callable[[_Function], _Function]:
    def decorate(function: _Function) -> _Function:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> object:
            with make(args, kwargs) as made:
                if name is None:
                    return function(*args, made, **kwargs)
                return function(*args, **{name: made}, **kwargs)

        return cast(_Function, wrapper)

    return decorate


__all__ = ["context", "socket"]
