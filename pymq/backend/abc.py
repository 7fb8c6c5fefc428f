"""The contract between the control plane and the data plane.

The control plane is Python and written once: it opens descriptors, shakes hands,
retries and decides.  The data plane moves messages; there are two of it, ``native`` (C)
and ``pure`` (Python).  They meet here and nowhere else.  Both backends implement these
protocols, mypy checks both, and ``tests/backend`` runs on both.

Words: a *frame* is one part of a message, a *message* is all its parts.  A *pipe* is
two bounded queues between a hub and one peer.  A *hub* is a socket's end of all its
pipes.  An *engine* moves bytes between a pipe and a descriptor.  A *link* is one
connection of a pipe.  A *loop* is the I/O thread or threads that drive engines.  A
*mark* is a high-water mark, in messages.

Threads.  Every method may be called from any thread.  Only `Hub.wait` blocks.  The data
plane never calls Python; it reports an `Event` instead.

Errors.  Calls that can fail in normal use return a negative errno (``-errno.EAGAIN``).
They never raise for what a peer or the system did.
"""

from __future__ import annotations

from collections import deque
from typing import Callable, NamedTuple, Protocol, Sequence, Union

from .counts import Counts, KnownPeers, Peer
from .link import Event as Event
from .link import EventKind as EventKind
from .link import Heartbeat as Heartbeat
from .link import Link as Link
from .routing import HubOption as HubOption
from .routing import Receive as Receive
from .routing import Routing as Routing
from .routing import Send as Send
from .routing import Turns as Turns

Buffer = Union[bytes, bytearray, memoryview]

#: `Hub.wait` also waits for this, beside POLLIN (1) and POLLOUT (2): the kernel, or the
#: joined peer, has every message and announcement of the hub's pipes to the last byte.
SENT = 8


def check_bytes(messages: Sequence[bytes]) -> None:
    """Raise TypeError unless all messages are bytes."""
    for message in messages:
        if not isinstance(message, bytes):
            raise TypeError(f"bytes only, not {type(message).__name__}")


class Moved(NamedTuple):
    """How much `Hub.move` has moved, and why it ended."""

    messages: int
    frames: int
    bytes: int
    #: 0: call again.  Else a negative errno.  EAGAIN: nothing to receive.  ENOBUFS: no
    #: room for the next message.  EALREADY: the next message has to be moved with
    #: `recv_message` and `send_message`.  Any other: with it the next message was lost.
    result: int


class Pipe(Protocol):
    """Two bounded queues between a hub and a peer.

    Life: ``Hub.open``, any number of links (each from ``attach`` to LINK_DOWN),
    ``close``.  Messages can be queued from ``open`` on, before anything is attached.

    When a link goes down in the middle of a message that was being sent, that message
    is dropped.  All later messages stay queued for the next link.  Of what had arrived,
    whole messages can still be received; an unfinished one is dropped.

    Hubs that subscribe drop all that was queued, because they announce their topics
    again on the next link.  What the peer has subscribed to counts until ``close``:
    what is published meanwhile is queued.
    """

    @property
    def id(self) -> int:
        """A positive number, never used twice in a process."""

    def name(self, routing_id: bytes, handover: bool = False) -> int:
        """Give the pipe its name, the routing id of BY_NAME and NAMED.

        An empty `routing_id` makes one up: a zero byte and a 32-bit counter.  Returns
        0, or ``-EADDRINUSE`` if another pipe has the name.  With `handover` it returns
        the id of that other pipe instead, which now has a made-up name and which the
        caller should close.
        """

    def attach(self, link: Link) -> None:
        """Start an engine on an established connection.

        It first decodes ``link.leftover``, and announces topics if the hub subscribes.
        A pipe has one engine at a time: attach only before the first link or after
        LINK_DOWN, else OSError(EBUSY).  OSError or MemoryError if the system has no
        room; the descriptor then stays the caller's.  On a closed pipe that still
        drains, the engine only sends.
        """

    def join(self, other: Pipe) -> None:
        """Connect this pipe to another hub's pipe of the same backend (inproc).

        What each side has queued arrives at the other.  Each direction holds the sum of
        the writer's send mark and the reader's receive mark; if either is 0 there is no
        limit.  Only for two pipes that were never attached.
        """

    def unsent(self) -> tuple[int, int]:
        """Return how many messages wait to be sent, and how many were dropped.

        A message of which the kernel has a part still waits.  Dropped are those that
        the end of a link cut off, or that `close` gave up.  Announcements count as
        messages.  What was given to a joined pipe counts as sent.
        """

    def close(self, drain: bool, keep_input: bool = False) -> bool:
        """Close the pipe.  It takes no more messages, and its name is free.

        It may be called again without `drain`, to stop draining.

        - `drain`: queued messages are still sent; a pipe without a link waits for its
          next.  Without it they are dropped and the descriptor is closed at once.
        - `keep_input`: messages that have arrived can still be received; else they are
          dropped.
        - An unfinished message is dropped either way.

        Returns True if nothing is left to do, for example because the kernel has
        everything already; then no event follows.  Otherwise PIPE_CLOSED follows, once:
        **when the kernel has accepted the last byte of the last message**, or when
        draining was given up.  Only then is an AF_UNIX descriptor half-closed, and for
        it PIPE_CLOSED comes when the peer has also read that byte, or has closed.

        If the link breaks while a closed pipe drains, LINK_DOWN comes.  The caller then
        attaches a new link, or closes without `drain`.  A joined pipe is done at once:
        what it wrote is already the peer's to read.
        """

    def gone(self) -> bool:
        """Whether it is closed, and everything that arrived was received."""


class Bell(Protocol):
    """A descriptor of one waiter's own.  Nobody else can clear it."""

    def fileno(self) -> int:
        """A descriptor that turns readable when something may have happened."""

    def hush(self) -> None:
        """Clear it, before looking at `Hub.ready`, so that nothing is missed."""

    def close(self) -> None:
        """Stop waiting.  The descriptor may be reused for other waiters.
        Idempotent."""


class Hub(Protocol):
    """A socket's end of its pipes.  `send` and `recv` are the hot path."""

    more: bool  # whether more frames of the message last received follow
    #: Messages of one frame that were fetched before the user asked for them.  `recv`
    #: returns these first; whoever pops one has received it.  For everything else
    #: (`ready`, `wait`, marks, `unsubscribe`, `Pipe.close`, `stop`) they count as not
    #: yet received.  But `peer` is not set for them, and later messages of other pipes
    #: come behind them: so there are few, unless the user takes many in a few ms.
    ahead: deque[bytes]
    looks_ahead: bool  # whether `recv` may fill `ahead`; False at first

    @property
    def peer(self) -> int:
        """The id of the pipe that the last frame came from."""

    @property
    def chosen(self) -> int:
        """The id of the pipe that the last message went to (ONE, IN_TURN, BY_NAME)."""

    def open(self, conflate: bool = False) -> Union[Pipe, None]:
        """Add a pipe.  Returns None if the policy is ONE and there is a pipe already.

        `conflate`: in each direction only the last message is kept, whole, and marks
        have no effect.  If two pipes are joined this holds for both if either wants it.
        Not for hubs that subscribe, or that take in subscriptions.
        """

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """Queue one frame.  `data` is copied, or kept if it is ``bytes``.

        With an `owner`, other buffers may be kept too.  They must not change as long as
        `owner` lives, and the hub holds it as long as it needs the buffer.  If `owner`
        has a true attribute ``tracked``, it is held until the frame has left, however
        short that is.

        Returns 0, or a negative errno; then nothing was queued and the same call may be
        repeated.  EAGAIN is possible on the first frame only: once that is accepted,
        the rest of the message fits.  If the chosen pipe closes in the middle of a
        message, the other frames are accepted and dropped, and no part of the message
        is delivered.

        BY_NAME: the first frame is the name, and is not sent.  Unless MANDATORY, a
        message to an unknown or full peer is accepted and dropped.  A name without
        `more` is ignored.
        """

    @property
    def quick_send(self) -> Callable[[bytes], int]:
        """A fast `send` of bytes that end a message.  E2BIG: too long for this."""

    @property
    def quick_recv(self) -> Callable[[], Union[bytes, int, None]]:
        """A fast `recv`.  None: ask `recv`."""

    @property
    def quick_send_message(self) -> Callable[[list[bytes]], Union[int, None]]:
        """A fast `send_message` of a list.

        None, with nothing queued: not all of it are bytes, or only `send_message` can
        do it.
        """

    @property
    def quick_recv_message(self) -> Callable[[], Union[list[bytes], int, None]]:
        """A fast `recv_message`, for when nothing is `ahead`.  Does not set `more`.

        None: ask `recv_message`.
        """

    def send_many(self, messages: Sequence[bytes]) -> int:
        """Queue messages of one frame each.

        Returns how many fitted, or the negative errno that the first one gave; EINVAL
        in the middle of a message.  TypeError, with nothing queued, if they are not all
        bytes.
        """

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """Queue a message; with `more`, only its first frames, at least one.

        It is as if `send` was called for each, with its owner or None, but frames of
        other threads do not get between them.
        """

    def recv_message(self) -> Union[list[bytes], int]:
        """Return the frames of the next message, or the rest of one that was begun.

        Or a negative errno.  Other threads get none of these frames.
        """

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """As `recv_message`, with the id of the pipe that the message came from.

        The id is right for messages that were received ahead, too.  Long bodies may be
        views of the memory that they were read to.
        """

    def recv_many(self, most: int) -> list[bytes]:
        """Return at most `most` messages of one frame each that are there.

        The list may be empty although something is there: in the middle of a message,
        before a message of several frames or a very long one, after `stop`, and where
        receiving is refused.  `recv` then says what is the matter.
        """

    def move(self, to: Hub, most: int) -> Moved:
        """Send what is received to another hub: at most `most` messages, each whole.

        It moves none for which the other has no room, and takes no more than
        microseconds.  It does not set `more`.
        """

    def recv(self) -> Union[bytes, int]:
        """Return the next frame, and set `more` and `peer`; or return a negative errno.

        EAGAIN: nothing to receive.  It is never returned in the middle of a message.
        """

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """As `recv`, with the id of the pipe, and whether more frames follow.

        The id is right for frames that were received ahead, too.  A long body may be a
        view of the memory that it was read to.
        """

    def ready(self) -> int:
        """Return what can be done now: POLLIN (1), POLLOUT (2), both, or 0.

        POLLIN: `recv` would give a frame.  POLLOUT: the first frame of a message would
        be accepted.  In the middle of a message that is being received or sent, POLLIN
        or POLLOUT is set.  BY_NAME without MANDATORY and TO_ALL always have POLLOUT;
        but TO_ALL with NO_DROP not until a peer that refused the last message has room.
        After `stop` it returns a negative errno.
        """

    def ask(self, frames: Sequence[bytes], again: bool) -> int:
        """ASKS: send a request that has a number, to the peer whose turn it is.

        From then on any peer's reply with that number counts, and no other reply, even
        if this call fails.  `again`: it is the same request, with the same number; or
        a new one, if the last one had no number.  EFSM in the middle of sending a
        message.
        """

    def give_up(self) -> None:
        """ASKS: stop waiting for a reply."""

    def wait(self, events: int, timeout: int) -> int:
        """Block until `ready` has one of `events`, or until `SENT`.  Without the GIL.

        `timeout` is in ms, -1 for ever.  Returns the events that are ready, 0 after
        `timeout`, ``-EINTR`` when a signal arrived, or the negative errno of `stop`.
        Any number of threads may wait.

        After a send that gave EAGAIN, POLLOUT means here that this same send may now
        succeed: with MANDATORY, that this peer has room or is gone, whoever else may
        have room.
        """

    def bell(self, events: int, reads: bool = False) -> Bell:
        """Make a bell, for a thread that also waits for other things.

        It rings when `ready` may have one of `events`, when everything was sent
        (`SENT`), and at `stop`, even if another thread notices first.  `reads`: the
        caller promises to call `hush` soon, each time the descriptor is readable, so
        reading from connections may be left to that call.
        """

    def fileno(self) -> int:
        """A descriptor that turns readable when `ready` may have changed (option FD).

        It is edge-triggered: any call on the hub may clear it.  It is made when first
        asked for, stays readable after `stop`, and lives as long as the hub object,
        because a thread that polls it while another closes the socket must wake up.
        """

    def set(self, option: HubOption, value: int) -> None:
        """Change an option.  Marks apply to existing pipes at once."""

    def subscribe(self, topic: bytes, announce: bool = True) -> None:
        """Add one subscription to a topic, and tell every attached peer, each time.

        Announcements do not count against marks.  With `announce` False it only counts.
        """

    def unsubscribe(self, topic: bytes, announce: bool = True) -> bool:
        """Take one subscription away; peers are told when none is left.

        Returns whether this was the last one.  An unknown topic changes nothing and
        gives False.
        """

    def greet(self, message: Union[bytes, None]) -> None:
        """Begin every pipe that is opened from now on with this message.

        It has one frame, and counts against the pipe's mark.  None: no message.
        """

    def grant(self, topic: bytes, wanted: bool = True) -> None:
        """MANUAL: subscribe the peer whose notice was received last, or unsubscribe it.

        Nothing happens if there is no such peer, or it is gone.
        """

    def keep_last(self, limit: int) -> None:
        """Keep the last message of each topic, for peers that subscribe later.

        For hubs that send TO_ALL and take in topics.  A topic is the whole first frame.
        A peer that subscribes gets the kept messages at once, as ordinary messages,
        unless it had subscribed to them before over the same link.  When there are more
        than `limit` topics, those that have not changed for longest are forgotten; 0
        forgets all.  Subscriptions that arrive while a message is half-sent wait for
        its end.  Not with INVERT.
        """

    def topics(self) -> int:
        """Return how many different topics are subscribed, here or by peers."""

    def subscribers(self, first: bytes) -> int:
        """Return how many peers get a message that begins with this frame.

        If the hub takes in topics these are the peers that want it, else all.
        """

    def make_room(self) -> bool:
        """After a send that gave EAGAIN: drop the oldest message where it was refused.

        The same send can then succeed.  IN_TURN: the pipes take turns.  Returns False
        if there is nothing to drop: no pipe, or all messages have begun to go out.
        Only for hubs that send to ONE, IN_TURN or TO_ALL, and do not subscribe.
        """

    def lose(self, more: bool) -> None:
        """Count a message as dropped that there was no room for.

        `more`: its other frames are dropped as well, when they are sent.
        """

    def totals(self) -> Counts:
        """Return the counts of all pipes that this hub has had, closed ones included.

        A closed pipe counts as it was when it was closed.  `Counts.peers` is the number
        of pipes that the hub has now.
        """

    def peers(self, known: KnownPeers) -> list[Peer]:
        """Return a record of each pipe, also of closed ones that have something to
        receive.

        `known` has what the control plane knows of each pipe, by its id.  The routing
        id of a pipe that has a name is that name.
        """

    def probe(self, number: int) -> int:
        """Return how many peers have everything that was sent before this question.

        The question has a `number` (1 to 2**32-1, a new one for each question); call
        again with the same number to ask again.  A peer counts if it has answered a
        PING that carries the number, or if it is joined.  If its version of ZMTP has no
        PING it counts when the kernel has everything.  Peers that are connected and
        were not asked on this link are asked.  A bell for POLLIN and `SENT` tells of
        changes.
        """

    def has(self, pipe: int) -> bool:
        """Whether an open pipe of this hub has that id."""

    def stop(self, error: int) -> None:
        """Make every blocked and every later call fail with `error` (ETERM, ENOTSOCK).

        Pipes go on draining.  A later call replaces the error.
        """

    def free(self) -> None:
        """Release what the hub holds.  Call this last, after `stop`.

        Pipes that are still open are closed without draining; those that drain go on.
        """


class Loop(Protocol):
    """The I/O threads of one context, and the events for Python."""

    def start(self) -> None:
        """Start the threads, before the first attach.  Idempotent."""

    def stop(self) -> None:
        """End the threads and close every engine's descriptor.  Idempotent."""

    def fileno(self) -> int:
        """A descriptor that is readable while `take_events` has something."""

    def nudge(self) -> None:
        """Make that descriptor readable until the next `take_events`.

        It wakes a thread that polls it.  Not after `stop`.
        """

    def take_events(self) -> Sequence[Event]:
        """Return everything that happened since the last call, oldest first."""


class Backend(Protocol):
    """What a backend module offers."""

    name: str

    def loop(self, threads: int) -> Loop:
        """Make the I/O of one context, with so many threads; 0: only `join`."""

    def hub(self, loop: Loop, routing: Routing) -> Hub:
        """Make a socket's end of its pipes."""

    def settle(self) -> None:
        """Let go of buffers and owners that nobody needs any more.

        That is when the kernel or the receiver has them, or the message was dropped.
        Sending, waiting and taking events do this, too.
        """
