"""One endpoint's life: listening or connecting, shaking hands, attaching, retrying.

Everything here runs on the control thread.  A session owns descriptors until their
handshake is done; then the data plane does, until it reports the link down.
"""

from __future__ import annotations

import errno
import functools
import random
import selectors
import socket
import threading
from typing import Any, Callable, Mapping, NamedTuple, Protocol, Union

from . import transports
from .backend.abc import Hub, Link, Pipe, Send
from .constants import SocketOption
from .control import Control, Timer, logger
from .endpoint import Endpoint
from .patterns import Pattern
from .transports import Target
from .zmtp.handshake import Failed, Handshake, Ready, Result
from .zmtp.mechanisms.null import Null
from .zmtp.socket_types import COMPATIBLE

#: A peer that broke the protocol will do it again: libzmq does not reconnect either.
FATAL = (errno.EPROTO, errno.EMSGSIZE)

ACCEPT_PAUSE = 0.1  # seconds without accepting, when descriptors or memory run out


class Side(NamedTuple):
    """What a session knows of its socket, as it was at bind or connect."""

    control: Control
    hub: Hub
    pattern: Pattern
    options: Mapping[int, Any]

    @property
    def named(self) -> bool:
        """Whether peers are known by their routing ids."""
        return self.pattern.routing.send is Send.BY_NAME


class Session(Protocol):
    """What a socket can do with its endpoints."""

    endpoint: str

    def close(self, linger: int, keep_input: bool) -> None:
        """End it; `linger` in milliseconds, -1 for ever."""


class Greeter:
    """One connection, from established to attached."""

    def __init__(
        self,
        side: Side,
        connection: socket.socket,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        self.socket = connection
        self.where = where
        self._control = side.control
        self._done = done
        name = side.pattern.name
        identity = side.options[SocketOption.ROUTING_ID]
        self._handshake = Handshake(name, identity, Null(), COMPATIBLE[name])
        self._unsent = b""
        self._timer: Union[Timer, None] = None
        limit = side.options[SocketOption.HANDSHAKE_IVL]
        if limit:
            self._timer = side.control.later(limit / 1000, self._late)
        self._max_size = side.options[SocketOption.MAXMSGSIZE]

    def start(self) -> None:
        """Send what comes first and wait for the peer."""
        self._handshake.start()
        self._flush()

    def link(self, ready: Ready) -> Link:
        """The connection, to be handed to a pipe."""
        return Link(
            self.socket.detach(), ready.leftover, ready.minor, self._max_size
        )

    def close(self) -> None:
        """Stop watching and close the descriptor, unless it was handed over."""
        self._stop()
        self.socket.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.socket.fileno() >= 0:
            self._control.unwatch(self.socket.fileno())

    def _flush(self) -> None:
        self._unsent += self._handshake.data_to_send()
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._finish(Failed(0, error.strerror or "send failed", False))
            return
        if self._handshake.result is not None and not self._unsent:
            self._finish(self._handshake.result)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._control.watch(self.socket.fileno(), events, self._ready)

    def _ready(self) -> None:
        try:
            data = self.socket.recv(8192)
        except (BlockingIOError, InterruptedError):
            self._flush()
            return
        except OSError as error:
            self._finish(Failed(0, error.strerror or "receive failed", False))
            return
        if data:
            self._handshake.receive_data(data)
        else:
            self._handshake.receive_eof()
        if isinstance(self._handshake.result, Failed):
            self._say_last()
            self._finish(self._handshake.result)
        else:
            self._flush()

    def _say_last(self) -> None:
        """RFC 37: a peer that is refused still gets our whole greeting."""
        try:
            self.socket.send(self._unsent + self._handshake.data_to_send())
        except OSError:
            pass

    def _late(self) -> None:
        self._finish(Failed(0, "handshake took too long", False))

    def _finish(self, result: Result) -> None:
        self._stop()
        if isinstance(result, Failed):
            logger.info("%s: handshake failed: %s", self.where, result.reason)
        self._done(self, result)


class Lingering:
    """Pipes that were closed and still have something to send."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._pipes: dict[int, tuple[Pipe, Union[Timer, None]]] = {}

    def __contains__(self, pipe: int) -> bool:
        return pipe in self._pipes

    def __bool__(self) -> bool:
        return bool(self._pipes)

    def close(self, pipe: Pipe, linger: int, keep_input: bool = False) -> bool:
        """Close a pipe; True if nothing is left to do."""
        if pipe.close(linger != 0, keep_input):
            return True
        timer = None
        if linger > 0:
            call = functools.partial(self.drop, pipe.id)
            timer = self._side.control.later(linger / 1000, call)
        self._side.control.hold()
        self._pipes[pipe.id] = (pipe, timer)
        return False

    def drop(self, pipe: int) -> None:
        """Time is up, or there is nobody to send to."""
        if pipe in self._pipes and self._pipes[pipe][0].close(False):
            self.done(pipe)

    def done(self, pipe: int) -> None:
        """The pipe has nothing left to send."""
        _, timer = self._pipes.pop(pipe)
        if timer is not None:
            timer.cancel()
        self._side.control.owners.pop(pipe, None)
        self._side.control.release()


class Listener:
    """A bound endpoint and every connection it accepted."""

    def __init__(self, side: Side, endpoint: Endpoint) -> None:
        self._side = side
        self._transport = transports.get(endpoint.scheme)
        self._listening = self._transport.listen(endpoint.address, side.options)
        self.endpoint = self._listening.endpoint
        self._greeters: set[Greeter] = set()
        self._pipes: dict[int, Pipe] = {}
        self._lingering = Lingering(side)

    def start(self) -> None:
        """Accept from now on."""
        listener = self._listening.socket
        self._side.control.watch(
            listener.fileno(), selectors.EVENT_READ, self._accept
        )

    def _accept(self) -> None:
        listener = self._listening.socket
        while listener.fileno() >= 0:
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
        greeter = Greeter(self._side, connection, self.endpoint, self._greeted)
        self._greeters.add(greeter)
        greeter.start()

    def _greeted(self, greeter: Greeter, result: Result) -> None:
        self._greeters.discard(greeter)
        if isinstance(result, Failed) or not self._attach(greeter, result):
            greeter.close()

    def _attach(self, greeter: Greeter, ready: Ready) -> bool:
        pipe = self._side.hub.open()
        if pipe is None:
            logger.info("%s: refused a second peer", self.endpoint)
            return False
        if self._side.named and pipe.name(ready.identity) < 0:
            logger.info("%s: routing id %r is taken", self.endpoint, ready.identity)
            pipe.close(False)
            return False
        self._pipes[pipe.id] = pipe
        self._side.control.owners[pipe.id] = self
        pipe.attach(greeter.link(ready))
        return True

    def link_down(self, pipe: int, error: int) -> None:
        """The peer is gone; what it sent stays readable."""
        _log_down(self.endpoint, error)
        if pipe in self._lingering:
            self._lingering.drop(pipe)
        else:
            self._side.control.owners.pop(pipe, None)
            self._pipes.pop(pipe).close(False, keep_input=True)

    def pipe_closed(self, pipe: int) -> None:
        """A pipe has drained."""
        self._pipes.pop(pipe, None)
        if pipe in self._lingering:
            self._lingering.done(pipe)

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
            if self._lingering.close(pipe, linger, keep_input):
                del self._pipes[pipe.id]
                self._side.control.owners.pop(pipe.id, None)


class Connecter:
    """A connected endpoint: one pipe, and the connection that serves it now."""

    def __init__(self, side: Side, endpoint: Endpoint) -> None:
        self.endpoint = str(endpoint)
        self._side = side
        self._address = endpoint.address
        self._transport = transports.get(endpoint.scheme)
        self._transport.check(endpoint.address)
        self._immediate = bool(side.options[SocketOption.IMMEDIATE])
        self._pipe: Union[Pipe, None] = None if self._immediate else side.hub.open()
        if self._pipe is not None:
            side.control.owners[self._pipe.id] = self
        self._named = False
        self._lingering = Lingering(side)
        self._targets: list[Target] = []
        self._opening: Union[socket.socket, None] = None
        self._greeter: Union[Greeter, None] = None
        self._timer: Union[Timer, None] = None
        self._attempts = 0
        self._over = False

    def start(self) -> None:
        """Try to connect."""
        self._timer = None
        if self._over:
            return
        if self._transport.needs_resolver(self._address):
            threading.Thread(
                target=self._resolve_aside, name="pymq-resolver", daemon=True
            ).start()
        else:
            self._resolved(self._resolve())

    def _resolve(self) -> list[Target]:
        try:
            return self._transport.resolve(self._address, self._side.options)
        except OSError as error:
            logger.info("%s: %s", self.endpoint, error.strerror)
            return []

    def _resolve_aside(self) -> None:
        """A slow name server must stop nobody else."""
        targets = self._resolve()
        self._side.control.call(lambda: self._resolved(targets))

    def _resolved(self, targets: list[Target]) -> None:
        if not self._over:
            self._targets = targets
            self._open_next()

    def _open_next(self) -> None:
        while self._targets:
            try:
                opened = self._transport.open(self._targets.pop(0), self._side.options)
            except OSError as error:
                logger.debug("%s: %s", self.endpoint, error.strerror)
                continue
            self._opening = opened
            self._side.control.watch(
                opened.fileno(), selectors.EVENT_WRITE, self._opened
            )
            return
        self._retry()

    def _opened(self) -> None:
        connection, self._opening = self._opening, None
        if connection is None:
            return
        self._side.control.unwatch(connection.fileno())
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error or _met_itself(connection):
            connection.close()
            self._open_next()
            return
        self._attempts = 0
        self._transport.tune(connection, self._side.options)
        self._greeter = Greeter(self._side, connection, self.endpoint, self._greeted)
        self._greeter.start()

    def _greeted(self, greeter: Greeter, result: Result) -> None:
        self._greeter = None
        if isinstance(result, Ready) and self._attach(greeter, result):
            return
        greeter.close()
        if isinstance(result, Failed) and result.fatal:
            self._give_up()
        else:
            self._retry()

    def _attach(self, greeter: Greeter, ready: Ready) -> bool:
        if self._pipe is None:
            self._pipe = self._side.hub.open()
            if self._pipe is None:
                return False
            self._side.control.owners[self._pipe.id] = self
        if self._side.named and not self._named:
            if self._pipe.name(ready.identity) < 0:
                logger.info("%s: %r is taken", self.endpoint, ready.identity)
                return False
            self._named = True
        self._pipe.attach(greeter.link(ready))
        return True

    def _retry(self) -> None:
        delay = _delay(self._side.options, self._attempts)
        self._attempts += 1
        if delay is None:
            self._give_up()
        else:
            self._timer = self._side.control.later(delay, self.start)

    def _give_up(self) -> None:
        """Never try again; what is queued has nowhere to go."""
        self._over = True
        logger.info("%s: not trying again", self.endpoint)
        if self._pipe is None:
            return
        if self._pipe.id in self._lingering:
            self._lingering.drop(self._pipe.id)
        else:
            self._forget_pipe()

    def _forget_pipe(self) -> None:
        pipe, self._pipe = self._pipe, None
        self._named = False
        if pipe is not None:
            self._side.control.owners.pop(pipe.id, None)
            pipe.close(False, keep_input=True)

    def link_down(self, pipe: int, error: int) -> None:
        """The connection is gone: try again, unless the peer is at fault."""
        _log_down(self.endpoint, error)
        if self._pipe is None:
            return
        if pipe in self._lingering and self._pipe.close(True):
            self._lingering.done(pipe)
            self._over = True
        elif error in FATAL:
            self._give_up()
        else:
            if self._immediate and pipe not in self._lingering:
                self._forget_pipe()
            self._retry()

    def pipe_closed(self, pipe: int) -> None:
        """Everything was sent, or given up."""
        if pipe in self._lingering:
            self._lingering.done(pipe)
        self._stop()

    def close(self, linger: int, keep_input: bool) -> None:
        """Disconnect.  With something left to send, go on trying while it lingers."""
        if self._pipe is None or self._over:
            self._stop()
            self._forget_pipe()
        elif self._lingering.close(self._pipe, linger, keep_input):
            self._side.control.owners.pop(self._pipe.id, None)
            self._stop()

    def _stop(self) -> None:
        """No connection any more, nor attempts at one."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._opening is not None:
            self._side.control.unwatch(self._opening.fileno())
            self._opening.close()
            self._opening = None
        if self._greeter is not None:
            self._greeter.close()
            self._greeter = None


def _log_down(endpoint: str, error: int) -> None:
    if error:
        logger.info("%s: connection lost: %s", endpoint, errno.errorcode.get(error))


def _met_itself(connection: socket.socket) -> bool:
    """Whether TCP connected an ephemeral port to itself, as it may on loopback."""
    if connection.family == socket.AF_UNIX:
        return False
    try:
        return bool(connection.getsockname() == connection.getpeername())
    except OSError:
        return False


def _delay(options: Mapping[int, Any], attempts: int) -> Union[float, None]:
    """Seconds until the next attempt; None for never.

    Without RECONNECT_IVL_MAX the interval plus as much again at random; with it,
    the interval doubled each time, up to that.
    """
    interval = options[SocketOption.RECONNECT_IVL]
    limit = options[SocketOption.RECONNECT_IVL_MAX]
    if interval <= 0:
        return None
    if not limit:
        return float(interval + random.randrange(interval)) / 1000
    return float(min(interval << min(attempts, 30), limit)) / 1000
