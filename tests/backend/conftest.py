"""The contract's fixtures: every test here runs on both backends."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Iterator

import pytest
from workbench import Bench

from pymq.backend.abc import Backend

WANTED = os.environ.get("PYMQ_BACKEND")


def _load(name: str) -> Backend:
    backend: Backend = import_module(f"pymq.backend.{name}")
    return backend


def _names() -> list[str]:
    if WANTED:
        return [WANTED]
    try:
        _load("native")
    except ImportError:
        return ["pure"]
    return ["native", "pure"]


@pytest.fixture(params=_names())
def backend(request: pytest.FixtureRequest) -> Backend:
    """The backend under test."""
    return _load(request.param)


@pytest.fixture
def bench(backend: Backend) -> Iterator[Bench]:
    """Hubs on a running loop; closed at the end."""
    made = Bench(backend)
    yield made
    made.close()
