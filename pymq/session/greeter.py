"""One connection's handshake: moves bytes between a descriptor and a `Handshake`."""

from __future__ import annotations

import os
import socket
import threading
from errno import (
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EFAULT,
    EPIPE,
    ETIMEDOUT,
)
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence, Union

from .. import constants as _C
from .. import transports
from ..applicant import introduce
from ..backend.abc import Heartbeat, Link, Pipe
from ..properties import Properties
from ..timer import Timer
from ..transports import Stream
from ..zmtp import zap
from ..zmtp.error import ProtocolError
from ..zmtp.handshake import Failed, Handshake, Ready, Result
from ..zmtp.mechanisms import Step
from ..zmtp.sealing import Keys, Protection
from ..zmtp.socket_types import COMPATIBLE
from . import logger, security
from .side import Side
from .splice import Splice
from .zap import Inquiry

if TYPE_CHECKING:
    from .judge import Question

HEARING_OUT = 5.0  # seconds that a peer has to read why it is refused
AFFINITY = 0xFFFFFFFFFFFFFFFF  # a mask
NO_HEARTBEAT = Heartbeat()


class Greeter:
    """One connection, from when it is established until it is attached to a pipe."""

    __slots__ = (
        "_aside",
        "_control",
        "_done",
        "_handshake",
        "_inquiry",
        "_mechanism",
        "_monitor",
        "_over",
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
        connection: Stream,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        self._own(side, connection, where, done)
        name, options = side.pattern.name, side.options
        judged = side.judge is not None
        self._mechanism = security.mechanism(options, judged)
        self._handshake = Handshake(
            name,
            options[_C.ROUTING_ID],
            self._mechanism,
            COMPATIBLE[name],
            not (judged or options[_C.ZAP_DOMAIN]),
            options[_C.METADATA],
        )
        self._handshake.start()
        self._unsent = b""
        self._aside = False  # another thread works for it
        self._patience = options[_C.HANDSHAKE_IVL]  # ms, 0: no limit

    def _own(
        self,
        side: Side,
        connection: Stream,
        where: str,
        done: Callable[[Greeter, Result], None],
    ) -> None:
        """The properties that every connection has."""
        self.socket = connection
        self.fd = connection.fileno()  # stays the same when it is handed over
        self.where = where
        self._side = side
        self._control = side.control
        self._monitor = side.monitor
        self._done = done
        self._inquiry: Union[Inquiry, Question, None] = None
        self._watched = 0  # events
        self._over = False
        self._timer: Union[Timer, None] = None

    def speak(self) -> None:
        """Begin the handshake, and send first."""
        self._flush()

    def answer(self) -> None:
        """Begin the handshake.  A peer that has already sent something gets more at
        once."""
        self._ready()

    def attach(self, pipe: Pipe, ready: Ready) -> bool:
        """Hand the connection over to a pipe.  False if the system has no room."""
        values = _properties(self.socket, ready)
        properties = Properties(self.fd, values, self._mechanism_name())
        self._side.connections.add(pipe.id, properties)
        fd = -1
        try:
            if isinstance(ready.sealing, Keys) or ready.sealing is None:
                fd = self.socket.detach()
            else:
                ready, fd = self._splice(ready, ready.sealing)
            pipe.attach(self._link(fd, ready))
        except (OSError, MemoryError) as error:
            self._report(_C.EVENT_HANDSHAKE_SUCCEEDED, 0)
            self._report(_C.EVENT_DISCONNECTED, self.fd)
            logger.warning("%s: cannot attach: %s", self.where, error)
            if fd >= 0:
                os.close(fd)
            return False
        # Not earlier: a program may use a connection as soon as it is told of it.
        self._report(_C.EVENT_HANDSHAKE_SUCCEEDED, 0)
        return True

    def _splice(self, ready: Ready, protection: Protection) -> tuple[Ready, int]:
        """Make a splice, for a connection that no backend can seal, and return its
        link."""
        connection = Stream(fileno=self.socket.detach())
        try:
            max_size = self._side.options[_C.MAXMSGSIZE]
            made = Splice(
                self._control, connection, protection, max_size, ready.leftover
            )
        except OSError:
            connection.close()
            raise
        return ready._replace(leftover=b"", sealing=None), made.near.detach()

    def _mechanism_name(self) -> str:
        return self._mechanism.name.decode()

    def _link(self, fd: int, ready: Ready) -> Link:
        options = self._side.options
        beats = options[_C.HEARTBEAT_IVL] and ready.major == 3
        return Link(
            fd,
            ready.leftover,
            ready.minor,
            options[_C.MAXMSGSIZE],
            options[_C.AFFINITY] & AFFINITY,
            _heartbeat(options) if beats else NO_HEARTBEAT,
            ready.major,
            sealing=ready.sealing if isinstance(ready.sealing, Keys) else None,
        )

    @property
    def gone(self) -> bool:
        """Whether the peer has left, with nothing of its left to read."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def refuse(self, why: str) -> None:
        """Close the connection because there is no place for the peer; it did
        nothing wrong."""
        self._report(_C.EVENT_HANDSHAKE_SUCCEEDED, 0)
        self._report(_C.EVENT_DISCONNECTED, self.fd)
        logger.info("%s: %s", self.where, why)
        self.close()

    def close(self) -> None:
        """Stop watching the descriptor, and close it unless it was handed over."""
        self._stop()
        self.socket.close()

    def _stop(self) -> None:
        self._over = True
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
        wanted = self._handshake.result is None and self._handshake.aside is None
        events = EVENT_READ if wanted else 0
        if self._unsent:
            events |= EVENT_WRITE
        if events != self._watched or self._timer is None:
            self._watch(events)

    def _watch(self, events: int) -> None:
        if self._patience and self._timer is None:
            self._timer = self._control.later(self._patience / 1000, self._late)
        if events == self._watched:
            return
        self._watched = events
        if events:
            self._control.watch(self.socket.fileno(), events, self._ready)
        else:
            self._control.unwatch(self.socket.fileno())

    def _ready(self) -> None:
        if isinstance(self._handshake.result, Ready) or self._handshake.aside:
            self._flush()  # what comes later is for the engine, or waits
            return
        try:
            data = self.socket.recv(8192)
        except (BlockingIOError, InterruptedError):
            self._flush()
            return
        except OSError as error:
            if error.errno != ECONNRESET or not self._handshake.is_ahead:
                self._break("receive failed", error)
                return
            data = b""
        if data:
            self._handshake.receive_data(data)
        else:
            self._handshake.receive_eof()
        self._follow()

    def _follow(self) -> None:
        """Act on what the handshake made of the bytes received."""
        if self._handshake.aside is not None and not self._aside:
            self._work(self._handshake.aside)
        if self._handshake.credentials is not None and self._inquiry is None:
            self._ask(self._handshake.credentials)
        else:
            self._go_on()

    def _work(self, aside: Callable[[], Step]) -> None:
        """Do what takes long on another thread, so that no other connection waits."""
        self._aside = True

        def work() -> None:
            outcome: Union[Step, ProtocolError]
            try:
                outcome = aside()
            except ProtocolError as error:
                outcome = error
            except Exception as error:  # of a library: only this connection ends
                outcome = ProtocolError(f"unexpected: {error!r}", 0, fatal=False)
            self._control.call(lambda: self._worked(outcome))

        threading.Thread(target=work, name="pymq-aside", daemon=True).start()

    def _worked(self, outcome: Union[Step, ProtocolError]) -> None:
        self._aside = False
        if not self._over:
            self._handshake.resume(outcome)
            self._follow()

    def _go_on(self, error: int = 0) -> None:
        if isinstance(self._handshake.result, Failed):
            self._say_last()
            self._finish(self._handshake.result, error)
        else:
            self._flush()

    def _ask(self, credentials: Sequence[bytes]) -> None:
        """Have the peer judged."""
        options, judge = self._side.options, self._side.judge
        domain, name = options[_C.ZAP_DOMAIN], self._mechanism.name
        address = transports.peer_address(self.socket)
        if judge is None:
            own = options[_C.ROUTING_ID]
            question = zap.request(domain, address.encode(), own, name, credentials)
            self._ask_handler(question)
            return
        peer = introduce(address, domain, name, credentials, self._handshake.claims)
        self._inquiry = judge.ask(self._control, peer, self._judged)
        self._flush()

    def _judged(self, verdict: zap.Verdict) -> None:
        self._handshake.judge(verdict)
        self._go_on()

    def _ask_handler(self, question: list[bytes]) -> None:
        self._inquiry = Inquiry(self._side, self._answered)
        try:
            asked = self._inquiry.ask(question)
        except OSError as error:
            self._break("cannot ask the ZAP handler", error)
            return
        if asked:
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
        """Send the rest of our greeting: RFC 37 grants it even to a peer that is
        refused."""
        try:
            self.socket.send(self._unsent + self._handshake.data_to_send())
        except OSError:
            pass

    @property
    def awaits_peer(self) -> bool:
        """Whether the handshake waits for the peer."""
        asking = self._inquiry is not None and not self._inquiry.closed
        return not (asking or isinstance(self._handshake.result, Ready))

    def give_up(self, why: str) -> None:
        """End the handshake although the peer has done nothing wrong."""
        if self._handshake.result is None:
            self._finish(Failed(0, why, False), ECONNABORTED)
        else:
            self._heard_out()

    def _late(self) -> None:
        self._finish(Failed(0, "handshake took too long", False), ETIMEDOUT)

    def _break(self, what: str, error: OSError) -> None:
        failed = Failed(0, error.strerror or what, False)
        self._finish(failed, error.errno or EPIPE)

    def _finish(self, result: Result, error: int = 0) -> None:
        """End.  `error` is the reason if it failed and the peer is not at fault."""
        self._stop()
        if isinstance(result, Failed):
            self._report(*_event(result, error))
            logger.info("%s: handshake failed: %s", self.where, result.reason)
            if result.told:
                self._hear_out()
                return
            self._report(_C.EVENT_DISCONNECTED, self.fd)
        self._done(self, result)

    def _hear_out(self) -> None:
        """Read on for a while before closing.

        To close with unread input would destroy what the peer has not read: why it is
        refused.
        """
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the peer has left
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
        self._report(_C.EVENT_DISCONNECTED, self.fd)
        if self._handshake.result is not None:
            self._done(self, self._handshake.result)

    def _report(self, event: int, value: int) -> None:
        self._monitor.report(event, value, self.where)


def _heartbeat(options: Mapping[int, Any]) -> Heartbeat:
    interval = options[_C.HEARTBEAT_IVL]
    timeout = options[_C.HEARTBEAT_TIMEOUT]
    ttl = options[_C.HEARTBEAT_TTL]
    return Heartbeat(interval, interval if timeout < 0 else timeout, ttl)


def _properties(connection: Stream, ready: Ready) -> dict[str, bytes]:
    """Return what the peer says of itself, except what it has no right to say.

    Only ZAP knows the user, and only the system knows the address.
    """
    values = dict(ready.properties)
    values.pop(zap.USER_ID, None)
    values.update(ready.judged or {})
    values["Peer-Address"] = transports.peer_address(connection).encode()
    return values


def _event(failed: Failed, error: int) -> tuple[int, int]:
    """Return the monitor's event for a failure, and its value.

    libzmq reports nothing for some violations, such as bad metadata; here each has its
    code.
    """
    if failed.status:
        return _C.EVENT_HANDSHAKE_FAILED_AUTH, failed.status
    if failed.code:
        return _C.EVENT_HANDSHAKE_FAILED_PROTOCOL, failed.code
    unknown = ECONNREFUSED if failed.fatal else EPIPE
    return _C.EVENT_HANDSHAKE_FAILED_NO_DETAIL, error or unknown
