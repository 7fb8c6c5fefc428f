"""Byte vectors of RFC 37 and of what libzmq sends, and ways to cut them up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, List

import pytest

Cut = Callable[[bytes], List[bytes]]


@pytest.fixture(scope="session")
def vectors() -> dict[str, bytes]:
    text = (Path(__file__).parent / "vectors.json").read_text(encoding="ascii")
    return {name: bytes.fromhex(value) for name, value in json.loads(text).items()}


def _whole(data: bytes) -> list[bytes]:
    return [data]


def _octets(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def _thirds(data: bytes) -> list[bytes]:
    step = len(data) // 3 + 1
    return [data[at : at + step] for at in range(0, len(data), step)]


@pytest.fixture(params=[_whole, _octets, _thirds], ids=["whole", "octets", "thirds"])
def cut(request: pytest.FixtureRequest) -> Cut:
    """The pieces in which bytes arrive: any must give the same results."""
    chosen: Cut = request.param
    return chosen
