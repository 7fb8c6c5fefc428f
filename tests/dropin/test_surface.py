"""What pyzmq offers and pymq does not: every such name, and every call that pyzmq's
signatures allow and ours do not, is listed here with its reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from inspect import Parameter
from typing import Any, Iterator, Union

import pytest

import pymq

zmq = pytest.importorskip("zmq")
pytest.importorskip("tornado")
pytest.importorskip("gevent")

#: Modules that pymq does not have.
MODULES = {
    "_typing": "typing_extensions' names, for pyzmq itself",
    "backend.cffi": "libzmq, by CFFI",
    "backend.cython": "libzmq, by Cython",
    "backend.cython._zmq": "libzmq, by Cython",
    "backend.select": "chooses between those two; see `Context(backend=)`",
    "eventloop._deprecated": "wants a module of tornado 4",
    "tests": "deprecated classes for pyzmq's own tests of before 2024",
}

_IGNORED = "an argument that is ignored"
_GREEN = "the arguments by name, instead of * and **"

#: Names and calls.
REASONS = {
    "Again": _IGNORED,
    "ContextTerminated": _IGNORED,
    "InterruptedSystemCall": _IGNORED,
    "Socket.send_pyobj": "the newest protocol of pickles, where pyzmq has the default",
    "SyncContext": "pyzmq's is an alias for type checkers only",
    "SyncSocket": "pyzmq's is an alias for type checkers only",
    "_future.T": "a type variable",
    "asyncio.Socket.get": "pyzmq calls the option `key` there and `option` elsewhere",
    "eventloop.future.Socket.get": "as of asyncio",
    "sugar.attrsettr.AttributeSetter.set": "the value has the name of `Socket.set`",
    "green.Socket": _GREEN,
    "green.Socket.get": "pyzmq calls the option `opt` there and `option` elsewhere",
    "green.Socket.recv_multipart": _GREEN,
    "green.Socket.send": "routing_id and group, of draft socket types, by name",
    "green.Socket.send_multipart": _GREEN,
    "green.Socket.set": "pyzmq calls the option `opt` there and `option` elsewhere",
}

#: Attributes of pyzmq that each class there has, which are listed once.
_ONCE = ("Socket.send_pyobj",)


def _names() -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(pkgutil.walk_packages(zmq.__path__, "zmq."))
    return [one.name[4:] for one in found]


def _load(package: str, name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"{package}.{name}" if name else package)


def _public(module: Any) -> list[str]:
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    own = (
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
    )
    return sorted(name for name in own if not name.startswith("_"))


def _members(cls: type) -> list[str]:
    kin = [base for base in cls.__mro__ if base.__module__.startswith("zmq")]
    return sorted({n for base in kin for n in vars(base) if not n.startswith("_")})


def _has(owner: Any, name: str) -> bool:
    """An attribute, or one that is announced for instances."""
    kin = getattr(owner, "__mro__", ())
    announced = any(name in vars(base).get("__annotations__", ()) for base in kin)
    return announced or hasattr(owner, name)


def _differences(name: str) -> Iterator[tuple[str, str]]:
    theirs, ours = _load("zmq", name), _load("pymq", name)
    for found in _public(theirs):
        where = f"{name}.{found}".lstrip(".")
        if not hasattr(ours, found):
            yield where, "is missing"
            continue
        their, our = getattr(theirs, found), getattr(ours, found)
        if id(their) in _seen:
            continue
        _seen.add(id(their))
        if callable(their) and not inspect.isfunction(our):
            yield from _class_differences(where, their, our)
        if callable(their):
            yield from _call_differences(where, their, our)


_seen: set[int] = set()  # a class is in many modules


def _class_differences(where: str, their: Any, our: Any) -> Iterator[tuple[str, str]]:
    for name in _members(their) if inspect.isclass(their) else ():
        member = f"{where}.{name}"
        if not _has(our, name):
            yield member, "is missing"
        elif callable(getattr(their, name)) and hasattr(our, name):
            yield from _call_differences(
                member, getattr(their, name), getattr(our, name)
            )


def _call_differences(where: str, their: Any, our: Any) -> Iterator[tuple[str, str]]:
    try:
        wanted = list(inspect.signature(their).parameters.values())
    except (TypeError, ValueError):
        return  # Cython does not say
    found = list(inspect.signature(our).parameters.values())
    for index, one in enumerate(wanted):
        problem = _problem(index, one, found)
        if problem:
            yield where, problem
            return


def _problem(index: int, wanted: Parameter, found: list[Parameter]) -> str:
    """Why a parameter of pyzmq's cannot be passed here; empty if it can."""
    kinds = {one.kind for one in found}
    if wanted.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        return "" if wanted.kind in kinds else f"no {wanted}"
    if wanted.kind is Parameter.KEYWORD_ONLY:
        ours = next((one for one in found if one.name == wanted.name), None)
        known = ours is not None or Parameter.VAR_KEYWORD in kinds
        return _default(wanted, ours) if known else f"no {wanted}"
    places = [
        one
        for one in found
        if one.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    ]
    if index >= len(places):
        return "" if Parameter.VAR_POSITIONAL in kinds else f"no {wanted}"
    named = wanted.kind is Parameter.POSITIONAL_OR_KEYWORD
    if named and places[index].name != wanted.name:
        return f"{wanted.name} is called {places[index].name}"
    return _default(wanted, places[index])


def _default(wanted: Parameter, ours: Union[Parameter, None]) -> str:
    if ours is None or wanted.default is Parameter.empty:
        return ""
    if ours.default is Parameter.empty:
        return f"{wanted.name} is required"
    same = wanted.default == ours.default
    return "" if same else f"{wanted.name} is {ours.default!r}, not {wanted.default!r}"


def test_every_module_is_there_or_there_is_a_reason() -> None:
    missing = set()
    for name in _names():
        try:
            _load("pymq", name)
        except ImportError:
            missing.add(name)
    assert missing == set(MODULES)


def test_every_name_and_call_is_there_or_there_is_a_reason() -> None:
    _seen.clear()
    found: dict[str, str] = {}
    for name in ["", *_names()]:
        if name not in MODULES:
            found.update(_differences(name))
    for known in _ONCE:
        for name in [name for name in found if name.endswith(f".{known}")]:
            del found[name]
    unknown = {name: what for name, what in found.items() if name not in REASONS}
    assert not unknown
    assert set(REASONS) == set(found), "what is no difference any more"


def test_constants_are_the_same() -> None:
    for name in zmq.constants.__all__:
        theirs, ours = getattr(zmq, name), getattr(pymq, name)
        if isinstance(theirs, int):
            assert (int(ours), type(ours).__name__) == (
                int(theirs),
                type(theirs).__name__,
            )
