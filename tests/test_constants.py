"""The constants: complete among themselves, and the same as pyzmq's."""

from __future__ import annotations

import pickle
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest

from pymq import constants
from pymq.constants import SocketOption, SocketType, _OptType

ENUMS: dict[str, type[Enum]] = {
    name: value
    for name, value in vars(constants).items()
    if isinstance(value, type)
    and issubclass(value, Enum)
    and value.__module__ == constants.__name__
    and value is not _OptType
}
PREFIXES = {
    "Event": "EVENT_",
    "NormMode": "NORM_",
    "ReconnectStop": "RECONNECT_STOP_",
    "RouterNotify": "NOTIFY_",
}


def global_name(enum: str, member: str) -> str:
    if member.startswith("PROTOCOL_ERROR_"):
        return member
    return PREFIXES.get(enum, "") + member


@pytest.mark.parametrize("enum", ENUMS)
def test_every_member_is_a_global(enum: str) -> None:
    for name, member in ENUMS[enum].__members__.items():
        assert getattr(constants, global_name(enum, name)) is member
        assert global_name(enum, name) in vars(constants)["__all__"]


def test_no_name_means_two_things() -> None:
    names = [
        global_name(enum, name) for enum in ENUMS for name in ENUMS[enum].__members__
    ]
    bases = ["Enum", "IntEnum", "IntFlag"]
    assert sorted(names + list(ENUMS) + bases) == sorted(vars(constants)["__all__"])


def test_a_star_import_gets_them_all() -> None:
    found: dict[str, Any] = {}
    exec("from pymq.constants import *", found)
    assert found["PUSH"] is SocketType.PUSH
    assert {name for name in found if not name.startswith("_")} == set(
        vars(constants)["__all__"]
    )


def test_members_are_numbers_that_can_be_pickled() -> None:
    assert constants.PUSH == 8
    for member in (constants.PUSH, constants.AFFINITY, constants.EVENT_ALL):
        assert pickle.loads(pickle.dumps(member)) is member
    assert SocketOption(4) is constants.AFFINITY
    assert constants.AFFINITY._opt_type is _OptType.int64
    assert constants.IDENTITY is constants.ROUTING_ID


def test_another_system_has_other_error_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert constants._system("ENOSUCHTHING", 7) == 156384719
    monkeypatch.setattr(constants, "sys", SimpleNamespace(platform="win32"))
    assert constants._system("ENOTSOCK", 9) == 128


def _theirs() -> Any:
    return pytest.importorskip("zmq", minversion="27").constants


def test_the_names_are_those_of_pyzmq() -> None:
    assert set(vars(constants)["__all__"]) == set(_theirs().__all__)


@pytest.mark.parametrize("enum", ENUMS)
def test_the_enums_are_those_of_pyzmq(enum: str) -> None:
    ours, theirs = ENUMS[enum], getattr(_theirs(), enum)
    assert ours.__mro__[1].__name__ == theirs.__mro__[1].__name__
    assert _facts(ours) == _facts(theirs)


def _facts(enum: Any) -> dict[str, tuple[int, str, str]]:
    """Value, real name and option type of each name."""
    facts = {}
    for name, member in enum.__members__.items():
        kind = getattr(member, "_opt_type", _OptType.int).name
        facts[name] = int(member), member.name, kind
    return facts
