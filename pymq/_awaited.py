"""Calls of asyncio sockets that wait for more than a message: coroutines.

The calls are those of `pymq.Socket`, written as generators (`pymq.pauses`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Awaitable, Coroutine, TypeVar, Union, overload

from ._waiting import Loop, Polling
from .pauses import Pause, Steps
from .socket import Socket

if TYPE_CHECKING:
    from .drain import Drained
    from .endpoints import _Undo

_Result = TypeVar("_Result")


class _Awaited(Socket):
    """Mixed into `pymq.asyncio.Socket`."""

    async def _finish(self, steps: Steps[_Result]) -> _Result:  # type: ignore[override]
        """Await what the generator of a call asks for, and return its result.

        To cancel the coroutine ends the call.  When the socket is closed the call
        raises its error, as there is no future that could be cancelled.
        """
        try:
            pause = next(steps)
            while True:
                pause = steps.send(await self._pause(pause))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    def _pause(self, pause: Pause) -> Awaitable[bool]:
        polling = Polling(self._get_loop(), pause.look, False, cancels=False)
        return polling.begin(lambda it: it.at_bell(pause.hang()), left(pause))

    if TYPE_CHECKING:

        def _get_loop(self) -> Loop:
            """Of `_Async`."""

        @overload  # type: ignore[override]
        def connect(self, addr: Union[str, bytes], *, timeout: None = ...) -> _Undo: ...

        @overload
        def connect(
            self, addr: Union[str, bytes], *, timeout: float
        ) -> Coroutine[Any, Any, _Undo]: ...

        def connect(
            self, addr: Union[str, bytes], *, timeout: Union[float, None] = None
        ) -> Any: ...

        async def flush(  # type: ignore[override]
            self, timeout: Union[float, None] = None
        ) -> bool: ...

        async def drain(  # type: ignore[override]
            self, linger: Union[int, None] = None
        ) -> Drained: ...

        async def request(
            self, message: Any, timeout: Union[float, None] = None, retries: int = 0
        ) -> Any: ...

        async def wait_for_subscribers(  # type: ignore[override]
            self,
            count: int = 1,
            topic: Union[bytes, str] = b"",
            timeout: Union[float, None] = None,
        ) -> bool: ...

        async def wait_subscribed(  # type: ignore[override]
            self,
            timeout: Union[float, None] = None,
            publishers: Union[int, None] = None,
        ) -> bool: ...


def left(pause: Pause) -> Union[float, None]:
    """Milliseconds until the deadline of a pause; None for ever."""
    if pause.deadline is None:
        return None
    return max(0.0, (pause.deadline - time.monotonic()) * 1000)
