"""The contract between the control plane and the data plane.

The control plane (Python, written once) opens descriptors, shakes hands, retries
and decides.  The data plane (``native`` in C, ``pure`` in Python) moves messages.
They meet here and nowhere else: both backends implement these protocols, mypy
checks both, and ``tests/backend`` runs on both.

Words: a *frame* is one part, a *message* all parts.  A *pipe* is two bounded
queues between a hub and one peer.  A *hub* is a socket's end of all its pipes.
An *engine* moves bytes between a pipe and a descriptor.  A *loop* is the I/O
thread (or threads) that drives engines.

Threads.  Every method may be called from any thread.  Nothing here blocks except
`Hub.wait`.  The data plane never calls back: what Python must know is an `Event`.

Errors.  Calls that can fail in the normal course of things return a negative
errno (``-errno.EAGAIN``); they never raise for what a peer or the system did.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Callable, NamedTuple, Protocol, Sequence, Union

from ..zmtp.sealing import Keys
from .counts import Counts, KnownPeers, Peer
from .routing import HubOption as HubOption
from .routing import Receive as Receive
from .routing import Routing as Routing
from .routing import Send as Send
from .routing import Turns as Turns

Buffer = Union[bytes, bytearray, memoryview]

#: What `Hub.wait` waits for beside POLLIN (1) and POLLOUT (2): no pipe of the hub has
#: a message, or an announcement, that the kernel or the joined peer has not wholly.
SENT = 8


class Heartbeat(NamedTuple):
    """When a peer is asked for a sign of life: PING and PONG of ZMTP 3.1 (RFC 37).

    Milliseconds; 0 is never, or none.  Whatever is received is a sign of life.  The
    TTL of a peer's own PINGs is obeyed without any of this: silence for that long ends
    the link.  What the engine has not read (at a mark) never counts as silence.
    """

    interval: int = 0  # between PINGs (ZMQ_HEARTBEAT_IVL)
    timeout: int = 0  # after a PING without which the link ends (.._TIMEOUT)
    ttl: int = 0  # tells the peer when it may give us up; 0..6553500 (.._TTL)


class Link(NamedTuple):
    """An established connection: what a transport opened and a handshake agreed."""

    fd: int  # non-blocking stream descriptor; the engine owns and closes it
    leftover: bytes = b""  # bytes the peer sent behind its handshake
    minor: int = 1  # ZMTP 3.minor of the peer; decides how topics are announced
    max_size: int = -1  # bytes in one frame, -1 = unlimited (ZMQ_MAXMSGSIZE)
    affinity: int = 0  # bits of the I/O threads that may drive it, 0: any
    heartbeat: Heartbeat = Heartbeat()
    major: int = 3  # 1 and 2 have no commands, 1 has other frames
    raw: bool = False  # no frames: each read is a message, messages go out as they are
    notifies: bool = False  # raw: an empty message arrives with the link and at its end
    sealing: Union[Keys, None] = None  # each frame is sealed (CURVE), inside a frame


class EventKind(IntEnum):
    """What the control plane must know."""

    LINK_DOWN = 1  # the engine has ended and closed its descriptor
    PIPE_CLOSED = 2  # a closed pipe has nothing left to send, or gave up


class Event(NamedTuple):
    """One thing that happened in the data plane.

    `error` is why a link went down: 0 the peer closed it, EPROTO a malformed or
    reserved frame, EMSGSIZE a frame above `Link.max_size`, ETIMEDOUT no sign of life
    (`Heartbeat`), ENOMEM, else the errno of the failed system call.
    """

    kind: EventKind
    pipe: int
    error: int


def check_bytes(messages: Sequence[bytes]) -> None:
    """TypeError unless all are bytes."""
    for message in messages:
        if not isinstance(message, bytes):
            raise TypeError(f"bytes only, not {type(message).__name__}")


class Moved(NamedTuple):
    """What `Hub.move` has moved, and why it ended."""

    messages: int
    frames: int
    bytes: int
    #: 0: call again; EAGAIN: nothing is there; ENOBUFS: no room for the next one;
    #: EALREADY: the next one is for `recv_message` and `send_message` to move; or
    #: another errno, negative, with which the next one was lost.
    result: int


class Pipe(Protocol):
    """Two bounded queues between a hub and whatever is attached.

    Life: ``Hub.open`` -> any number of (``attach`` .. LINK_DOWN) -> ``close``.
    Messages may be queued from ``open`` on, before anything is attached.

    When a link goes down, a message that was partly in the kernel's hands is
    dropped whole, every later one stays queued for the next link; of what arrived,
    whole messages stay readable and a partial one is dropped.  Hubs that subscribe
    drop all that was queued: they announce their topics afresh on the next link.  What
    the peer has subscribed to counts until ``close``: what is published is queued.
    """

    @property
    def id(self) -> int:
        """Positive, never used twice in a process."""

    def name(self, routing_id: bytes, handover: bool = False) -> int:
        """Give the pipe the name by which BY_NAME sends and NAMED receives know it.

        An empty `routing_id` asks for a generated one: 00 and a 32-bit counter.
        Returns 0; or ``-EADDRINUSE`` if another pipe holds the name; with
        `handover` the id of that other pipe, which from now on has a generated
        name and which the caller should close.
        """

    def attach(self, link: Link) -> None:
        """Start an engine on an established connection.

        First decodes ``link.leftover``; announces topics if the hub subscribes.
        A pipe has one engine at a time: attach only before the first link or after
        LINK_DOWN, else OSError(EBUSY).  OSError or MemoryError when the system has
        no room; the descriptor is then still the caller's.  On a closed pipe that
        still drains, the engine only sends.
        """

    def join(self, other: Pipe) -> None:
        """Connect this pipe to another hub's pipe of the same backend (inproc).

        What each side has queued arrives at the other.  Each direction holds the
        sum of the writer's send mark and the reader's receive mark (0 if either is
        0).  Only between two pipes that were never attached.
        """

    def unsent(self) -> tuple[int, int]:
        """How many messages wait to be sent, counting one of which the kernel has a
        part; and how many of all that were sent to it were dropped: cut by the end of
        a link, or given up by `close`.  Announcements count as messages.  What a
        joined pipe was given is the peer's, and sent."""

    def close(self, drain: bool, keep_input: bool = False) -> bool:
        """End the pipe: no more sends, its name is free.  May be called again to
        escalate from drain to no drain.

        `drain`: queued messages are still sent; an unattached pipe waits for its
        next link.  Without it they are dropped and the descriptor closed at once.
        `keep_input`: messages that arrived stay readable, else they are dropped.
        An unfinished multipart message is dropped either way.

        Returns True when nothing is left to do, above all when the kernel has all
        already, whatever else the engine has to see to; otherwise PIPE_CLOSED follows,
        **once the kernel has accepted the last byte of the last message** or the
        drain was given up.  A descriptor of AF_UNIX is then half-closed, and for it
        PIPE_CLOSED comes when the peer has also read that byte, or closed.
        PIPE_CLOSED comes once, and no LINK_DOWN after close
        returned True.  If the link breaks while a closed pipe drains, LINK_DOWN
        comes and the caller either attaches a new link or closes without drain.
        A joined pipe is done at once: what it wrote is already the peer's to read.
        """

    def gone(self) -> bool:
        """Whether it takes no more messages, and none of those that arrived is left
        to be read."""


class Bell(Protocol):
    """One waiter's own descriptor: nobody else quietens it."""

    def fileno(self) -> int:
        """Readable once something may have come since `hush`."""

    def hush(self) -> None:
        """Before looking at `Hub.ready`: what comes later is heard."""

    def close(self) -> None:
        """Wait no longer; the descriptor may be another waiter's now.  Idempotent."""


class Hub(Protocol):
    """A socket's end of its pipes.  `send` and `recv` are the hot path."""

    more: bool  # whether more frames of the message last received follow
    #: Messages of one frame that were received ahead of their user, and that `recv`
    #: gives first: whoever pops one has received it.  For all else (`ready`, `wait`,
    #: marks, `unsubscribe`, `Pipe.close`, `stop`) they count as not yet received; but
    #: `peer` does not tell of them, and messages that come later from other pipes are
    #: behind them: so there are few, unless their user takes many in a few ms.
    ahead: deque[bytes]
    looks_ahead: bool  # whether `recv` may fill `ahead`; not at first

    @property
    def peer(self) -> int:
        """Id of the pipe that the last frame came from."""

    @property
    def chosen(self) -> int:
        """Id of the pipe that the last message went to (ONE, IN_TURN, BY_NAME)."""

    def open(self, conflate: bool = False) -> Union[Pipe, None]:
        """Add a pipe.  None if the policy is ONE and there is a live pipe.

        `conflate`: of the messages that wait in it, each way, only the last one is
        kept, whole; marks mean nothing.  A joined queue is so if either end wants it.
        Not for subscriptions, and what takes them in.
        """

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """Queue one frame; `data` is copied or, if it is ``bytes``, may be kept.

        With an `owner`, other buffers may be kept too: they must not change while
        `owner`, which is kept as long, lives.  One with a true attribute ``tracked``
        is kept until the frame has left, however short that is.

        Returns 0 or a negative errno, in which case nothing was queued and the
        same call may be repeated.  EAGAIN is possible on the first frame only:
        once that is accepted the rest of the message fits.  If the chosen pipe
        closes in the middle of a message the rest is swallowed with success and
        no part of it is delivered.
        BY_NAME: the first frame is the name and not sent; unless MANDATORY, a
        message to an unknown or full peer is swallowed; a name without `more` is
        ignored.
        """

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """`send`, of bytes that end a message.  E2BIG: too long for this way."""

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """`recv`; None
        if only `recv` can tell."""

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """`send_message` of a list; None, and nothing was queued, if not all of it are
        bytes, or if only that can do it."""

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """`recv_message`, where nothing is `ahead`; None if only that can tell.  Does
        not set `more`."""

    def send_many(self, messages: Sequence[bytes]) -> int:
        """Queue messages of one frame each.  Returns how many fitted, or the negative
        errno that the first one gave; EINVAL in the middle of a message.  TypeError,
        before any is queued, if they are not bytes."""

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """Queue a message, or with `more` its first frames, of which there is at least
        one: as `send` of each, with its owner or None, but nobody else's frames get
        between."""

    def recv_message(self) -> Union[list[bytes], int]:
        """The frames of the next message, or the rest of one that was begun; or the
        error, negative.  Nobody else gets any of them."""

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """As `recv_message`, with the id of the pipe that the message came from, also
        of what was received ahead; and long bodies may come as views of where they
        lie."""

    def recv_many(self, most: int) -> list[bytes]:
        """At most `most` messages of one frame that are there.  None also in the middle
        of a message, before a message of several frames or a very long one, after
        `stop` and where receiving is refused: `recv` tells."""

    def move(self, to: Hub, most: int) -> Moved:
        """Send what is received to another hub: at most `most` messages, each whole,
        and none for which there is no room there.  As long as that takes microseconds.
        Does not set `more`."""

    def recv(self) -> Union[bytes, int]:
        """The next frame, and sets `more` and `peer`; or the error, negative.

        EAGAIN: nothing to receive (never in the middle of a message).
        """

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """As `recv`, with the id of the pipe that the frame came from, also of what was
        received ahead, and whether more follow; and a long body may come as a view of
        where it lies."""

    def ready(self) -> int:
        """POLLIN (1) if recv would give a frame, POLLOUT (2) if the first frame of
        a message would be accepted (plain BY_NAME and TO_ALL: always; with NO_DROP
        not until a peer that the last message was refused for has room); or a
        negative errno after `stop`.  In the middle of sending a message POLLOUT is
        set; in the middle of receiving one POLLIN is."""

    def ask(self, frames: Sequence[bytes], again: bool) -> int:
        """ASKS: send a request with a number, to whose turn it is: any peer's reply
        with that number counts, and no other one is waited for; nor if this fails.
        `again`: the same request, if the last one had a number.  EFSM in the middle of
        another one."""

    def give_up(self) -> None:
        """ASKS: wait for no reply any more."""

    def wait(self, events: int, timeout: int) -> int:
        """Block until `ready` has one of `events`, or `SENT`, without the GIL.

        `timeout` is in milliseconds, -1 for ever.  Returns the ready events, 0
        after `timeout`, ``-EINTR`` when a signal arrived, or the negative errno of
        `stop`.  After a send that gave EAGAIN, POLLOUT means here that the same
        send may now succeed (MANDATORY: that peer has room, or is gone), even if
        `ready` says POLLOUT because others have room.  Any number of threads may
        wait.
        """

    def bell(self, events: int, reads: bool = False) -> Bell:
        """For a thread that waits for other things, too, until `ready` has one of
        `events`, or all was sent (`SENT`), or `stop`.  Also if another thread takes
        notice first.

        `reads`: it calls `hush` each time the descriptor is readable, and soon, so
        that it may be left to that call to read from connections."""

    def fileno(self) -> int:
        """A descriptor that turns readable when `ready` may have changed (ZMQ_FD:
        edge-triggered, any call on the hub may consume it).  Made when first asked
        for.  Stays readable after `stop`, and lives as long as the hub object: who
        polls it while another thread closes the socket must wake up."""

    def set(self, option: HubOption, value: int) -> None:
        """Change an option; marks apply to existing pipes at once."""

    def subscribe(self, topic: bytes, announce: bool = True) -> None:
        """Count one more subscription, and tell every attached peer (each time).

        Announcements never count against a high-water mark.  `announce` False
        only counts.
        """

    def unsubscribe(self, topic: bytes, announce: bool = True) -> bool:
        """Drop one count; peers are told when none is left.  Returns whether this
        was the last one; an unknown topic changes nothing and gives False."""

    def greet(self, message: Union[bytes, None]) -> None:
        """Every pipe that is opened from now on begins with this message of one
        frame (which counts against its mark), or with none."""

    def grant(self, topic: bytes, wanted: bool = True) -> None:
        """MANUAL: give the topic to the peer whose notice was received last, or take
        it away.  Nothing happens if there is none, or it is gone."""

    def keep_last(self, limit: int) -> None:
        """Of a hub that sends TO_ALL and takes in topics: keep the last message of
        each topic (that is all of its first frame), for peers that subscribe later.

        They get it at once, as any message, unless they had subscribed to it before,
        over this link of their pipe.
        Of more topics than `limit` those are forgotten that did not change for longest;
        0: all.  In the middle of a message that is sent, subscriptions wait.  Not with
        INVERT.
        """

    def topics(self) -> int:
        """How many distinct topics are subscribed here (SUB, XSUB) or by peers."""

    def subscribers(self, first: bytes) -> int:
        """How many peers a message that begins with this frame is for: of a hub that
        takes in topics those that want it, else all."""

    def make_room(self) -> bool:
        """After a send that gave EAGAIN: drop the oldest message that waits where it
        was refused (IN_TURN: pipes take turns), for the same send to succeed.

        False if there is none: no pipe, or each has begun to go out.  Only for hubs
        that send to ONE, IN_TURN or TO_ALL, and do not subscribe.
        """

    def lose(self, more: bool) -> None:
        """A message that there was no room for is given up, and counts as dropped.
        `more`: so are the rest of its frames, when they are sent."""

    def totals(self) -> Counts:
        """Of all pipes that this hub has and had; `Counts.peers` of those it has.  Of
        one that was closed, as it was then."""

    def peers(self, known: KnownPeers) -> list[Peer]:
        """Its pipes, with those that were closed and have something to be received.
        What is `known` of each, by pipe, is looked up; but the name of a pipe that has
        one is its routing id."""

    def probe(self, number: int) -> int:
        """How many peers have all that was sent to them before they were first asked
        with this `number` (1 to 2**32-1, a new one for each question).

        They have answered a PING that carries it, or are joined; of a peer whose
        version of ZMTP has no PING the kernel has all.  Asks those that are connected
        and were not asked on this link.  `bell` and `Bell.hush` tell of changes, to
        who hangs one for POLLIN and `SENT`.
        """

    def has(self, pipe: int) -> bool:
        """Whether a live pipe of this hub has that id."""

    def stop(self, error: int) -> None:
        """Make every blocked and later call fail with `error` (ETERM, ENOTSOCK).
        Pipes go on draining.  A later stop replaces the error."""

    def free(self) -> None:
        """Release what the hub holds.  Call last, after `stop`.  Pipes that are
        still open are closed without drain; drains that run go on."""


class Loop(Protocol):
    """The I/O thread or threads of one context, and the events for Python."""

    def start(self) -> None:
        """Start the threads; called before the first attach.  Idempotent."""

    def stop(self) -> None:
        """End the threads, close every engine's descriptor.  Idempotent."""

    def fileno(self) -> int:
        """A descriptor, readable while `take_events` has something."""

    def nudge(self) -> None:
        """Have that descriptor readable until the next `take_events`: for who sleeps
        there."""

    def take_events(self) -> Sequence[Event]:
        """Everything that happened since the last call, oldest first."""


class Backend(Protocol):
    """What a backend module offers."""

    name: str

    def loop(self, threads: int) -> Loop:
        """The I/O of one context; `threads` >= 0 (0: only `join`, never `attach`)."""

    def hub(self, loop: Loop, routing: Routing) -> Hub:
        """One socket's end of its pipes."""

    def settle(self) -> None:
        """Let go of the buffers (and their owners) that nobody needs any more: the
        kernel or the receiver has them, or the message was dropped.  Sending,
        waiting and taking events do so too."""
