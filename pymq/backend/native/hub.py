"""A socket's end of its pipes; see `pymq.backend.abc.Hub`."""

from __future__ import annotations

import random
from array import array
from errno import E2BIG, EALREADY, ENOMEM
from functools import partial
from typing import Any, Callable, Sequence, TypeVar, Union

from ... import _core
from ..._core import ffi, lib
from ..abc import (
    Buffer,
    HubOption,
    Moved,
    Routing,
    Turns,
    check_bytes,
)
from ..abc import Hub as AbstractHub
from ..counts import Counts, KnownPeers, Peer
from ..messages import no_way
from . import counting, held
from .ahead import Ahead
from .batch import Batch
from .bell import Bell
from .handles import BUILTINS, check, owner
from .loop import Loop
from .pipe import Pipe

_Body = TypeVar("_Body")

_SLOT_SIZE = lib.PYMQ_SLOT
_HOLD_FROM = lib.PYMQ_HOLD_FROM
_POLLIN = 1
_MORE, _WAITING = 1, 2  # see pymq_slot_recv
_JOINED = 4096  # mean size in bytes up to which messages are worth joining

# Bound once: looking a function up in `lib` costs a third of the call.
_send = lib.pymq_hub_send
_send_long = lib.pymq_hub_send_long
_recv = lib.pymq_slot_recv
_send_many = lib.pymq_hub_send_many
_ready = lib.pymq_hub_ready
_wait = lib.pymq_hub_wait
_peer = lib.pymq_hub_peer
_chosen = lib.pymq_hub_chosen
_handed = lib.pymq_hub_handed
_move = lib.pymq_hub_move
_wants = lib.pymq_hub_wants
_loans = held.loans
_from_buffer = ffi.from_buffer
_buffer = ffi.buffer


class Hub(Ahead):
    """See `pymq.backend.abc.Hub`."""

    __slots__ = (
        "__weakref__",
        "_batches",
        "_owner",
        "_slots",
        "quick_recv",
        "quick_recv_from",
        "quick_recv_many",
        "quick_recv_message",
        "quick_send",
        "quick_send_many",
        "quick_send_message",
        "_quick_peers",
        "_quick_totals",
    )

    def __init__(self, loop: Loop, routing: Routing) -> None:
        number = random.getrandbits(32) if routing.turns is Turns.ASKS else 0
        pointer = lib.pymq_hub_new(loop._loop, *routing, number)
        self._owner = owner("hub", pointer)
        super().__init__(pointer)
        # Frames are received into slots; a thread that receives takes one out,
        # so that threads do not receive over each other.
        self._slots: list[tuple[Any, Any]] = []
        self._batches: list[Batch] = []  # of recv_many; as with slots
        self._bind()

    def _bind(self) -> None:
        self.quick_send: Callable[[bytes], int] = self._send_plain
        self.quick_recv: Callable[[], Union[bytes, int, None]] = self._recv_plain
        self.quick_recv_from: Callable[[], Any] = no_way
        self.quick_send_message: Callable[[Any], Union[int, None]] = no_way
        self.quick_recv_message: Callable[[], Any] = no_way
        self.quick_send_many: Callable[[Any], Union[int, None]] = no_way
        self.quick_recv_many: Callable[[int], list[bytes]] = self._fetch
        self._quick_totals: Callable[..., Counts] = partial(counting.totals, self._hub)
        self._quick_peers: Callable[..., list[Peer]] = partial(
            counting.peers, self._hub
        )
        if BUILTINS:
            bound = _core.bind_hub(self._owner)
            self.quick_send, self.quick_recv, self.quick_recv_from, *messages = bound
            self.quick_send_message, self.quick_recv_message, *many = messages
            self.quick_send_many, self.quick_recv_many, *counted = many
            self._quick_totals, self._quick_peers = counted

    def _send_plain(self, data: bytes) -> int:
        return _send(self._hub, data, len(data), False)

    def _recv_plain(self) -> Union[bytes, int, None]:
        return self.recv()

    @property
    def peer(self) -> int:
        """See `pymq.backend.abc.Hub.peer`."""
        return _peer(self._hub)

    @property
    def chosen(self) -> int:
        """See `pymq.backend.abc.Hub.chosen`."""
        return _chosen(self._hub)

    def open(self, conflate: bool = False) -> Union[Pipe, None]:
        """See `pymq.backend.abc.Hub.open`."""
        made = ffi.new("pymq_pipe *[1]")
        result = lib.pymq_hub_open(self._hub, made, bool(conflate))
        if result == -ENOMEM:
            raise MemoryError
        return None if result < 0 else Pipe(made[0], self)

    def send(
        self, data: Buffer, more: bool = False, owner: Union[object, None] = None
    ) -> int:
        """See `pymq.backend.abc.Hub.send`."""
        if owner is not None and held.worth(data, owner):
            return held.send(self._hub, data, more, owner)
        if data.__class__ is bytes:
            if len(data) < _HOLD_FROM:
                return _send(self._hub, data, len(data), more)
            return held.send(self._hub, data, more, owner)
        with _from_buffer(data) as view:
            return _send_long(self._hub, view, len(view), more, 0)

    def send_many(self, messages: Sequence[bytes]) -> int:
        """See `pymq.backend.abc.Hub.send_many`."""
        sent = self.quick_send_many(messages)
        return self._send_joined(messages) if sent is None else sent

    def _send_joined(self, messages: Sequence[bytes]) -> int:
        sizes = array("I", map(len, messages))
        total = sum(sizes)
        if total > _JOINED * len(sizes):
            return self._send_each(messages)
        data = b"".join(messages)
        if len(data) != total:
            raise TypeError("messages are bytes")
        with _from_buffer("uint32_t[]", sizes) as counted:
            return _send_many(self._hub, data, counted, len(sizes))

    def _send_each(self, messages: Sequence[bytes]) -> int:
        check_bytes(messages)
        result = _send_many(self._hub, b"", ffi.NULL, 0)
        if result < 0:
            return result
        for count, message in enumerate(messages):
            result = self.quick_send(message)
            if result == -E2BIG:
                result = self.send(message)
            if result < 0:
                return count or result
        return len(messages)

    def recv(self) -> Union[bytes, int]:
        """See `pymq.backend.abc.Hub.recv`."""
        found = self._take(held.body)
        if isinstance(found, int):
            return self._again(found, self._pop_one, self.recv)
        body, _, flags = found
        if flags & _WAITING and self.looks_ahead:
            self._look_ahead()
        return body

    def recv_from(self) -> Union[tuple[Buffer, int, bool], int]:
        """See `pymq.backend.abc.Hub.recv_from`."""
        receive = self.quick_recv_from
        first: Any = self._pop_from() if self.ahead or self._aside else receive()
        if first.__class__ is tuple:
            self.more = first[2]
            return first
        found = first if first.__class__ is int else self._take(held.view)
        if isinstance(found, int):
            return self._again(found, self._pop_from, self.recv_from)
        body, pipe, flags = found
        return body, pipe, flags & _MORE != 0

    def _take(
        self, long: Callable[[Any, int], _Body]
    ) -> Union[tuple[Union[bytes, _Body], int, int], int]:
        """The next frame in C, its pipe, and whether more follow and a batch is worth
        fetching; or the error, negative.  `long` gets a long body out of a slot."""
        try:
            pair = self._slots.pop()
        except IndexError:
            pair = _new_slot(self._hub)
        slot, view = pair
        result = _recv(slot)
        if result < 0:
            self._slots.append(pair)
            return int(result)
        size = result >> 2
        body = view[:size] if size <= _SLOT_SIZE else long(slot, size)
        peer = slot.peer
        self._slots.append(pair)
        self.more = result & _MORE != 0
        return body, peer, result

    def _again(
        self,
        error: int,
        pop: Callable[[], Union[_Body, None]],
        receive: Callable[[], Union[_Body, int]],
    ) -> Union[_Body, int]:
        """Unless it failed: what was received ahead comes first."""
        if error != -EALREADY:
            return error
        with self._lock:
            self._waiting += 1  # so that a signal's handler fetches nothing now
            try:
                found = pop()
                if found is not None:
                    return found
                _handed(self._hub)
            finally:
                self._waiting -= 1
        return receive()

    def send_message(
        self,
        frames: Sequence[Buffer],
        more: bool = False,
        owners: Union[Sequence[object], None] = None,
    ) -> int:
        """See `pymq.backend.abc.Hub.send_message`."""
        result = None if more or owners else self.quick_send_message(frames)
        if result is not None:
            return result
        owners = [None] * len(frames) if owners is None else owners
        return held.send_message(self._hub, frames, more, owners)

    def recv_message(self) -> Union[list[bytes], int]:
        """See `pymq.backend.abc.Hub.recv_message`."""
        frames = -EALREADY if self.ahead else self.quick_recv_message()
        if frames.__class__ is not list:
            return self._recv_parts(frames)
        self.more = False
        return frames

    def _recv_parts(self, frames: Union[int, None]) -> Union[list[bytes], int]:
        """As `recv_message`, which there is no quick way for, or which failed."""
        if frames is None:
            found = held.recv_message(self._hub, held.part_body)
            if not isinstance(found, int):
                self.more = False
                return found[0]
            frames = found
        return self._again(frames, self._pop_single, self.recv_message)

    def recv_message_from(self) -> Union[tuple[list[Buffer], int], int]:
        """See `pymq.backend.abc.Hub.recv_message_from`."""
        found: Any = -EALREADY
        if not self.ahead:
            found = held.recv_message(self._hub, held.part_view)
        if isinstance(found, int):
            return self._again(found, self._pop_single_from, self.recv_message_from)
        self.more = False
        return found  # type: ignore[no-any-return]

    def ask(self, frames: Sequence[bytes], again: bool) -> int:
        """See `pymq.backend.abc.Hub.ask`."""
        return held.ask(self._hub, frames, again)

    def give_up(self) -> None:
        """See `pymq.backend.abc.Hub.give_up`."""
        lib.pymq_hub_give_up(self._hub)

    def recv_many(self, most: int) -> list[bytes]:
        """See `pymq.backend.abc.Hub.recv_many`."""
        with self._lock:
            self._waiting += 1  # see `_again`
            try:
                found = self._pop(most)
                if len(found) < most:
                    _handed(self._hub)
                    found += self.quick_recv_many(most - len(found))
                return found
            finally:
                self._waiting -= 1

    def move(self, to: AbstractHub, most: int) -> Moved:
        """See `pymq.backend.abc.Hub.move`."""
        if not isinstance(to, Hub):
            raise TypeError("the other hub is another backend's")
        moved = ffi.new("pymq_moved *")
        result = _move(self._hub, to._hub, most, moved)
        return Moved(moved.messages, moved.frames, moved.bytes, result)

    def _fetch(self, most: int) -> list[bytes]:
        """As many as are there."""
        found: list[bytes] = []
        batch = self._batches.pop() if self._batches else Batch()
        while len(found) < most:
            before = len(found)
            batch.fetch(self._hub, most - before, False)
            found += batch.messages()
            if len(found) == before:
                break
        self._batches.append(batch)
        return found

    def ready(self) -> int:
        """See `pymq.backend.abc.Hub.ready`."""
        with self._lock:
            self._load()
            result = _ready(self._hub)
            return result | _POLLIN if self.ahead and result >= 0 else result

    def wait(self, events: int, timeout: int) -> int:
        """See `pymq.backend.abc.Hub.wait`."""
        if _loans:
            held.settle()
        result = _wait(self._hub, events, timeout)
        return result if result != -EALREADY else self._wait_again(events, timeout)

    def _wait_again(self, events: int, timeout: int) -> int:
        """Unless what was received ahead is still there."""
        result = -EALREADY
        while result == -EALREADY:
            with self._lock:
                self._load()
                if self.ahead:
                    result = self.ready()
                    return result if result < 0 else result & events
                _handed(self._hub)
            result = _wait(self._hub, events, timeout)
        return result

    def bell(self, events: int, reads: bool = False) -> Bell:
        """See `pymq.backend.abc.Hub.bell`."""
        return Bell(self, events, reads)

    def fileno(self) -> int:
        """See `pymq.backend.abc.Hub.fileno`."""
        return check(lib.pymq_hub_fileno(self._hub))

    def set(self, option: HubOption, value: int) -> None:
        """See `pymq.backend.abc.Hub.set`."""
        lib.pymq_hub_set(self._hub, option, value)
        if option is HubOption.INVERT:
            self._keep_wanted()

    def _keep_wanted(self) -> None:
        self._keep(lambda _, message: bool(_wants(self._hub, message, len(message))))

    def greet(self, message: Union[bytes, None]) -> None:
        """See `pymq.backend.abc.Hub.greet`."""
        body = message or b""
        check(lib.pymq_hub_greet(self._hub, body, len(body), message is not None))

    def grant(self, topic: bytes, wanted: bool = True) -> None:
        """See `pymq.backend.abc.Hub.grant`."""
        check(lib.pymq_hub_grant(self._hub, topic, len(topic), bool(wanted)))

    def subscribe(self, topic: bytes, announce: bool = True) -> None:
        """See `pymq.backend.abc.Hub.subscribe`."""
        check(lib.pymq_hub_subscribe(self._hub, topic, len(topic), bool(announce)))
        self._keep_wanted()  # INVERT

    def unsubscribe(self, topic: bytes, announce: bool = True) -> bool:
        """See `pymq.backend.abc.Hub.unsubscribe`."""
        last = lib.pymq_hub_unsubscribe(self._hub, topic, len(topic), bool(announce))
        self._keep_wanted()
        return bool(last)

    def topics(self) -> int:
        """See `pymq.backend.abc.Hub.topics`."""
        return lib.pymq_hub_topics(self._hub)

    def subscribers(self, first: bytes) -> int:
        """See `pymq.backend.abc.Hub.subscribers`."""
        return lib.pymq_hub_subscribers(self._hub, first, len(first))

    def keep_last(self, limit: int) -> None:
        """See `pymq.backend.abc.Hub.keep_last`."""
        lib.pymq_hub_keep_last(self._hub, limit)

    def make_room(self) -> bool:
        """See `pymq.backend.abc.Hub.make_room`."""
        return bool(lib.pymq_hub_make_room(self._hub))

    def lose(self, more: bool) -> None:
        """See `pymq.backend.abc.Hub.lose`."""
        lib.pymq_hub_lose(self._hub, more)

    def totals(self) -> Counts:
        """See `pymq.backend.abc.Hub.totals`."""
        totals = self._quick_totals(Counts)
        ahead = len(self.ahead) + len(self._aside)  # to C they are received
        if ahead:
            return totals._replace(waiting_in=totals.waiting_in + ahead)
        return totals

    def peers(self, known: KnownPeers) -> list[Peer]:
        """See `pymq.backend.abc.Hub.peers`."""
        ahead = {} if self._batch is None else self._count_ahead()
        return self._quick_peers(Peer, known, ahead)

    def probe(self, number: int) -> int:
        """See `pymq.backend.abc.Hub.probe`."""
        return lib.pymq_hub_probe(self._hub, number)

    def has(self, pipe: int) -> bool:
        """See `pymq.backend.abc.Hub.has`."""
        return bool(lib.pymq_hub_has(self._hub, pipe))

    def stop(self, error: int) -> None:
        """See `pymq.backend.abc.Hub.stop`."""
        lib.pymq_hub_stop(self._hub, error)
        if self._batch is not None:
            with self._lock:
                self._load()
                self.ahead.clear()

    def free(self) -> None:
        """See `pymq.backend.abc.Hub.free`."""
        lib.pymq_hub_free(self._hub)


def _new_slot(hub: Any) -> tuple[Any, Any]:
    slot = ffi.new("pymq_slot *")
    slot.hub = hub
    return slot, _buffer(slot.bytes)
