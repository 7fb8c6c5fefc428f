"""Two sockets with a proxy between them: who sends letters, who reads and answers
them, and what each has to say of it afterwards."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, Optional, Sequence

from faultplans import Plan
from faultproxy import FaultProxy
from judging import Journey, Terms, Verdict
from letters import LAST, envelope, last, read, write
from library import Library
from patience import Background, until

HURRY = 20  # ms until a socket is looked at again
GIVEN_UP = 0.3  # seconds after which nobody will come back
ANSWER = 100  # ms until a request is made again
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
    def mixes(self) -> bool:
        """Whether answers go to whoever is there."""
        return self.east in ("DEALER", "PAIR")

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
    # How many letters had been sent when the socket was given up for a new one.
    renewed: list[int] = field(default_factory=list)


class End:
    """One socket, with a thread that works it from `start` until `finish`.

    Nothing but methods, so that it may be in another process than the proxy.
    """

    def __init__(
        self, zmq: Library, kind: str, pattern: Pattern, tag: bytes, **more: int
    ) -> None:
        self.zmq = zmq
        self.kind = kind
        self.pattern = pattern
        self.tag = tag
        self._options = options(pattern, kind, **more)
        self._account = Account()
        self._heard_last = threading.Event()
        self._stopped = threading.Event()
        self._finished = threading.Event()
        self._renewing = threading.Event()
        self._endpoint = ""
        self._work: Optional[Background[None]] = None
        self.sock = self._make()

    def _make(self) -> Any:
        made = self.zmq.socket(getattr(self.zmq, self.kind), **self._options)
        subscribe(self.zmq, made, self.tag)
        return made

    def bind(self) -> str:
        """The endpoint to connect to."""
        return self.zmq.bind(self.sock, "tcp")

    def connect(self, endpoint: str) -> None:
        """To the other end, or to what stands in front of it."""
        self._endpoint = endpoint
        self.sock.connect(endpoint)

    def start(self) -> None:
        """Begin to work."""
        self._work = Background(self._run)

    def stop(self) -> None:
        """Send no more letters but the last."""
        self._stopped.set()

    def finish(self) -> None:
        """End the work, and wait for that."""
        self._finished.set()
        if self._work is not None:
            self._work.result()

    def renew(self) -> None:
        """Go on with another socket: this one may have given up its peer."""
        self._renewing.set()

    def heard_last(self) -> bool:
        """Whether the last letter has come."""
        return self._heard_last.is_set()

    def account(self) -> Account:
        """What it has seen up to now."""
        return self._account

    def _run(self) -> None:
        while not self._finished.is_set():
            if self._renewing.is_set():
                self._renewing.clear()
                self._renew()
            self._turn()

    def _turn(self) -> None:
        raise NotImplementedError

    def _renew(self) -> None:
        self._read(0)
        self._account.renewed.append(len(self._account.sent))
        self.sock.close(linger=0)
        self.sock = self._make()
        self.connect(self._endpoint)

    def _read(self, patience: int) -> None:
        """All that is there; waits so many ms for the first."""
        while self.sock.poll(patience):
            parts = self._receive()
            if parts is not None:
                self._take(parts)
            patience = 0

    def _take(self, parts: list[bytes]) -> None:
        self._note(parts)

    def _receive(self) -> Optional[list[bytes]]:
        try:
            parts: list[bytes] = self.sock.recv_multipart(self.zmq.DONTWAIT)
        except self.zmq.Again:
            return None
        return parts

    def _note(self, parts: list[bytes]) -> bool:
        """Look at what has come, behind its envelope: whether it is a letter."""
        letter = read(parts[envelope(parts) :])
        if letter is None or letter.tag != self.tag:
            self._account.damaged += not _is_notice(parts)
            return False
        if letter.number == LAST:
            self._heard_last.set()
        else:
            self._account.read.append(letter.number)
        return True


def _is_notice(parts: list[bytes]) -> bool:
    """Of XPUB: somebody has subscribed, or does no longer."""
    return len(parts) == 1 and parts[0][:1] in (b"\0", b"\1")


class East(End):
    """Reads, and answers."""

    def _turn(self) -> None:
        self._read(HURRY)

    def _take(self, parts: list[bytes]) -> None:
        whole = self._note(parts)
        if self.pattern.answers and (whole or self.pattern.east == "REP"):
            self._answer(parts)

    def _answer(self, parts: list[bytes]) -> None:
        try:
            self.sock.send_multipart(parts, self.zmq.DONTWAIT)
        except self.zmq.Again:
            pass  # nobody is there any more


class West(End):
    """Sends letters until it is stopped, then the last one again and again."""

    _number = 0
    _pause = threading.Event()

    def _turn(self) -> None:
        if self._stopped.is_set():
            self._try(last(self.tag))
            self._read(ANSWER if self.pattern.asks else HURRY)
        elif self.pattern.asks:
            self._ask()
        else:
            self._send()

    def _send(self) -> None:
        if self._try(write(self.tag, self._number)):
            self._account.sent.append(self._number)
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
        else:
            super()._read(patience)

    def _ask(self) -> None:
        """One letter, until its answer comes; another's answer counts as damage."""
        if not self._try(write(self.tag, self._number)):
            return
        self._account.sent.append(self._number)
        if not self.sock.poll(ANSWER):
            return
        parts = self._receive()
        if parts is None:
            return
        letter = read(parts)
        if letter == (self.tag, self._number):
            self._account.read.append(self._number)
            self._number += 1
        else:
            self._account.damaged += 1


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
    """A pattern with a proxy between its two ends; `foreign` if it is libzmq that sends
    the letters."""

    def __init__(
        self,
        pattern: Pattern,
        west: End,
        east: End,
        plans: Sequence[Plan],
        foreign: bool = False,
    ) -> None:
        self.pattern = pattern
        self.west = west
        self.east = east
        ends = (west, east) if pattern.west_binds else (east, west)
        bound, self._connected = ends
        self.proxy = FaultProxy(bound.bind(), plans, BUFFER)
        # Who encodes ahead loses what it has encoded.
        self._batch = 8192 + 5 * 5000 if foreign else 0
        self._quiet = 0.0  # since when nobody has come back

    def run(self) -> Verdict:
        """Until the plans are at their end, and the last letter has come."""
        with self.proxy:
            self._connected.connect(self.proxy.endpoint)
            self.west.start()
            self.east.start()
            try:
                until(self._spent)
                self.west.stop()
                until(self.east.heard_last)
                if self.pattern.answers:
                    until(self.west.heard_last)
                self._settle()
            finally:
                self.west.finish()
                self.east.finish()
            return self.verdict()

    def _spent(self) -> bool:
        """Whether the plans are.  A peer that has sent nonsense is not tried again,
        unless the user does: that is us."""
        passages, now = self.proxy.passages, time.monotonic()
        if not passages or self.proxy.living or not passages[-1].faults("corrupt"):
            self._quiet = now
        elif now > self._quiet + GIVEN_UP:
            self._connected.renew()
            self._quiet = now
        return self.proxy.spent

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
        west, east = self.west.account(), self.east.account()
        sent, read = list(west.sent), list(east.read)
        passages = list(self.proxy.passages)
        terms = self._terms(west.renewed + east.renewed)
        there = Journey(passages, terms, back=self.pattern.west_binds)
        verdict = there.judge(sent, read)
        if self.pattern.answers:
            terms = replace(terms, unheard=True, steady=False, mixed=self.pattern.mixes)
            back = Journey(passages, terms, back=not self.pattern.west_binds)
            answered = back.judge(read, list(west.read))
            verdict.faults += [f"answers: {fault}" for fault in answered.faults]
        self._check_damage(verdict, west.damaged + east.damaged)
        return verdict

    def _terms(self, renewed: list[int]) -> Terms:
        return Terms(
            self._batch,
            KERNEL,
            unheard=self.pattern.west_binds or self.pattern.publishes,
            steady=self.pattern.publishes and self.pattern.west_binds,
            rivals=self.pattern.rivals,
            renewed=renewed,
        )

    def _asked(self) -> Verdict:
        """Every letter was answered, once, by its own answer."""
        verdict = Verdict()
        west, east = self.west.account(), self.east.account()
        answered = list(west.read)
        if answered != list(range(len(answered))):
            verdict.blame(f"answers came for {answered}")
        verdict.fates["received"] = len(answered)
        verdict.fates["asked again"] = len(west.sent) - len(answered)
        self._check_damage(verdict, west.damaged + east.damaged)
        return verdict

    def _check_damage(self, verdict: Verdict, damaged: int) -> None:
        """Only where octets were changed do messages come that are no letters."""
        verdict.fates["damaged"] = damaged
        if damaged and not any(one.faults("corrupt") for one in self.proxy.passages):
            verdict.blame(f"{damaged} messages are not whole letters")
