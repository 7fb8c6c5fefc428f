"""Devices with two sockets, and where they run."""

from __future__ import annotations

import time
from errno import ENOTSOCK
from multiprocessing import Process
from threading import Thread
from typing import Any, Callable, Union

from ..constants import ETERM, QUEUE
from ..context import Context
from ..error import ZMQError
from ..proxies import proxy
from ..socket import Socket
from .plan import Plan, free_port

_PAUSE = 0.001  # seconds between two looks whether a device is done


class Device:
    """A proxy between two sockets that it makes itself.

    `in_type` and `out_type` are socket types.  With a negative `out_type` the first
    socket is both.  `device_type` has no effect, as in libzmq.  The sockets are made by
    `start` and closed when the device ends, which it does when its context is
    terminated.  `done` says whether it has ended.

    TypeError without the two types.
    """

    #: Makes or finds the context; may be set on the class or the device.
    context_factory: Callable[[], Context] = Context.instance
    daemon: bool = True  # whether its thread or process ends with the program

    def __init__(
        self,
        device_type: int = QUEUE,
        in_type: Union[int, None] = None,
        out_type: Union[int, None] = None,
    ) -> None:
        if in_type is None or out_type is None:
            raise TypeError("in_type and out_type must be specified")
        self.device_type = device_type
        self.in_type = in_type
        self.out_type = out_type
        self.done = False
        self._in = Plan(in_type)
        self._out = Plan(out_type)
        self._promised: list[str] = []  # endpoints with a port that was free
        self._context: Union[Context, None] = None
        self._sockets: list[Socket] = []

    def bind_in(self, addr: str) -> None:
        """Have the first socket bind this endpoint, at the start."""
        self._in.binds.append(addr)

    def bind_in_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """Have the first socket bind a port that is free now, and return the port.

        Arguments and errors are those of `Socket.bind_to_random_port`.
        """
        return self._bind_to_random_port(self._in, addr, *args, **kwargs)

    def connect_in(self, addr: str) -> None:
        """Have the first socket connect to this endpoint, at the start."""
        self._in.connects.append(addr)

    def setsockopt_in(self, opt: int, value: Any) -> None:
        """Set an option of the first socket, before it binds and connects."""
        self._in.options.append((opt, value))

    def bind_out(self, addr: str) -> None:
        """The same as `bind_in`, for the second socket."""
        self._out.binds.append(addr)

    def bind_out_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """The same as `bind_in_to_random_port`, for the second socket."""
        return self._bind_to_random_port(self._out, addr, *args, **kwargs)

    def connect_out(self, addr: str) -> None:
        """The same as `connect_in`, for the second socket."""
        self._out.connects.append(addr)

    def setsockopt_out(self, opt: int, value: Any) -> None:
        """The same as `setsockopt_in`, for the second socket."""
        self._out.options.append((opt, value))

    def _bind_to_random_port(
        self, plan: Plan, addr: str, *args: int, **kwargs: int
    ) -> int:
        port = free_port(addr, self._promised, *args, **kwargs)
        plan.binds.append(f"{addr}:{port}")
        return port

    def _make(self, plan: Plan) -> Socket:
        if self._context is None:
            self._context = self.context_factory()
        sock = self._context.socket(plan.socket_type)
        self._sockets.append(sock)
        return plan.carry_out(sock)

    def _setup_sockets(self) -> tuple[Socket, ...]:
        first = self._make(self._in)
        if self.out_type < 0:
            return first, self._out.carry_out(first)
        return first, self._make(self._out)

    def run_device(self) -> None:
        """Make the sockets and pass messages on; `start` calls it.

        Raises ContextTerminated when the context ends.
        """
        proxy(*self._setup_sockets())

    def run(self) -> None:
        """Call `run_device`, and close the sockets afterwards.

        The end of the context is not an error.
        """
        try:
            self.run_device()
        except ZMQError as error:
            if error.errno not in (ETERM, ENOTSOCK):
                raise
        finally:
            self.done = True
            for sock in self._sockets:
                sock.close()

    def start(self) -> None:
        """Run in this thread, until the device ends."""
        self.run()

    def join(self, timeout: Union[float, None] = None) -> None:
        """Wait until the device has ended, for at most `timeout` **seconds**.

        None means for ever.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while not self.done and (end is None or time.monotonic() < end):
            time.sleep(_PAUSE)


class BackgroundDevice(Device):
    """A device that runs in a thread or process, its `launcher`."""

    launcher: Any = None
    _launch_class: Any = None

    def start(self) -> None:
        """Start the thread or process, and return."""
        self.launcher = self._launch_class(target=self.run)
        self.launcher.daemon = self.daemon
        self.launcher.start()

    def join(self, timeout: Union[float, None] = None) -> None:
        """Wait until it has ended, for at most `timeout` **seconds**.

        None means for ever.
        """
        self.launcher.join(timeout=timeout)


class ThreadDevice(BackgroundDevice):
    """A device in a thread; by default in the shared context of the process."""

    _launch_class = Thread


class ProcessDevice(BackgroundDevice):
    """A device in a process of its own, with its own context."""

    _launch_class = Process
    context_factory = Context


__all__ = ["Device", "ProcessDevice", "ThreadDevice"]
