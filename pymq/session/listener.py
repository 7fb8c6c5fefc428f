"""A bound endpoint, and every connection that it accepted."""

from __future__ import annotations

import errno
import functools
import selectors
import time

from .. import constants as _C
from .. import transports
from ..backend.abc import Pipe
from ..endpoint import Endpoint
from ..error import ZMQError
from ..transports import Listening, Stream, filters
from ..zmtp.handshake import Failed, Ready, Result
from . import log_down, logger, security
from .greeter import Greeter
from .lingering import Lingering
from .raw import RawGreeter
from .rivals import Rivals
from .side import Side

ACCEPTS = 64  # in one turn, so that the control thread can do other things, too
ACCEPT_PAUSE = 0.1  # seconds without accepting, when descriptors or memory run out
HANDSHAKES = 500  # at once: half of the descriptors that a process has on Linux
PATIENT = 1.0  # seconds that each of these may take while others wait


class Listener:
    """A bound endpoint and every connection that it has accepted."""

    keeps_input = True
    has_address = True
    meeting = None
    over = False

    def __init__(self, side: Side, endpoint: Endpoint) -> None:
        self._side = side
        self._transport = transports.get(endpoint.scheme)
        self.endpoint = str(endpoint)
        self._listening = self._listen(endpoint.address)
        self.endpoint = self._listening.endpoint
        self._report(_C.EVENT_LISTENING, self._listening.socket.fileno())
        self._greeters: dict[Greeter, float] = {}  # since when; oldest first
        self._pipes: dict[int, Pipe] = {}
        self._descriptors: dict[int, int] = {}  # of each pipe, for the monitor
        self._lingering = Lingering(side, self.endpoint)
        self._rivals = Rivals()
        self._short = False  # there are no descriptors or there is no memory

    def _listen(self, address: str) -> Listening:
        try:
            return self._transport.listen(address, self._side.options)
        except (OSError, ZMQError) as error:
            self._report(_C.EVENT_BIND_FAILED, error.errno or 0)
            raise

    @property
    def exposed(self) -> bool:
        """Whether anybody on a network may connect."""
        return security.exposed(self._side, self.endpoint)

    def _report(self, event: int, value: int) -> None:
        self._side.monitor.report(event, value, self.endpoint)

    def start(self) -> None:
        """Begin to accept."""
        listener = self._listening.socket
        self._side.control.watch(listener.fileno(), selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        listener = self._listening.socket
        if len(self._greeters) >= HANDSHAKES and not self._make_room():
            self._pause()
            return
        for _ in range(ACCEPTS):
            if listener.fileno() < 0:
                return
            try:
                connection = transports.accept(listener)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError as error:
                self._report(_C.EVENT_ACCEPT_FAILED, error.errno or 0)
                return
            except OSError as error:
                self._run_short(error)
                return
            self._short = False
            if filters.admit(connection, self._side.options):
                self._greet(connection)
            else:
                self._report(_C.EVENT_ACCEPT_FAILED, errno.ECONNREFUSED)
                logger.info("%s: a filter refused a peer", self.endpoint)
                connection.close()
            if len(self._greeters) >= HANDSHAKES:
                return  # the next one, if any, has no room

    def _make_room(self) -> bool:
        """Return whether one more peer may shake hands although too many do.

        If those peers are slow, the one that has kept us waiting longest is dropped, so
        that idle peers block nobody.
        """
        for greeter, since in self._greeters.items():
            if greeter.awaits_peer:
                if time.monotonic() - since < PATIENT:
                    return False
                greeter.give_up("too many are shaking hands")
                return True
        return False

    def _run_short(self, error: OSError) -> None:
        """The system has no descriptors or memory: stop accepting for a while.

        Otherwise the listening descriptor, which stays ready, would make us spin.
        """
        self._report(_C.EVENT_ACCEPT_FAILED, error.errno or 0)
        if not self._short:
            self._short = True
            logger.warning("%s: cannot accept: %s", self.endpoint, error.strerror)
        self._pause()

    def _pause(self) -> None:
        self._side.control.unwatch(self._listening.socket.fileno())
        self._side.control.later(ACCEPT_PAUSE, self._resume)

    def _resume(self) -> None:
        if self._listening.socket.fileno() >= 0:
            self.start()

    def _greet(self, connection: Stream) -> None:
        self._report(_C.EVENT_ACCEPTED, connection.fileno())
        self._transport.tune(connection, self._side.options)
        make = RawGreeter if self._side.raw else Greeter
        greeter = make(self._side, connection, self.endpoint, self._greeted)
        self._greeters[greeter] = time.monotonic()
        greeter.answer()

    def _greeted(self, greeter: Greeter, result: Result) -> None:
        since = self._greeters.pop(greeter, 0.0)
        if isinstance(result, Failed):
            greeter.close()
            return
        handover = self._side.live[_C.ROUTER_HANDOVER]
        wait = self._rivals.wait(result.identity) if handover else 0.0
        if wait:
            self._greeters[greeter] = since
            admit = functools.partial(self._admit, greeter, result)
            self._side.control.later(wait, admit)
        else:
            self._attach(greeter, result)

    def _admit(self, greeter: Greeter, ready: Ready) -> None:
        """The wait of a newcomer is over.  If it has gone, nobody is displaced for
        it."""
        if greeter not in self._greeters:
            return
        del self._greeters[greeter]
        if greeter.gone:
            greeter.refuse("left while it waited for its name")
        else:
            self._attach(greeter, ready)

    def _attach(self, greeter: Greeter, ready: Ready) -> None:
        pipe = self._side.hub.open(self._side.conflates)
        if pipe is None:
            greeter.refuse("refused a second peer")
            return
        identity = ready.identity
        if not self._side.claim(pipe, identity):
            greeter.refuse(f"{identity!r} is taken")
            pipe.close(False)
            return
        if identity and self._side.named:
            self._rivals.have(pipe.id, identity)
        self._pipes[pipe.id] = pipe
        self._side.control.owners[pipe.id] = self
        if greeter.attach(pipe, ready):
            self._descriptors[pipe.id] = greeter.fd
        else:
            self._drop(pipe.id)

    def link_down(self, pipe: int, error: int) -> None:
        """The peer is gone; what it sent can still be received."""
        log_down(self.endpoint, error)
        self._report(_C.EVENT_DISCONNECTED, self._descriptors.pop(pipe, -1))
        self._drop(pipe)

    def _drop(self, pipe: int) -> None:
        self._rivals.gone(pipe)
        if pipe in self._lingering:
            self._lingering.drop(pipe)
        else:
            self._side.control.owners.pop(pipe, None)
            self._side.connections.end(pipe)
            self._pipes.pop(pipe).close(False, keep_input=True)

    def hang_up(self, pipe: int) -> None:
        """The user ends this connection."""
        if pipe in self._pipes and pipe not in self._lingering:
            self._lingering.close(self._pipes[pipe], -1, False)

    def displaced(self, pipe: int) -> None:
        """A newcomer has taken its name: the connection ends as if the peer had
        gone."""
        self._rivals.displaced(pipe)
        self.link_down(pipe, 0)

    def pipe_closed(self, pipe: int) -> None:
        """A pipe has sent everything, or was dropped."""
        if pipe in self._lingering:
            self._lingering.done(pipe)

    def ended(self, pipe: int) -> None:
        """Whether it is closed and has nothing left to do."""
        self._pipes.pop(pipe, None)
        self._rivals.gone(pipe)
        self._descriptors.pop(pipe, None)
        self._side.connections.end(pipe)

    def _close_listener(self, listener: Stream) -> None:
        fd = listener.fileno()
        try:
            listener.close()
        except OSError as error:
            self._report(_C.EVENT_CLOSE_FAILED, error.errno or 0)
        else:
            self._report(_C.EVENT_CLOSED, fd)

    def close(self, linger: int, keep_input: bool) -> None:
        """Stop listening, and end every connection."""
        listener = self._listening.socket
        if listener.fileno() >= 0:
            self._side.control.unwatch(listener.fileno())
            self._close_listener(listener)
            self._listening.clean_up()
        for greeter in list(self._greeters):
            greeter.close()
        self._greeters.clear()
        for pipe in list(self._pipes.values()):
            self._lingering.close(pipe, linger, keep_input)
