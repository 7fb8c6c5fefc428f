"""Decorators that make a context or a socket for a call (pyzmq's API)."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, TypeVar, Union, cast

from .context import Context

_Function = TypeVar("_Function", bound=Callable[..., object])
#: What is called, with which arguments, to get what the function is given.
_Find = Callable[[tuple[Any, ...], dict[str, Any]], Any]


def context(*args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
    """Give a function a new context, behind its positional arguments, or by the
    keyword that is `name` or the first argument, if that is a str.  It is destroyed
    when the function returns.  Everything else goes to `Context`."""
    name, args = _name(args, kwargs)
    return _giving(name, lambda *_: Context(*args, **kwargs))


def socket(*args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
    """Give a function a new socket, as `context` does; it is closed when the function
    returns.  The other arguments are those of `Context.socket`, first the type.

    It is of the context that the function is given by the keyword `context_name`
    (``"context"``), or else as the first among its positional arguments, or else the
    one that the process shares.
    """
    name, args = _name(args, kwargs)
    key = kwargs.pop("context_name", "context")

    def make(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return _find_context(key, given, named).socket(*args, **kwargs)

    return _giving(name, make)


def _name(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Union[str, None], tuple[Any, ...]]:
    """The name of the keyword, and the arguments that are left."""
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
