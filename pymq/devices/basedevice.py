"""Devices of two sockets, and where they run."""

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
    """A proxy between a socket of `in_type` and one of `out_type`, which it makes when
    it is started, and closes at its end.  With a negative `out_type` the first socket
    is both.  `device_type` says nothing.

    It ends with its context, which `context_factory` gives; `done` says that it has.
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
        """Bind the first socket there, at the start (see ``Socket.bind``)."""
        self._in.binds.append(addr)

    def bind_in_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """Bind the first socket to a port that is free now; returns it.  Arguments
        and errors as of ``Socket.bind_to_random_port``."""
        return self._bind_to_random_port(self._in, addr, *args, **kwargs)

    def connect_in(self, addr: str) -> None:
        """Connect the first socket to it, at the start."""
        self._in.connects.append(addr)

    def setsockopt_in(self, opt: int, value: Any) -> None:
        """Set an option of the first socket, before it is bound and connected."""
        self._in.options.append((opt, value))

    def bind_out(self, addr: str) -> None:
        """As `bind_in`, the second socket."""
        self._out.binds.append(addr)

    def bind_out_to_random_port(self, addr: str, *args: int, **kwargs: int) -> int:
        """As `bind_in_to_random_port`, the second socket."""
        return self._bind_to_random_port(self._out, addr, *args, **kwargs)

    def connect_out(self, addr: str) -> None:
        """As `connect_in`, the second socket."""
        self._out.connects.append(addr)

    def setsockopt_out(self, opt: int, value: Any) -> None:
        """As `setsockopt_in`, the second socket."""
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
        """Make the sockets and pass messages on; `start` calls it."""
        proxy(*self._setup_sockets())

    def run(self) -> None:
        """`run_device`, for which the end of the context is a good end."""
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
        """Run here, until it ends."""
        self.run()

    def join(self, timeout: Union[float, None] = None) -> None:
        """Wait for its end, for at most `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.done and (end is None or time.monotonic() < end):
            time.sleep(_PAUSE)


class BackgroundDevice(Device):
    """A device that runs beside who starts it, in its `launcher`."""

    launcher: Any = None
    _launch_class: Any = None

    def start(self) -> None:
        """Start it and come back."""
        self.launcher = self._launch_class(target=self.run)
        self.launcher.daemon = self.daemon
        self.launcher.start()

    def join(self, timeout: Union[float, None] = None) -> None:
        """Wait for its end, for at most `timeout` seconds."""
        self.launcher.join(timeout=timeout)


class ThreadDevice(BackgroundDevice):
    """A device in a thread, by default in the context that the process shares."""

    _launch_class = Thread


class ProcessDevice(BackgroundDevice):
    """A device in a process, with a context of its own."""

    _launch_class = Process
    context_factory = Context


__all__ = ["Device", "ProcessDevice", "ThreadDevice"]
