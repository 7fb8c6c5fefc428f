"""One connection: moves frames between a pipe's queues and a descriptor.

A state machine that any one thread at a time may drive; today that is the loop's.
Only the driver touches the descriptor and the fields without a comment about locks;
queues are touched with the loop's lock held.

Facts that shaped it:

* *Drained* is when the kernel has accepted the last byte of the last message, not
  when a queue is empty.  Only then is PIPE_CLOSED reported.
* Closing a descriptor with unread input makes the kernel send RST, which destroys
  what the peer has not read yet.  So after draining the engine half-closes, and
  reads on until the peer has closed too (for a bounded time).
* Between processes of one machine (AF_UNIX) a close is a hang-up at once, and libzmq,
  if a mark pauses it then, forgets what it has not read.  So there the kernel must be
  rid of the last byte, too.
* Input paused by a high-water mark may have end-of-file behind it.  A paused
  descriptor is not watched for reading, and is read to its end when it resumes.
"""

from __future__ import annotations

import math
import socket
import time
from collections import deque
from errno import EMSGSIZE, EPROTO, ETIMEDOUT
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Iterator, Union

from ...zmtp import command, older
from ...zmtp.error import FrameTooLarge, ProtocolError
from ...zmtp.frame import COMMAND, MORE, Decoder, encode, header
from ..abc import Link
from . import headers, queue
from .heartbeat import Heartbeat
from .held import kernel_holds

if TYPE_CHECKING:
    from .loop import Loop
    from .pipe import Pipe

READ_SIZE = 64 * 1024  # bytes
READ_MAX = 1024 * 1024  # bytes, when a long frame is known to be coming
BATCH_SIZE = 256 * 1024  # bytes gathered for one sendmsg
JOIN_LIMIT = 8 * 1024  # bytes: longer bodies are handed to the kernel as they are
REPLIES = 512  # bytes of commands that may be outstanding when input is read
WRITES = 16  # in one turn: other connections want theirs
TOPICS_WAITING = 1000  # subscriptions of a peer that its publisher did not take in yet
LINGER_AFTER = 5.0  # seconds to wait for the peer's end-of-file after draining
LOOK_AGAIN = 0.02  # seconds between looks at what the kernel holds

# PyPy lacks the name; there Python's ignoring SIGPIPE has to do.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)


class Engine:
    """One established connection of a pipe."""

    def __init__(self, loop: Loop, pipe: Pipe, link: Link) -> None:
        self.loop = loop
        self.pipe = pipe
        self.watched = 0  # what the loop's selector waits for
        self.ended = False
        self.deadline = math.inf  # of waiting for the peer's end-of-file
        self.look_at = math.inf  # when to see what the kernel still holds
        self._error: Union[int, None] = None  # why the link is down
        self._major = link.major
        self._minor = link.minor
        self._header = older.header if link.major == 1 else header
        self._short = headers.OLDER if link.major == 1 else headers.NEWER
        self._socket = socket.socket(fileno=link.fd)
        self._socket.setblocking(False)  # PyPy has just made it blocking
        decoder = _DECODERS.get(link.major, Decoder)
        self._decoder = decoder(link.max_size)
        self._leftover = link.leftover
        # Decoded, not yet queued; lock, while the writer of the queue is parked.
        self._held: deque[tuple[int, bytes]] = deque()
        self._urgent = b""  # commands of our own, and replies to the peer's
        self._heartbeat = Heartbeat(link.heartbeat, self._socket)
        self._batch: deque[memoryview] = deque()
        self.in_hand: list[queue.Frame] = []  # the frames that make up the batch
        self._sent = 0  # bytes of the batch that the kernel has accepted
        self._blocked = False  # the kernel takes no more
        self._broken = 0  # errno of a failed write: no output any more
        self._eof = False
        self._paused = False  # the pipe's mark forbids more input
        self._shut = False  # half-closed: nothing follows
        self._closing = False  # lock: drain, then end
        self._aborted = False  # lock: end at once
        self.asked = self.echoed = 0  # lock: see `pymq.backend.abc.Hub.probe`
        pipe.output.reader = self
        pipe.input.writer = self

    @property
    def fd(self) -> int:
        """The descriptor, -1 once closed."""
        return self._socket.fileno()

    # From other threads, with the lock held.

    def _readable(self) -> None:
        self.loop._ask(self)

    def _writable(self) -> None:
        """Whoever makes room takes of what was decoded what he can: to wake the loop's
        thread costs as much as some hundred messages."""
        incoming = self.pipe.input
        if not (self._closing or incoming.unfinished):
            incoming.write_singles(self._held)
        if self._held and incoming.full():
            incoming.park_writer()
        else:
            self.loop._ask(self)

    def finish(self, drain: bool) -> None:
        """The pipe was closed: end when drained, or at once."""
        self._closing = True
        self._aborted = self._aborted or not drain
        self.loop._ask(self)

    def has_sent(self) -> bool:
        """Whether the kernel has all that the pipe was given, and would not hang up."""
        waits = self.in_hand or self._broken or self.pipe.output.frames
        return not (self.ended or waits or kernel_holds(self._socket))

    @property
    def echoes(self) -> bool:
        """Whether the peer answers a PING."""
        return self._major == 3 and self._minor > 0

    def probe(self, number: int) -> bytes:
        """The data of a PING with that number, as `queue.PROBE` wants it."""
        ttl = self._heartbeat.ttl  # what a PING says holds until the next one
        return ttl.to_bytes(2, "big") + number.to_bytes(4, "big")

    def unsent(self, announcements: bool = True) -> int:
        """How many messages it has taken that the kernel has not wholly, and, or
        without, announcements."""
        taken, sent = self.in_hand, self._sent  # of one batch: the next needs the lock
        if not taken:
            return 0
        return sum(
            end > sent and (announcements or taken[behind - 1][0] == queue.LAST)
            for _, end, behind in self._messages(taken)
        )

    # From the driver.

    def drive(self, events: int) -> int:
        """Do what can be done now; returns the events to wait for."""
        if self.deadline < math.inf:
            self._discard()
        elif self._aborted:
            self._end(0)
        elif not self._beat():
            self._end(ETIMEDOUT)
        else:
            self._blocked = self._blocked and not events & EVENT_WRITE
            self._drive_in(events)
            if not self.ended:
                self._drive_out()
        return 0 if self.ended else self._wanted()

    def _wanted(self) -> int:
        reading = EVENT_READ if self._reading() else 0
        return reading | (EVENT_WRITE if self._blocked else 0)

    def close(self) -> None:
        """Close the descriptor."""
        self._socket.close()

    def fail(self, error: OSError) -> None:
        """The system refuses to watch the descriptor: this link ends, no other."""
        self._end(error.errno or EPROTO)

    def end(self) -> None:
        """Close the descriptor, which nobody watches any more, then report."""
        self.close()
        if self._error is not None:
            self._report(self._error)

    # Heartbeats.

    @property
    def due(self) -> float:
        """When to be driven, whatever happens; `math.inf` for never."""
        return self._heartbeat.due

    def _beat(self) -> bool:
        """See to what is due; False if the peer is gone."""
        heartbeat = self._heartbeat
        if heartbeat.due == math.inf or self._shut:
            return True
        now = time.monotonic()
        heartbeat.held = self._paused
        if heartbeat.gone(now):
            return False
        if heartbeat.asks(now, not (self._urgent or self._eof or self._broken)):
            self._urgent = encode(command.ping(heartbeat.ttl), COMMAND)
        return True

    # Input.

    def _drive_in(self, events: int) -> None:
        if self._closing:
            self._held.clear()
        if self._leftover:
            data, self._leftover = self._leftover, b""
            self._decode(data)
        elif self._paused:
            self._deliver()
        if events & EVENT_READ and not self.ended and self._reading():
            self._read()

    def _reading(self) -> bool:
        """A paused pipe takes nothing; a closing one throws away.  A peer that does not
        read our replies is not read either."""
        if self._eof or len(self._urgent) > REPLIES:
            return False
        return self._closing or not self._paused

    def _read(self) -> None:
        size = max(READ_SIZE, min(self._decoder.missing, READ_MAX))
        try:
            data = self._socket.recv(size)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error.errno or EPROTO)
            return
        self._heartbeat.heard += 1
        if not data:
            self._lost(0)
        elif not self._closing:
            self._decode(data)

    def _decode(self, data: bytes) -> None:
        self._held.extend(self._decoder.feed(data))
        self._deliver()

    def _lost(self, error: int) -> None:
        """No more input.  A pipe that drains goes on while writes succeed."""
        self._eof = True
        if not self._closing or error:
            self._end(error)

    def _deliver(self) -> None:
        """Queue what was decoded, a message at a time, until the mark is reached.

        A fault in the stream ends the link once all before it is queued.
        """
        incoming = self.pipe.input
        with self.loop.lock:
            while self._held and self._room(incoming):
                flags, body = self._held.popleft()
                if flags & COMMAND:
                    self._obey(body)
                else:
                    incoming.write(body, bool(flags & MORE))
                if not incoming.unfinished:
                    incoming.write_singles(self._held)
            self._paused = bool(self._held)
        if self._decoder.error is not None and not self._paused:
            too_large = isinstance(self._decoder.error, FrameTooLarge)
            self._end(EMSGSIZE if too_large else EPROTO)

    def _room(self, incoming: queue.Queue) -> bool:
        """Whether what comes next may be taken now.  Some of a peer's subscriptions
        wait for a publisher that is busy elsewhere, whatever the mark of messages is,
        and also where they come within a message; other commands never."""
        flags, body = self._held[0]
        most = max(incoming.hwm, TOPICS_WAITING)
        waits = incoming.topics and incoming.hwm and len(incoming.frames) >= most
        if flags & COMMAND:
            held_back = waits and body.startswith(_TOPICS)
        else:
            held_back = not incoming.unfinished and (waits or incoming.full())
        if held_back:
            incoming.park_writer()
        return not held_back

    def _obey(self, body: bytes) -> None:
        """A command in the traffic phase; unknown and malformed ones are ignored."""
        try:
            name, data = command.parse(body)
        except ProtocolError:
            return
        if name == command.PING:
            self._answer(data)
        elif name == command.PONG and len(data) == _NUMBER:
            self.echoed = int.from_bytes(data, "big")
            self.pipe.hub._wake()
        elif name in _ANNOUNCEMENTS and self.pipe.input.topics:
            self.pipe.input.announce(data, _ANNOUNCEMENTS[name])

    def _answer(self, data: bytes) -> None:
        try:
            ping = command.parse_ping(data)
        except ProtocolError as fault:
            self._decoder.error = fault
            self._held.clear()  # what came behind it
        else:
            self._urgent += encode(command.pong(ping.context), COMMAND)
            self._heartbeat.promised(ping.ttl)

    # Output.

    def _drive_out(self) -> None:
        writes = 0
        if self._shut:
            self._urgent = b""
        while not (self._blocked or self._broken) and (self._batch or self._refill()):
            self._write()
            writes += 1
            if writes == WRITES:
                with self.loop.lock:
                    self.loop._ask(self)
                return
        if self._broken and (self._closing or self._eof):
            self._end(self._broken)
        elif self._closing and not self._batch and not self.ended:
            self._sent_all()

    def _write(self) -> None:
        pieces = list(self._batch)[:64]
        # PyPy copies all that it is given, however little the kernel takes.
        pieces[-1] = pieces[-1][:BATCH_SIZE]
        try:
            sent = self._socket.sendmsg(pieces, (), _NO_SIGNAL)
        except (BlockingIOError, InterruptedError):
            self._blocked = True
            return
        except OSError as error:
            # Input may still hold messages: its end-of-file ends the link.
            self._broken = error.errno or EPROTO
            return
        if self._sent < 0 <= self._sent + sent:
            self._heartbeat.asked()
        self._sent += sent
        while sent:
            first = self._batch.popleft()
            if sent < len(first):
                self._batch.appendleft(first[sent:])
            sent -= min(sent, len(first))
        if not self._batch:
            self.in_hand = []  # the kernel has it all
            if self.pipe.hub.flushing:
                with self.loop.lock:
                    self.pipe.hub._wake()

    def _refill(self) -> bool:
        """Take a batch of frames from the pipe and encode them."""
        output = self.pipe.output
        if output.reader_parked and not (output.frames or self._urgent):
            return False  # who writes asks for another turn
        with self.loop.lock:
            self.in_hand = output.pop_many(BATCH_SIZE)
        urgent = self._take_urgent()
        self._sent = -len(urgent)
        buffers = self._join([urgent]) if self.in_hand else [urgent]
        self._batch.extend([memoryview(buffer) for buffer in buffers if buffer])
        return bool(self._batch)

    def _take_urgent(self) -> bytes:
        urgent, self._urgent = self._urgent, b""
        return urgent

    def _join(self, short: list[bytes]) -> list[bytes]:
        """Encode what was taken.  Short pieces are joined, behind `short`, long ones
        left alone: few system calls, few copies."""
        add, buffers, headers = short.append, [], self._short
        for frame in self.in_hand:
            kind, body = frame
            size = len(body)
            if size < 256 and kind < queue.SUBSCRIBE:
                add(headers[kind][size])
                add(body)
                continue
            head, body = self._encode(frame)
            add(head)
            if len(body) < JOIN_LIMIT:
                add(body)
                continue
            buffers += [b"".join(short), body]
            short.clear()
        buffers.append(b"".join(short))
        return buffers

    def _encode(self, frame: queue.Frame) -> tuple[bytes, bytes]:
        kind, body = frame
        if kind < queue.SUBSCRIBE:
            return self._header(len(body), kind), body
        if self._minor == 0:
            body = (b"\1" if kind == queue.SUBSCRIBE else b"\0") + body
            return self._header(len(body)), body
        body = command.encode(_NAMES[kind], body)
        return header(len(body), COMMAND), body

    # The end.

    def _sent_all(self) -> None:
        """The kernel has the last byte.  Nobody tells when it is rid of that, so it
        is looked at now and then; mostly the peer's end comes first."""
        now = time.monotonic()
        if not self._shut:
            self._shut = True
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                self._eof = True
        self._heartbeat.stop()
        if self._eof or not kernel_holds(self._socket):
            self._drained()
        elif not now < self.look_at < math.inf:
            self.look_at = now + LOOK_AGAIN

    def _drained(self) -> None:
        """Say so, and wait for the peer to close."""
        with self.loop.lock:
            self._detach()
            self.pipe._drained()
        self.look_at = math.inf
        self.deadline = time.monotonic() + LINGER_AFTER
        self._discard()

    def _discard(self) -> None:
        """Throw input away until the peer has closed."""
        self._blocked = self._paused = False
        try:
            while not self._eof:
                self._eof = not self._socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._eof = True
        self.ended = self._eof or time.monotonic() >= self.deadline

    def _end(self, error: int) -> None:
        """The link is down."""
        self.ended = True
        self._error = error or self._broken

    def _report(self, error: int) -> None:
        """What the kernel has nothing of waits for the next link."""
        with self.loop.lock:
            self._detach()
            if self._aborted:
                self.pipe.lost += self.unsent()
                self.pipe._drained()
            else:
                self._give_back()
                self.pipe._link_down(error)
            # Somebody may hold the engine; the messages are to be let go of.
            self._batch.clear()
            self.in_hand = []

    def _detach(self) -> None:
        self.pipe.output.reader = self.pipe.input.writer = None
        self.pipe.output.reader_parked = True

    def _messages(self, taken: list[queue.Frame]) -> Iterator[tuple[int, int, int]]:
        """Where in a batch each message begins and ends, in bytes, and the index of the
        frame behind it."""
        begin = at = 0
        for index, frame in enumerate(taken, 1):
            at += self._wire_size(frame)
            if frame[0] != queue.MORE:
                yield begin, at, index
                begin = at

    def _give_back(self) -> None:
        """The taken messages that the kernel has nothing of go back; one that it has a
        part of is lost."""
        kept = 0
        for begin, end, behind in self._messages(self.in_hand):
            if begin >= self._sent:
                break
            kept = behind
            message = self.in_hand[behind - 1][0] == queue.LAST
            self.pipe.lost += message and end > self._sent
        self.pipe.output.unpop(self.in_hand[kept:])

    def _wire_size(self, frame: queue.Frame) -> int:
        return sum(map(len, self._encode(frame)))


_DECODERS = {1: older.Decoder, 2: older.Decoder2}
_ANNOUNCEMENTS = {command.SUBSCRIBE: queue.SUBSCRIBE, command.CANCEL: queue.CANCEL}
_NAMES = {kind: name for name, kind in _ANNOUNCEMENTS.items()}
_NAMES[queue.PROBE] = command.PING
_NUMBER = 4  # octets of the context of a probe
_TOPICS = tuple(command.encode(name, b"") for name in _ANNOUNCEMENTS)
