"""A bound endpoint, and every connection that it accepted."""

from __future__ import annotations

import selectors
import socket

from .. import transports
from ..backend.abc import Pipe
from ..endpoint import Endpoint
from ..zmtp.handshake import Failed, Ready, Result
from . import Side, log_down, logger
from .greeter import Greeter
from .lingering import Lingering
from .raw import RawGreeter

ACCEPTS = 64  # in one turn: what else the control thread does wants its own
ACCEPT_PAUSE = 0.1  # seconds without accepting, when descriptors or memory run out


class Listener:
    """A bound endpoint and every connection it accepted."""

    keeps_input = True
    has_address = True
    over = False

    def __init__(self, side: Side, endpoint: Endpoint) -> None:
        self._side = side
        self._transport = transports.get(endpoint.scheme)
        self._listening = self._transport.listen(endpoint.address, side.options)
        self.endpoint = self._listening.endpoint
        self._greeters: set[Greeter] = set()
        self._pipes: dict[int, Pipe] = {}
        self._lingering = Lingering(side, self._ended)

    def start(self) -> None:
        """Accept from now on."""
        listener = self._listening.socket
        self._side.control.watch(listener.fileno(), selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        listener = self._listening.socket
        for _ in range(ACCEPTS):
            if listener.fileno() < 0:
                return
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            connection.setblocking(False)
            self._greet(connection)

    def _pause(self, error: OSError) -> None:
        """Out of descriptors or memory: a ready listener must not make us spin."""
        logger.warning("%s: cannot accept: %s", self.endpoint, error.strerror)
        self._side.control.unwatch(self._listening.socket.fileno())
        self._side.control.later(ACCEPT_PAUSE, self._resume)

    def _resume(self) -> None:
        if self._listening.socket.fileno() >= 0:
            self.start()

    def _greet(self, connection: socket.socket) -> None:
        self._transport.tune(connection, self._side.options)
        make = RawGreeter if self._side.raw else Greeter
        greeter = make(self._side, connection, self.endpoint, self._greeted)
        self._greeters.add(greeter)
        greeter.answer()

    def _greeted(self, greeter: Greeter, result: Result) -> None:
        self._greeters.discard(greeter)
        if isinstance(result, Failed) or not self._attach(greeter, result):
            greeter.close()

    def _attach(self, greeter: Greeter, ready: Ready) -> bool:
        pipe = self._side.hub.open()
        if pipe is None:
            logger.info("%s: refused a second peer", self.endpoint)
            return False
        if not self._side.claim(pipe, ready.identity):
            logger.info("%s: %r is taken", self.endpoint, ready.identity)
            pipe.close(False)
            return False
        self._pipes[pipe.id] = pipe
        self._side.control.owners[pipe.id] = self
        if not greeter.attach(pipe, ready):
            self.link_down(pipe.id, 0)
        return True

    def link_down(self, pipe: int, error: int) -> None:
        """The peer is gone; what it sent stays readable."""
        log_down(self.endpoint, error)
        if pipe in self._lingering:
            self._lingering.drop(pipe)
        else:
            self._side.control.owners.pop(pipe, None)
            self._pipes.pop(pipe).close(False, keep_input=True)

    def hang_up(self, pipe: int) -> None:
        """The user ends this connection."""
        if pipe in self._pipes and pipe not in self._lingering:
            self._lingering.close(self._pipes[pipe], -1, False)

    def displaced(self, pipe: int) -> None:
        """A newcomer has its name: its connection ends as if the peer had gone."""
        self.link_down(pipe, 0)

    def pipe_closed(self, pipe: int) -> None:
        """A pipe has drained, or was dropped."""
        if pipe in self._lingering:
            self._lingering.done(pipe)

    def _ended(self, pipe: int) -> None:
        self._pipes.pop(pipe, None)

    def close(self, linger: int, keep_input: bool) -> None:
        """Stop listening, and end every connection."""
        listener = self._listening.socket
        if listener.fileno() >= 0:
            self._side.control.unwatch(listener.fileno())
            listener.close()
            self._listening.clean_up()
        for greeter in list(self._greeters):
            greeter.close()
        self._greeters.clear()
        for pipe in list(self._pipes.values()):
            self._lingering.close(pipe, linger, keep_input)
