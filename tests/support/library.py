"""What a test gets as `zmq`: the names of one implementation, and sockets that
cannot outlive the test."""

from __future__ import annotations

import contextlib
import errno
import itertools
import shutil
import socket
import tempfile
from typing import Any, Iterator, Optional

import pytest
from implementations import Implementation
from patience import PATIENCE, Background, until

TIMEOUT = int(PATIENCE * 1000)

_numbers = itertools.count()


class Library:
    """An implementation's module, plus factories whose products are closed by
    `close`.  Any other attribute is the module's."""

    def __init__(self, implementation: Implementation) -> None:
        self.implementation = implementation
        self.tag = implementation.tag
        self._contexts: list[Any] = []
        self._sockets: list[Any] = []
        self._held: list[socket.socket] = []
        self._folder = ""
        self._main: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.implementation.module, name)

    @property
    def main(self) -> Any:
        """The context that `socket` uses unless told otherwise."""
        if self._main is None:
            self._main = self.context()
        return self._main

    def context(self, io_threads: int = 1) -> Any:
        """A new context, destroyed with the test."""
        made = self.implementation.context(io_threads)
        self._contexts.append(made)
        return made

    def socket(self, kind: int, context: Optional[Any] = None, **options: Any) -> Any:
        """A new socket that fails instead of hanging, closed with the test.

        `options` are lower-case option names with their values.
        """
        made = (context or self.main).socket(kind)
        self._sockets.append(made)
        made.set(self.RCVTIMEO, TIMEOUT)
        made.set(self.SNDTIMEO, TIMEOUT)
        for name, value in options.items():
            made.set(getattr(self, name.upper()), value)
        return made

    def address(self, transport: str) -> str:
        """Something to bind to that nobody else uses."""
        if transport == "tcp":
            return "tcp://127.0.0.1:*"
        if transport == "ipc":
            return f"ipc://{self.folder}/{next(_numbers)}"
        return f"inproc://{next(_numbers)}"

    def reserved(self, transport: str) -> str:
        """An address that can be connected to before it is bound.

        A tcp port is kept from others by a bound socket that does not listen: with
        SO_REUSEADDR on both, Linux lets a second socket bind and listen.
        """
        if transport != "tcp":
            return self.address(transport)
        holder = socket.socket()
        self._held.append(holder)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{holder.getsockname()[1]}"

    def bind(self, sock: Any, transport: str) -> str:
        """Bind somewhere new; returns the endpoint to connect to."""
        sock.bind(self.address(transport))
        return self.last_endpoint(sock)

    def bind_again(self, sock: Any, endpoint: str) -> None:
        """Bind to what another has just let go of: libzmq takes its time to."""
        until(lambda: self._is_bound(sock, endpoint))

    def _is_bound(self, sock: Any, endpoint: str) -> bool:
        try:
            sock.bind(endpoint)
        except self.ZMQError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    def last_endpoint(self, sock: Any) -> str:
        """LAST_ENDPOINT as text."""
        value: bytes = sock.get(self.LAST_ENDPOINT)
        return value.decode()

    @property
    def folder(self) -> str:
        """A folder with a name short enough for ipc paths (107 bytes)."""
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="pymq-")
        return self._folder

    @contextlib.contextmanager
    def refused(self, code: int) -> Iterator[Any]:
        """The block must raise ZMQError with that errno."""
        with pytest.raises(self.ZMQError) as caught:
            yield caught
        assert caught.value.errno == code, caught.value

    def close(self) -> None:
        """Close every socket at once, end every context, drop the files."""
        for sock in self._sockets:
            sock.close(linger=0)
        for context in self._contexts:
            _destroy(context)
        for holder in self._held:
            holder.close()
        if self._folder:
            shutil.rmtree(self._folder)


def _destroy(context: Any) -> None:
    """End a context; one that hangs fails the test rather than stop the run."""
    Background(lambda: context.destroy(linger=0)).result()
