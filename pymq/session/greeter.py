"""One connection's handshake: moves bytes between a descriptor and `Handshake`."""

from __future__ import annotations

import os
import socket
from errno import ECONNREFUSED, EFAULT, EPIPE, ETIMEDOUT
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, Callable, Mapping, Sequence, Union

from .. import transports
from ..backend.abc import Heartbeat, Link, Pipe
from ..constants import Event, SocketOption
from ..control import Timer
from ..properties import Properties
from ..zmtp import zap
from ..zmtp.handshake import Failed, Handshake, Ready, Result
from ..zmtp.socket_types import COMPATIBLE
from . import Side, logger, security
from .zap import Inquiry

HEARING_OUT = 5.0  # seconds that a peer has to read why it is refused


class Greeter:
    """One connection, from established to attached."""

    __slots__ = (
        "_affinity",
        "_connections",
        "_control",
        "_done",
        "_handshake",
        "_heartbeat",
        "_inquiry",
        "_max_size",
        "_mechanism",
        "_monitor",
        "_patience",
        "_side",
        "_timer",
        "_unsent",
        "_watched",
        "fd",
        "socket",
        "where",
    )

    def __init__(
        self,
        side: Side,
        connection: socket.socket,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        self._own(side, connection, where, done)
        name = side.pattern.name
        identity = side.options[SocketOption.ROUTING_ID]
        said = side.options[SocketOption.METADATA]
        self._side = side
        self._mechanism = security.mechanism(side.options)
        self._handshake = Handshake(
            name,
            identity,
            self._mechanism,
            COMPATIBLE[name],
            not side.options[SocketOption.ZAP_DOMAIN],
            said,
        )
        self._handshake.start()
        self._unsent = b""
        self._patience = side.options[SocketOption.HANDSHAKE_IVL]  # ms, 0: no limit
        self._max_size = side.options[SocketOption.MAXMSGSIZE]
        self._heartbeat = _heartbeat(side.options)

    def _own(
        self,
        side: Side,
        connection: socket.socket,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        """What there is to know of any connection."""
        self.socket = connection
        self.fd = connection.fileno()  # still its number when it was handed over
        self.where = where
        self._control = side.control
        self._monitor = side.monitor
        self._connections = side.connections
        self._done = done
        self._inquiry: Union[Inquiry, None] = None
        self._watched = 0  # events
        self._timer: Union[Timer, None] = None
        self._affinity = affinity(side.options)

    def speak(self) -> None:
        """Shake hands, and speak first."""
        self._flush()

    def answer(self) -> None:
        """Shake hands.  A peer that has already spoken gets more at once."""
        self._ready()

    def attach(self, pipe: Pipe, ready: Ready) -> bool:
        """Hand the connection over to a pipe; False if the system has no room."""
        values = _properties(self.socket, ready)
        properties = Properties(self.fd, values, self._mechanism_name())
        self._connections.add(pipe.id, properties)
        fd = self.socket.detach()
        try:
            pipe.attach(self._link(fd, ready))
        except (OSError, MemoryError) as error:
            self._report(Event.HANDSHAKE_SUCCEEDED, 0)
            self._report(Event.DISCONNECTED, fd)
            logger.warning("%s: cannot attach: %s", self.where, error)
            os.close(fd)
            return False
        # Not before: who is told of a connection may use it at once.
        self._report(Event.HANDSHAKE_SUCCEEDED, 0)
        return True

    def _mechanism_name(self) -> str:
        return self._mechanism.name.decode()

    def _link(self, fd: int, ready: Ready) -> Link:
        beat = self._heartbeat if ready.major == 3 else Heartbeat()
        return Link(
            fd,
            ready.leftover,
            ready.minor,
            self._max_size,
            affinity=self._affinity,
            heartbeat=beat,
            major=ready.major,
            sealing=ready.sealing,
        )

    @property
    def gone(self) -> bool:
        """Whether the peer has left, and nothing of it is to be read."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def refuse(self, why: str) -> None:
        """There is no place for this peer, though nothing is wrong with it."""
        self._report(Event.HANDSHAKE_SUCCEEDED, 0)
        self._report(Event.DISCONNECTED, self.fd)
        logger.info("%s: %s", self.where, why)
        self.close()

    def close(self) -> None:
        """Stop watching and close the descriptor, unless it was handed over."""
        self._stop()
        self.socket.close()

    def _stop(self) -> None:
        if self._inquiry is not None:
            self._inquiry.close()
            self._inquiry = None
        if self._timer is not None:
            self._timer.cancel()
        if self._watched:
            self._watched = 0
            self._control.unwatch(self.socket.fileno())

    def _flush(self) -> None:
        self._unsent += self._handshake.data_to_send()
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._break("send failed", error)
            return
        if self._handshake.result is not None and not self._unsent:
            self._finish(self._handshake.result)
            return
        self._watch(EVENT_READ | EVENT_WRITE if self._unsent else EVENT_READ)

    def _watch(self, events: int) -> None:
        if events == self._watched:
            return
        if self._patience and self._timer is None:
            self._timer = self._control.later(self._patience / 1000, self._late)
        self._watched = events
        self._control.watch(self.socket.fileno(), events, self._ready)

    def _ready(self) -> None:
        try:
            data = self.socket.recv(8192)
        except (BlockingIOError, InterruptedError):
            self._flush()
            return
        except OSError as error:
            self._break("receive failed", error)
            return
        if data:
            self._handshake.receive_data(data)
        else:
            self._handshake.receive_eof()
        if self._handshake.credentials is not None and self._inquiry is None:
            self._ask(self._handshake.credentials)
        else:
            self._go_on()

    def _go_on(self, error: int = 0) -> None:
        if isinstance(self._handshake.result, Failed):
            self._say_last()
            self._finish(self._handshake.result, error)
        else:
            self._flush()

    def _ask(self, credentials: Sequence[bytes]) -> None:
        """Have the ZAP handler look at the peer."""
        options = self._side.options
        question = zap.request(
            options[SocketOption.ZAP_DOMAIN],
            transports.peer_address(self.socket).encode(),
            options[SocketOption.ROUTING_ID],
            self._mechanism.name,
            credentials,
        )
        self._inquiry = Inquiry(self._side, self._answered)
        if self._inquiry.ask(question):
            self._flush()
        else:
            self._handshake.answer_alone()
            self._go_on(EFAULT)

    def _answered(self, answer: Union[Sequence[bytes], None]) -> None:
        if answer is None:
            failed = Failed(0, "the ZAP handler left without an answer", False)
            self._finish(failed)
        else:
            self._handshake.answer(answer)
            self._go_on()

    def _say_last(self) -> None:
        """RFC 37: a peer that is refused still gets our whole greeting."""
        try:
            self.socket.send(self._unsent + self._handshake.data_to_send())
        except OSError:
            pass

    def _late(self) -> None:
        self._finish(Failed(0, "handshake took too long", False), ETIMEDOUT)

    def _break(self, what: str, error: OSError) -> None:
        failed = Failed(0, error.strerror or what, False)
        self._finish(failed, error.errno or EPIPE)

    def _finish(self, result: Result, error: int = 0) -> None:
        """`error` is why, of what failed without a fault of the peer's."""
        self._stop()
        if isinstance(result, Failed):
            self._report(*_event(result, error))
            logger.info("%s: handshake failed: %s", self.where, result.reason)
            if result.told:
                self._hear_out()
                return
            self._report(Event.DISCONNECTED, self.fd)
        self._done(self, result)

    def _hear_out(self) -> None:
        """Closing with unread input would destroy what the peer has not read yet: why
        it is refused."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it left
        self._timer = self._control.later(HEARING_OUT, self._heard_out)
        self._watched = EVENT_READ
        self._control.watch(self.socket.fileno(), EVENT_READ, self._discard)

    def _discard(self) -> None:
        try:
            if self.socket.recv(8192):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self._heard_out()

    def _heard_out(self) -> None:
        self._stop()
        self._report(Event.DISCONNECTED, self.fd)
        if self._handshake.result is not None:
            self._done(self, self._handshake.result)

    def _report(self, event: int, value: int) -> None:
        self._monitor.report(event, value, self.where)


def affinity(options: Mapping[int, Any]) -> int:
    """AFFINITY as bits."""
    return int(options[SocketOption.AFFINITY]) & 0xFFFFFFFFFFFFFFFF


def _heartbeat(options: Mapping[int, Any]) -> Heartbeat:
    interval = options[SocketOption.HEARTBEAT_IVL]
    timeout = options[SocketOption.HEARTBEAT_TIMEOUT]
    if not interval:
        return Heartbeat()
    ttl = options[SocketOption.HEARTBEAT_TTL]
    return Heartbeat(interval, interval if timeout < 0 else timeout, ttl)


def _properties(connection: socket.socket, ready: Ready) -> dict[str, bytes]:
    """What the peer says of itself, but for what is not its to say: only ZAP knows
    who a user is, and only the system where a peer is."""
    values = dict(ready.properties)
    values.pop(zap.USER_ID, None)
    values.update(ready.judged or {})
    values["Peer-Address"] = transports.peer_address(connection).encode()
    return values


def _event(failed: Failed, error: int) -> tuple[int, int]:
    """The event of a failure, and its value.

    libzmq is silent about some broken rules, bad metadata for one; here each has its
    code.
    """
    if failed.status:
        return Event.HANDSHAKE_FAILED_AUTH, failed.status
    if failed.code:
        return Event.HANDSHAKE_FAILED_PROTOCOL, failed.code
    unknown = ECONNREFUSED if failed.fatal else EPIPE
    return Event.HANDSHAKE_FAILED_NO_DETAIL, error or unknown
