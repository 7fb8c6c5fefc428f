"""How futures wait for a socket: the futures of `pymq._future` that are not done at
once.

An event loop has one descriptor registered for each socket, as long as both exist.
Calls that have to wait stand in a queue, and are served when the socket's bell rings.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import _get_running_loop as running_loop
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Generator, Union

from .constants import ENOTSOCK, POLLIN, POLLOUT, POLLPRI
from .error import Again, ZMQError, error_for

if TYPE_CHECKING:
    from .backend.abc import Bell

    Future = asyncio.Future[Any]
else:
    Future = asyncio.Future

#: Messages between two of which the rest of a loop has its turn.
TURN = 64

Loop = asyncio.AbstractEventLoop
Call = Callable[[], Any]

_set_result = asyncio.Future.set_result


def _tells_of_close(error: Exception) -> bool:
    return isinstance(error, ZMQError) and error.errno == ENOTSOCK


def _cancelled() -> None:
    raise asyncio.CancelledError


class Sleeper:
    """What the task that awaits a `Waiting` sleeps on: the part of a future that tasks
    need.

    A real future wakes its task in the next turn of the loop.  This one can do so at
    once, which halves the turns that a message takes.
    """

    __slots__ = ("_asyncio_future_blocking", "_context", "_loop", "_wake", "result")

    def __init__(self, loop: Loop) -> None:
        self._asyncio_future_blocking = True  # as tasks want it to be
        self._loop = loop
        self._wake: Any = None
        # What the task calls when it is awake; what that returns it throws away.
        self.result: Callable[[], object] = bool

    def get_loop(self) -> Loop:
        """See `asyncio.Future.get_loop`."""
        return self._loop

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        """Keep the task's function for being woken."""
        self._wake, self._context = fn, context

    def done(self) -> bool:
        """Whether the task is awake; `anyio.wait_all_tasks_blocked` asks this."""
        return self._wake is None

    def wake(self) -> None:
        """Wake the task in the next turn of the loop."""
        if self._wake is not None:
            wake, self._wake = self._wake, None
            self._loop.call_soon(wake, self, context=self._context)

    def wake_now(self) -> None:
        """Wake the task at once.  Only from the loop itself, where no task runs."""
        wake, self._wake = self._wake, None
        if wake is None:
            return
        if self._context is None:
            wake(self)
        else:
            self._context.run(wake, self)

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the task."""
        if self._wake is None:
            return False
        self.result = _cancelled
        self.wake()
        return True


class Waiting(Future):
    """The future of a call that has to wait for its turn.

    If a task awaits it, the task makes the call itself after it was woken.  It cannot
    be cancelled between the call and its own next step, so a message that was received
    is never lost.  If nobody awaits it, or it has callbacks, the loop makes the call;
    then it is done and can no longer be cancelled.
    """

    __slots__ = (
        "_call",
        "_called_back",
        "_queue",
        "_sleepers",
        "_timer",
        "_room",
        "ended",
        "looked",
    )

    def begin(self, room: WaitingRoom, queue: deque[Waiting], call: Call) -> None:
        """Stand in the queue."""
        self._call: Union[Call, None] = call  # until it is done
        self._room = room
        self._queue = queue
        self._called_back = False
        self._timer: Any = None
        self._sleepers: list[Sleeper] = []  # of those who await it
        self.ended = False  # whether it was cancelled because the socket was closed
        # In which ring of the bell the call was last made: the first has just done so.
        self.looked = -1 if queue else room.rings
        queue.append(self)

    def limit(self, milliseconds: float) -> None:
        """Raise Again after so many ms."""
        loop = self.get_loop()
        self._timer = loop.call_later(milliseconds / 1000, self._expire)

    @property
    def future(self) -> Future:
        """The object itself, as pyzmq's has it."""
        return self

    def _expire(self) -> None:
        if not self.done():
            self.set_exception(Again())

    def take(self) -> None:
        """Make the call."""
        call = self._call
        if call is None:
            return
        self.looked = self._room.rings
        try:
            result = call()
        except Again:
            return
        except Exception as error:
            if _tells_of_close(error):
                self._room.give_up(self)
            else:
                self.set_exception(error)
        else:
            _set_result(self, result)
            self._leave()

    def serve(self) -> None:
        """Have the call made, by the task that awaits it if that is all.

        A task that is about to be cancelled is left alone: it tells when it leaves the
        queue.
        """
        self.looked = self._room.rings
        if not self._sleepers or self._called_back:
            self.take()
        elif asyncio.current_task(self._room.loop) is None:
            self._sleepers[0].wake_now()
        else:  # a loop within a task
            self._sleepers[0].wake()

    def set_result(self, result: Any) -> None:
        """See `asyncio.Future.set_result`."""
        _set_result(self, result)
        self._leave()

    def set_exception(self, exception: Any) -> None:
        """See `asyncio.Future.set_exception`."""
        super().set_exception(exception)
        self._leave()

    def cancel(self, msg: Any = None) -> bool:
        """See `asyncio.Future.cancel`."""
        if not super().cancel(msg):
            return False
        self._leave()
        return True

    def _leave(self) -> None:
        """It is done."""
        self._call = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for sleeper in self._sleepers:
            sleeper.wake()
        queue = self._queue
        if queue and queue[0] is self:
            queue.popleft()
            if queue:
                self._room.go_on()
        elif self in queue:
            queue.remove(self)

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        """See `asyncio.Future.add_done_callback`."""
        self._called_back = True
        more = {} if context is None else {"context": context}
        super().add_done_callback(fn, **more)

    def __await__(self) -> Generator[Any, None, Any]:
        while self._call is not None:
            sleeper = Sleeper(self._room.loop)
            self._sleepers.append(sleeper)
            try:
                yield sleeper
            except BaseException:
                self.ended = False
                self.cancel()
                raise
            finally:
                self._sleepers.remove(sleeper)
            self.take()
        return self.result()

    __iter__ = __await__


class Polling:
    """A future that is done once `look` finds something."""

    def __init__(
        self, loop: Loop, look: Call, nothing: Any, cancels: bool = True
    ) -> None:
        self._loop = loop
        self._cancels = cancels  # itself, when the socket is closed
        self._look = look
        self._nothing = nothing
        self._undo: list[Callable[[], object]] = []
        self.future: Future = loop.create_future()

    def begin(
        self, register: Callable[[Polling], None], timeout: Union[float, None]
    ) -> Future:
        """Look.  If nothing is found, `register`, and wait for at most `timeout` ms
        (None: for ever)."""
        self.serve()
        if timeout == 0:
            self._expire()
        if self.future.done():
            return self.future
        self.future.add_done_callback(self._end)
        try:
            register(self)
        except Exception as error:
            self.future.set_exception(error)
            return self.future
        if timeout is not None and timeout > 0:
            timer = self._loop.call_later(timeout / 1000, self._expire)
            self._undo.append(timer.cancel)
        self.serve()  # what came before it was registered
        return self.future

    def serve(self) -> None:
        """Look."""
        if self.future.done():
            return
        try:
            found = self._look()
        except Exception as error:
            if self._cancels and _tells_of_close(error):
                self.future.cancel()
            else:
                self.future.set_exception(error)
        else:
            if found:
                self.future.set_result(found)

    def _expire(self) -> None:
        if not self.future.done():
            self.future.set_result(self._nothing)

    def _end(self, _: object) -> None:
        while self._undo:
            self._undo.pop()()

    def at(self, room: WaitingRoom) -> None:
        """Look when this room is served."""
        room.pollers.append(self)
        self._undo.append(partial(room.pollers.remove, self))

    def at_bell(self, bell: Bell) -> None:
        """Look when this bell rings."""
        self._undo.append(bell.close)
        fd = bell.fileno()
        self._loop.add_reader(fd, self._rung, bell)
        self._undo.append(partial(self._loop.remove_reader, fd))

    def _rung(self, bell: Bell) -> None:
        bell.hush()
        self.serve()

    def at_descriptor(self, fd: int, events: int) -> None:
        """Look when a descriptor is ready.

        It is duplicated, because it may have another reader or writer, and an event
        loop knows only one for each number.
        """
        fd = os.dup(fd)
        self._undo.append(partial(os.close, fd))
        if events & (POLLIN | POLLPRI):
            self._loop.add_reader(fd, self.serve)
            self._undo.append(partial(self._loop.remove_reader, fd))
        if events & POLLOUT:
            self._loop.add_writer(fd, self.serve)
            self._undo.append(partial(self._loop.remove_writer, fd))


class WaitingRoom:
    """What one event loop knows of one socket."""

    def __init__(self, loop: Any, cancels: bool = True) -> None:
        self.loop = loop
        self._cancels = cancels  # those who wait when the socket is closed
        self.receivers: deque[Waiting] = deque()
        self.senders: deque[Waiting] = deque()
        self.pollers: list[Polling] = []
        self.rings = 0
        self._serving = False
        self.bell: Union[Bell, None] = None  # once somebody waits
        self._pid = os.getpid()

    def listen(self, hang: Callable[[], Bell]) -> None:
        """Have a bell from now on.  Whoever found nothing before must look again."""
        if self.bell is None:
            bell = hang()
            self.loop.add_reader(bell.fileno(), self._rung)
            self.bell = bell

    def _rung(self) -> None:
        if self.bell is None:
            return
        self.bell.hush()
        self.rings += 1
        self._serve()
        if self.pollers:
            for poller in list(self.pollers):
                poller.serve()

    def _serve(self) -> None:
        """Serve those who wait, in turn, while there is something for them.

        Only from the loop itself, because tasks run in here.
        """
        self._serving = True
        left = TURN
        try:
            for queue in (self.receivers, self.senders):
                while queue and queue[0].looked != self.rings and left:
                    queue[0].serve()
                    left -= 1
            if not left:
                self.loop.call_soon(self._serve)
        except BaseException:  # Ctrl-C: the others must not wait in vain
            self.loop.call_soon(self._serve)
            raise
        finally:
            self._serving = False

    def go_on(self) -> None:
        """Another one is now the first of those who wait."""
        if not self._serving:
            self.loop.call_soon(self._serve)

    def close(self) -> None:
        """The socket is closed: cancel those who wait.  From any thread; takes no
        lock."""
        if os.getpid() != self._pid:
            return  # the parent's loop polls the same descriptors
        if running_loop() is self.loop or not self.loop.is_running():
            self._end()
            return
        try:
            self.loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            self._end()  # the loop was closed meanwhile

    def _end(self) -> None:
        bell, self.bell = self.bell, None
        if bell is not None:
            if not self.loop.is_closed():
                self.loop.remove_reader(bell.fileno())
            bell.close()
        for waiting in [*self.receivers, *self.senders]:
            self.give_up(waiting)
        for poller in list(self.pollers):
            self._fail(poller.future)

    def give_up(self, waiting: Waiting) -> None:
        """The socket was closed."""
        waiting.ended = True
        self._fail(waiting)

    def _fail(self, future: Future) -> None:
        try:
            if self._cancels:
                future.cancel()
            elif not future.done():
                future.set_exception(error_for(ENOTSOCK))
        except RuntimeError:
            pass  # the loop is closed: nobody will hear of it


#: Of no loop, and so of none that runs.
NOBODY = WaitingRoom(object())
