"""Event loops for the tests, and the asyncio sockets of one implementation in them."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, Callable, Coroutine, Optional, TypeVar

import pytest
from library import Library
from patience import PATIENCE

T = TypeVar("T")

KINDS = ("asyncio", "uvloop")


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """A loop of that kind; skips the test where there is none."""
    if kind == "asyncio":
        return asyncio.new_event_loop()
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class Sockets:
    """`zmq.asyncio` of an implementation, and sockets of it that end with the test.

    Any other attribute is the module's.
    """

    def __init__(self, zmq: Library, kind: str) -> None:
        name = zmq.implementation.module.__name__
        self.module = importlib.import_module(f"{name}.asyncio")
        self.zmq = zmq
        self.kind = kind
        self._context: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    @property
    def context(self) -> Any:
        """An asyncio context that shadows the test's own."""
        if self._context is None:
            self._context = self.module.Context.shadow(self.zmq.main)
        return self._context

    def socket(self, kind: int, **options: Any) -> Any:
        """See `Library.socket`."""
        return self.zmq.socket(kind, self.context, **options)

    def pair(
        self, transport: str, first: str = "PAIR", second: Optional[str] = None
    ) -> tuple[Any, Any]:
        """Two sockets, of which the first one is bound and the second connected."""
        one = self.socket(getattr(self.zmq, first))
        other = self.socket(getattr(self.zmq, second or first))
        other.connect(self.zmq.bind(one, transport))
        return one, other

    def run(
        self,
        main: Callable[[], Coroutine[Any, Any, T]],
        loop: Optional[asyncio.AbstractEventLoop] = None,
    ) -> T:
        """What a coroutine function returns, in a loop of its own."""
        runs = loop or new_loop(self.kind)
        try:
            return runs.run_until_complete(asyncio.wait_for(main(), PATIENCE))
        finally:
            if loop is None:
                runs.close()


async def turns(count: int) -> None:
    """Let the loop go round so often."""
    for _ in range(count):
        await asyncio.sleep(0)


async def waits(*futures: Any) -> None:
    """Let them begin to wait."""
    await turns(3)
    assert not any(future.done() for future in futures)
