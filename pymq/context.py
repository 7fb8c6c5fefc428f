"""Contexts: each owns a group of sockets, their I/O threads and their inproc names."""

from __future__ import annotations

import os
import threading
import warnings
from errno import EFAULT, EINVAL, EMFILE, ENOTSUP
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Union, overload
from weakref import WeakSet

from . import backend as backends
from . import context_options as table
from . import exits
from .attributes import OpenAttributes
from .backend.abc import Backend, Loop
from .constants import ContextOption, Errno, SocketOption
from .control import EXIT_LINGER, Control
from .error import ForkedError, LingerWarning, ZMQError, error_for
from .generics import Subscriptable
from .inherited import keep
from .pauses import Steps, finish
from .shadow import Handle, shown_class
from .socket import Socket
from .socket_state import SocketState
from .threads import Manner
from .transports.inproc import Registry

if TYPE_CHECKING:
    from typing_extensions import Self, TypeVar

    _Socket_co = TypeVar("_Socket_co", bound=Socket, covariant=True, default=Socket)
    _Chosen = TypeVar("_Chosen", bound=Socket)
else:
    _Socket_co = Socket

WARN_AFTER = 5.0  # seconds in `term`


class Context(OpenAttributes, Handle, Subscriptable[_Socket_co]):
    """A container of sockets (zmq_ctx_new).

    Sockets that talk to each other over inproc need the same one.  `io_threads` is the
    number of I/O threads; with 0 only inproc works.  `backend` is ``"native"``,
    ``"pure"``, or None for the default (see `pymq.backend`).  If `io_threads` or
    `shadow` is another context, or `shadow` is the `underlying` number of one, the new
    object is another handle of that context; see the method `shadow`.

    ZMQError(EINVAL) if `io_threads` is negative.  As a context manager it calls
    `destroy` on exit, with a ResourceWarning if sockets are still open.
    """

    _closed: bool
    _terminating: bool
    _used: bool
    _pid: int
    _options: dict[int, Any]
    _inherited: dict[int, int]
    _manner: Manner
    _sockets: WeakSet[SocketState]
    _lock: Any
    _backend: Backend
    _loop: Loop
    _control: Control
    _registry: Registry
    _shared = (*__annotations__,)  # all of these
    _missing = EFAULT
    #: Milliseconds that messages still queued have when the interpreter exits, to be
    #: set before.  If the context has shadows, set it on the first handle.
    exit_linger: int = EXIT_LINGER
    sockopts: dict[int, Any]
    _instance: ClassVar[Union[Context[Any], None]] = None
    _instance_lock: ClassVar[threading.Lock] = threading.Lock()
    _instance_pid: ClassVar[int] = 0
    _socket_class: type[Socket] = Socket
    _repr_cls = "zmq.Context"

    def __init__(
        self,
        io_threads: Union[int, Context[Any]] = 1,
        shadow: Union[int, Context[Any]] = 0,
        *,
        backend: Union[str, None] = None,
    ) -> None:
        self._closed = True  # until everything is there
        self.sockopts = {}
        if isinstance(io_threads, Context):
            shadow = io_threads
        elif not shadow:
            self._begin(io_threads, backend)
            return
        self._join(shadow)

    def _begin(self, io_threads: int, backend: Union[str, None]) -> None:
        self._terminating = self._used = False
        if io_threads < 0:
            raise ZMQError(EINVAL)
        self._pid = os.getpid()
        self._options = table.defaults()
        self._options[ContextOption.IO_THREADS] = io_threads
        self._inherited = {}  # options that new sockets begin with
        self._manner = Manner()
        self._sockets = WeakSet()
        self._lock = threading.RLock()  # a signal's handler may be in here, too
        self._backend = backends.get(backend)
        self._loop = self._backend.loop(io_threads)
        self._control = Control(self._loop)
        self._registry = Registry()
        self._closed = False
        exits.remember(self, waits=False)

    # Life.

    @classmethod
    def instance(cls, io_threads: int = 1) -> Self:
        """Return the context that the whole process shares.

        The first call makes it.  It is made anew after it was closed, and in a forked
        child.  `io_threads` counts only for the call that makes it.
        """
        with cls._instance_lock:
            shared = cls._instance
            if shared is None or shared.closed or cls._instance_pid != os.getpid():
                shared = cls._instance = cls(io_threads=io_threads)
                cls._instance_pid = os.getpid()
            return shared  # type: ignore[return-value]  # a base's, perhaps

    @classmethod
    def shadow(cls, address: Union[int, Context[Any]]) -> Self:
        """Return another handle of a context.

        `address` is a context, or the `underlying` number of one.  The two handles are
        one context: what is done through one is done to both.  Sockets made through
        this handle have the class that this handle's class makes.  When this handle is
        no longer referenced the context goes on.

        ZMQError(EFAULT) if no context has that number.
        """
        return cls(shadow=address)

    @classmethod
    def shadow_pyczmq(cls, ctx: Any) -> Any:
        """Not available: raises NotImplementedError.  It would take a context of
        libzmq, which pymq cannot use."""
        raise NotImplementedError("pymq has no use for contexts of libzmq")

    @property
    def closed(self) -> bool:
        """Whether `term` or `destroy` has completed."""
        return self._closed

    @property
    def backend(self) -> str:
        """The name of the context's backend: ``native`` or ``pure``."""
        return str(self._backend.name)

    def term(self) -> None:
        """Terminate the context (zmq_ctx_term).

        From now on calls on its sockets raise ContextTerminated.  Then wait until every
        socket is closed, and until what they queued was sent or their LINGER has run
        out.  After 5 s a `LingerWarning` lists what it is still waiting for.

        Ctrl-C interrupts the wait; the context can be terminated again.
        """
        if self._closed or self._pid != os.getpid():
            self._tell(_closed=True)
            return
        with self._lock:
            self._tell(_terminating=True)
            sockets = list(self._sockets)
        for sock in sockets:
            sock._stop(Errno.ETERM)
        try:
            if not self._finish(self._control.idle(WARN_AFTER)):
                if what := self._awaited():  # all of it may have ended just now
                    text = f"term still waits after {WARN_AFTER:g} s; {what}"
                    warnings.warn(text, LingerWarning, stacklevel=2)
                self._finish(self._control.idle())
        except KeyboardInterrupt:
            self._control.hurried = True  # who has waited enough will not at exit
            raise
        self._tell(_closed=True)
        self._control.stop()

    def _finish(self, steps: Steps[bool]) -> bool:
        """Run a call that may have to wait, and return its result."""
        return finish(steps)

    def _awaited(self) -> str:
        """Describe what `term` waits for."""
        sockets = list(self._sockets)
        what = [f"not closed: {sock}" for sock in sockets]
        what += self._control.unclosed({sock._drain for sock in sockets})
        what += [f"not sent: {text}" for text in self._control.unsent()]
        return "; ".join(what)

    def _leave_interpreter(self, now: float) -> None:
        """See `pymq.exits`.  Closes every socket, and waits for none."""
        self._control.exit_linger = self.exit_linger
        for sock in list(self._sockets):
            unclosed = ResourceWarning(f"Unclosed socket {sock}")
            exits.attempt(sock.close)
            if not self._closed:
                exits.attempt(partial(warnings.warn, unclosed, source=sock))

    def _stay_behind(self) -> None:
        """See `pymq.exits`.  The context and its sockets do not work in a child.

        What they are made of is not touched.
        """
        self._tell(_lock=threading.RLock(), _terminating=True)
        keep(self._loop, self._control)
        for sock in self._sockets:
            sock._stay_behind()

    def _refusal(self) -> ZMQError:
        """Return the error that says why there is nothing more to do with it."""
        return error_for(Errno.ETERM) if self._pid == os.getpid() else ForkedError()

    def destroy(self, linger: Union[int, None] = None) -> None:
        """Close every socket of the context, then call `term`.

        `linger` is the sockets' LINGER in ms; None leaves each socket its own.
        """
        if self._closed:
            return
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            sock.close(linger=linger)
        self.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        if not self._closed:
            try:
                if any(not sock.closed for sock in self._sockets):
                    message = f"Unclosed sockets in {self}"
                    warnings.warn(message, ResourceWarning, stacklevel=2)
            finally:
                self.destroy()

    def __del__(self) -> None:
        # Never waits: what lingers goes on, and its threads end with it.
        if self._closed or self._shadow or self._pid != os.getpid():
            return
        message = f"Unclosed context {self}"
        self._tell(_closed=True)
        self._control.exit_linger = self.exit_linger
        self._control.stop_when_idle()
        # Last: it may be an error.
        warnings.warn(message, ResourceWarning, stacklevel=2)

    def __copy__(self, memo: object = None) -> Any:
        """See `shadow`."""
        return self.shadow(self)

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        count = len(self._sockets)
        sockets = f"{count} socket" + "s" * (count > 1) if count else ""
        state = " closed" if self._closed else ""
        name = shown_class(type(self))
        return f"<{name}({sockets}) at {hex(id(self))}{state}>"

    # Sockets.

    @overload
    def socket(
        self, socket_type: int, socket_class: type[_Chosen], **kwargs: Any
    ) -> _Chosen: ...

    @overload
    def socket(
        self, socket_type: int, socket_class: None = None, **kwargs: Any
    ) -> _Socket_co: ...

    def socket(
        self,
        socket_type: int,
        socket_class: Union[type[Socket], None] = None,
        **kwargs: Any,
    ) -> Any:
        """Make a socket (zmq_socket).

        `socket_type` is a constant such as ``zmq.PUSH``.  `socket_class` is the class
        to use instead of the context's own.  `kwargs` go to that class, which sets
        those that name options.  The defaults of `setsockopt` are set after them.

        ContextTerminated after `term` began.  ZMQError: EINVAL for an unknown type,
        EMFILE when MAX_SOCKETS are open, ENOTSUP when the context is closed (EFAULT
        through a shadow).
        """
        if self._closed:
            raise ZMQError(EFAULT if self._shadow else ENOTSUP)
        if self._terminating:
            raise self._refusal()
        sock = (socket_class or self._socket_class)(self, socket_type, **kwargs)
        for option, value in self.sockopts.items():
            try:
                sock.set(option, value)
            except ZMQError:
                pass  # a default that this type does not have
        return sock

    def _adopt(self, sock: SocketState) -> None:
        self._control.catch_up()
        with self._lock:
            if self._terminating:
                raise self._refusal()
            if len(self._sockets) >= self._options[ContextOption.MAX_SOCKETS]:
                raise ZMQError(EMFILE)
            if not self._used:
                self._tell(_used=True)
            sock._declare(_closed=False)  # first: now its finalizer takes back the rest
            self._control.hold(sock._drain, f"a {sock._pattern.name}")
            self._sockets.add(sock)

    def _disown(self, sock: SocketState) -> None:
        with self._lock:
            self._sockets.discard(sock)

    # Options.

    def set(self, option: int, optval: Any) -> None:
        """Set an option of the context (zmq_ctx_set).

        `option` is a `ContextOption`.  For defaults of new sockets use `setsockopt`.

        TypeError unless the value is an int, OverflowError if it does not fit a C int,
        ZMQError(EINVAL) if it is out of range or there is no such option, RuntimeError
        when the context is closed.
        """
        self._check_open()
        value = table.check(option, optval)
        self._tell(_manner=self._manner.altered(option, value))
        if option == ContextOption.IO_THREADS:
            self._set_threads(value)
        elif option == SocketOption.IPV6:
            self._inherited[SocketOption.IPV6] = value
        elif option == SocketOption.BLOCKY:
            self._inherited.pop(SocketOption.LINGER, None)
            if not value:
                self._inherited[SocketOption.LINGER] = 0
        self._options[option] = value

    def _set_threads(self, count: int) -> None:
        with self._lock:
            if self._used:
                raise ZMQError(EINVAL, "IO_THREADS is set before the first socket")
            loop = self._backend.loop(count)
            self._tell(_loop=loop, _control=Control(loop))

    def get(self, option: int) -> Any:
        """Read an option of the context (zmq_ctx_get).

        ZMQError(EINVAL) if there is no such option or it can only be set, RuntimeError
        when the context is closed.
        """
        self._check_open()
        row = table.find(option)
        value = row.default if row.fixed else self._options[option]
        if value is None:
            raise error_for(EINVAL, f"{row.name} can only be set")
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *ContextOption.__members__})

    def _set_option(self, key: str, value: Any) -> None:
        option = _named(key)
        if isinstance(option, SocketOption):
            self.sockopts[option] = value
        else:
            self.set(option, value)

    def _get_option(self, key: str, option: int) -> Any:
        option = _named(key)
        if not isinstance(option, SocketOption):
            return super()._get_option(key, option)
        if option not in self.sockopts:
            raise AttributeError(f"no default was set for {key.upper()}")
        return self.sockopts[option]

    def _start_threads(self) -> None:
        """Start the control thread and the I/O threads.  Idempotent.  OSError if the
        system refuses what THREAD_* options ask for."""
        if not self._control.started:
            self._manner.run(self._control.start)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Context has been destroyed")

    def setsockopt(self, opt: int, value: Any) -> None:
        """Set a socket option's default for sockets that this context makes later.

        `opt` is a `SocketOption`.  The value is not checked here.  Types that do not
        have the option ignore it.  Only for this handle.
        """
        self.sockopts[opt] = value

    def getsockopt(self, opt: int) -> Any:
        """Return the default that `setsockopt` has set.  KeyError if none was set."""
        return self.sockopts[opt]


def _named(key: str) -> int:
    """Return the option that an attribute stands for.

    It is one of the context or, for the default of new sockets, one of sockets.  BLOCKY
    is the context's.
    """
    name = key.upper()
    if name == "BLOCKY":
        return int(SocketOption.BLOCKY)
    if name in ContextOption.__members__:
        return ContextOption[name]
    if name in SocketOption.__members__:
        return SocketOption[name]
    raise AttributeError(f"Context has no such option: {name}")


def _unlock() -> None:
    """In a forked child: another thread of the parent may have had it."""
    Context._instance_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)
