"""Sockets that are awaited, in each kind of event loop that anyio runs."""

from __future__ import annotations

import importlib
from typing import Any, Awaitable, Callable

import anyio
from library import Library
from patience import PATIENCE

BACKENDS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


class Sockets:
    """`pymq.anyio` or `pymq.asyncio`, in one kind of event loop."""

    def __init__(self, zmq: Library, kind: str, module: str = "pymq.anyio") -> None:
        self.zmq = zmq
        self.module = importlib.import_module(module)
        self.kind = kind
        self.context = self.module.Context.shadow(zmq.main)

    def socket(self, kind: int, **options: Any) -> Any:
        return self.zmq.socket(kind, self.context, **options)

    def pair(self, transport: str) -> tuple[Any, Any]:
        one, other = self.socket(self.zmq.PAIR), self.socket(self.zmq.PAIR)
        other.connect(self.zmq.bind(one, transport))
        return one, other

    def run(self, main: Callable[[], Awaitable[Any]]) -> Any:
        backend, options = BACKENDS[self.kind]

        async def limited() -> Any:
            with anyio.fail_after(PATIENCE):
                return await main()

        return anyio.run(limited, backend=backend, backend_options=options)


async def turns(count: int) -> None:
    """Let the loop go round so often."""
    for _ in range(count):
        await anyio.sleep(0)
