"""Two sockets with a proxy between them: who sends letters, who reads and answers
them, and what each has to say of it afterwards."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Optional, Sequence

from faultplans import Plan
from faultproxy import FaultProxy
from judging import Journey, Terms, Verdict
from letters import LAST, envelope, last, read, write
from library import Library
from patience import Background, until

HURRY = 20  # ms until a socket is looked at again
ANSWER = 200  # ms until a request is made again
AT_ONCE = 20  # letters that are published in a row
MARK = 20  # messages in each queue
BUFFER = 8192  # bytes that are asked of the kernel for each direction of each socket
KERNEL = 16 * BUFFER  # bytes that it may hold in front of the proxy: it gives more


@dataclass(frozen=True)
class Pattern:
    """Socket types: `west` sends letters, `east` reads them and, if it `answers`, sends
    each one back."""

    west: str
    east: str
    west_binds: bool = False
    answers: bool = False
    asks: bool = False  # one letter at a time, again and again until it is answered

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"{self.west}{'*' * self.west_binds}-{self.east}"

    @property
    def publishes(self) -> bool:
        """Whether nobody is waited for."""
        return self.west in ("PUB", "XPUB")

    @property
    def rivals(self) -> bool:
        """Whether there is room for one connection only."""
        return "PAIR" in (self.west, self.east)


PATTERNS = (
    Pattern("PUSH", "PULL"),
    Pattern("PUSH", "PULL", west_binds=True),
    Pattern("PUB", "SUB", west_binds=True),
    Pattern("PUB", "SUB"),
    Pattern("XPUB", "XSUB", west_binds=True),
    Pattern("PAIR", "PAIR", answers=True),
    Pattern("DEALER", "DEALER", answers=True),
    Pattern("DEALER", "ROUTER", answers=True),
    Pattern("REQ", "REP", answers=True, asks=True),
    Pattern("REQ", "ROUTER", answers=True, asks=True),
)


@dataclass
class Account:
    """What one end has seen: numbers of letters, in their order."""

    sent: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    damaged: int = 0  # messages that were no letter, or not all of one
    unsent: int = 0  # answers that nobody was there for


class End:
    """One socket and its thread's work, which `finish` ends."""

    def __init__(self, zmq: Library, sock: Any, pattern: Pattern, tag: bytes) -> None:
        self.zmq = zmq
        self.sock = sock
        self.pattern = pattern
        self.tag = tag
        self.account = Account()
        self.heard_last = threading.Event()  # the last letter has come
        self._finished = threading.Event()

    def finish(self) -> None:
        """End the work soon."""
        self._finished.set()

    def _receive(self, flags: int) -> Optional[list[bytes]]:
        try:
            parts: list[bytes] = self.sock.recv_multipart(flags)
        except self.zmq.Again:
            return None
        return parts

    def _note(self, parts: list[bytes]) -> bool:
        """Look at what has come, behind its envelope: whether it is a letter."""
        letter = read(parts[envelope(parts) :])
        if letter is None or letter.tag != self.tag:
            self.account.damaged += not _is_notice(parts)
            return False
        if letter.number == LAST:
            self.heard_last.set()
        else:
            self.account.read.append(letter.number)
        return True


def _is_notice(parts: list[bytes]) -> bool:
    """Of XPUB: somebody has subscribed, or does no longer."""
    return len(parts) == 1 and parts[0][:1] in (b"\0", b"\1")


class East(End):
    """Reads, and answers."""

    def run(self) -> Account:
        """Until finished."""
        while not self._finished.is_set():
            if not self.sock.poll(HURRY):
                continue
            parts = self._receive(self.zmq.DONTWAIT)
            if parts is not None:
                whole = self._note(parts)
                if self.pattern.answers and (whole or self.pattern.east == "REP"):
                    self._answer(parts)
        return self.account

    def _answer(self, parts: list[bytes]) -> None:
        try:
            self.sock.send_multipart(parts, self.zmq.DONTWAIT)
        except self.zmq.Again:
            self.account.unsent += 1


class West(End):
    """Sends letters until `stop` is called, then the last one until it is finished."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._stopped = threading.Event()
        self._number = 0
        self._pause = threading.Event()

    def stop(self) -> None:
        """Send no more letters but the last."""
        self._stopped.set()

    def run(self) -> Account:
        """Until finished."""
        while not self._stopped.is_set() and not self._finished.is_set():
            self._ask() if self.pattern.asks else self._send()
        while not self._finished.is_set():
            self._try(last(self.tag))
            self._read(HURRY)
        return self.account

    def _send(self) -> None:
        if self._try(write(self.tag, self._number)):
            self.account.sent.append(self._number)
            self._number += 1
        if self.pattern.publishes and self._number % AT_ONCE == 0:
            self._pause.wait(0.001)
        self._read(0)

    def _try(self, parts: list[bytes]) -> bool:
        if not self.sock.poll(HURRY, self.zmq.POLLOUT):
            return False
        try:
            self.sock.send_multipart(parts, self.zmq.DONTWAIT)
        except self.zmq.Again:
            return False
        return True

    def _read(self, patience: int) -> None:
        if self.pattern.west in ("PUSH", "PUB"):
            self._pause.wait(patience / 1000)
            return
        while self.sock.poll(patience):
            parts = self._receive(self.zmq.DONTWAIT)
            if parts is not None:
                self._note(parts)
            patience = 0

    def _ask(self) -> None:
        """One letter, until its answer comes; another's answer counts as damage."""
        if not self._try(write(self.tag, self._number)):
            return
        self.account.sent.append(self._number)
        if not self.sock.poll(ANSWER):
            return
        parts = self._receive(self.zmq.DONTWAIT)
        if parts is None:
            return
        letter = read(parts)
        if letter == (self.tag, self._number):
            self.account.read.append(self._number)
            self._number += 1
        else:
            self.account.damaged += 1


def options(pattern: Pattern, kind: str, **more: int) -> dict[str, int]:
    """What the socket of an end is made with: little is under way at a time."""
    chosen = {"sndhwm": MARK, "rcvhwm": MARK, "sndbuf": BUFFER, "rcvbuf": BUFFER}
    chosen.update(linger=0, reconnect_ivl=5, **more)
    if kind == "REQ":
        chosen.update(req_relaxed=1, req_correlate=1)
    if pattern.publishes:
        chosen.update(sndhwm=0, rcvhwm=0)
    return chosen


def subscribe(zmq: Library, sock: Any, tag: bytes) -> None:
    """To all letters of that tag, if that is how this type gets them."""
    if int(sock.type) == zmq.SUB:
        sock.subscribe(b"#" + tag)
    elif int(sock.type) == zmq.XSUB:
        sock.send(b"\1#" + tag)


class Lane:
    """A pattern between two implementations, through a proxy."""

    def __init__(
        self,
        pattern: Pattern,
        west: Library,
        east: Library,
        plans: Sequence[Plan],
        tag: bytes = b"one",
        **more: int,
    ) -> None:
        self.pattern = pattern
        a = west.socket(
            getattr(west, pattern.west), **options(pattern, pattern.west, **more)
        )
        b = east.socket(
            getattr(east, pattern.east), **options(pattern, pattern.east, **more)
        )
        subscribe(east, b, tag)
        self.west = West(west, a, pattern, tag)
        self.east = East(east, b, pattern, tag)
        self._bound, self._connected = (
            (self.west, self.east) if pattern.west_binds else (self.east, self.west)
        )
        target = self._bound.zmq.bind(self._bound.sock, "tcp")
        self.proxy = FaultProxy(target, plans, BUFFER)
        # Who encodes ahead loses what it has encoded.
        self._batch = 8192 + 5 * 5000 if west.tag == "pyzmq" else 0

    def run(self) -> Verdict:
        """Until the plans are at their end, and the last letter has come."""
        with self.proxy:
            self._connected.sock.connect(self.proxy.endpoint)
            working = [Background(self.west.run), Background(self.east.run)]
            try:
                until(lambda: self.proxy.spent)
                self.west.stop()
                until(self.east.heard_last.is_set)
                if self.pattern.answers:
                    until(self.west.heard_last.is_set)
                self._settle()
            finally:
                self.west.finish()
                self.east.finish()
                for work in working:
                    work.result()
            return self.verdict()

    def _settle(self) -> None:
        """Until nothing is under way any more, or never will have come."""
        try:
            until(lambda: not self.verdict().faults, 3)
        except AssertionError:
            pass  # the verdict tells

    def verdict(self) -> Verdict:
        """What became of everything up to now."""
        if self.pattern.asks:
            return self._asked()
        sent, read = list(self.west.account.sent), list(self.east.account.read)
        passages = list(self.proxy.passages)
        there = Journey(passages, self._terms(), back=self.pattern.west_binds)
        verdict = there.judge(sent, read)
        if self.pattern.answers:
            terms = Terms(unheard=True, rivals=self.pattern.rivals)
            back = Journey(passages, terms, back=not self.pattern.west_binds)
            answered = back.judge(read, list(self.west.account.read))
            verdict.faults += [f"answers: {fault}" for fault in answered.faults]
        self._check_damage(verdict)
        return verdict

    def _terms(self) -> Terms:
        if self.pattern.west_binds or self.pattern.publishes:
            steady = self.pattern.publishes and self.pattern.west_binds
            return Terms(unheard=True, steady=steady)
        return Terms(self._batch, KERNEL, rivals=self.pattern.rivals)

    def _asked(self) -> Verdict:
        """Every letter was answered, once, by its own answer."""
        verdict = Verdict()
        answered = list(self.west.account.read)
        if answered != list(range(len(answered))):
            verdict.blame(f"answers came for {answered}")
        verdict.fates["received"] = len(answered)
        verdict.fates["asked again"] = len(self.west.account.sent) - len(answered)
        self._check_damage(verdict)
        return verdict

    def _check_damage(self, verdict: Verdict) -> None:
        """Only where octets were changed do messages come that are no letters."""
        damaged = self.west.account.damaged + self.east.account.damaged
        verdict.fates["damaged"] = damaged
        if damaged and not any(one.faults("corrupt") for one in self.proxy.passages):
            verdict.blame(f"{damaged} messages are not whole letters")
