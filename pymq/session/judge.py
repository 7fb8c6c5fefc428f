"""Asks a function of the application whether a peer may connect (`auth` of `bind`).

The function may block, so each peer gets a new thread.  At most `WORKERS` of them run
at once for an endpoint; other peers wait.  An awaitable result is awaited in the event
loop in which `bind` was called, or else in a new one on that thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from concurrent.futures import Future
from inspect import isawaitable
from typing import Any, Awaitable, Callable, Mapping, Union

from ..applicant import Applicant
from ..control import Control
from ..zmtp.zap import OK, USER_ID, Verdict
from . import logger

WORKERS = 32
DENIED, FAILED = 400, 500  # statuses of ZAP

Answer = Union[bool, str, bytes, None, Mapping[str, Union[str, bytes]]]
Auth = Callable[[Applicant], Union[Answer, Awaitable[Answer]]]


class Question:
    """One peer to be judged, from when it is asked until it is answered or closed."""

    __slots__ = ("_answered", "_control", "_forget", "_future", "closed", "peer")

    def __init__(
        self,
        control: Control,
        peer: Applicant,
        answered: Callable[[Verdict], None],
        forget: Callable[[Question], None],
    ) -> None:
        self.peer = peer
        self.closed = False
        self._control = control
        self._answered = answered
        self._forget = forget
        self._future: Union[Future[Answer], None] = None

    def expect(self, future: Future[Answer]) -> None:
        """Keep the future of the application's loop that will have the answer."""
        self._future = future
        if self.closed:
            future.cancel()

    def answer(self, verdict: Verdict) -> None:
        """Give the answer.  From any thread."""
        self._control.call(lambda: self._answer(verdict))

    def _answer(self, verdict: Verdict) -> None:
        if not self.closed:
            self.close()
            self._answered(verdict)

    def close(self) -> None:
        """Nobody waits for the answer any more.  May be called again."""
        self.closed = True
        self._forget(self)
        if self._future is not None:
            self._future.cancel()


class Judge:
    """The `auth` of one bound endpoint."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._loop = _running_loop()
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Question, None] = OrderedDict()
        self._workers = 0

    def ask(
        self, control: Control, peer: Applicant, answered: Callable[[Verdict], None]
    ) -> Question:
        """Have a peer judged, soon.

        `answered` is called on the control thread, after this has returned.
        """
        question = Question(control, peer, answered, self._forget)
        self._add(question)
        return question

    def _add(self, question: Question) -> None:
        with self._lock:
            self._waiting[question] = None
            if self._workers == WORKERS:
                return
            self._workers += 1
        worker = threading.Thread(target=self._work, name="pymq-auth", daemon=True)
        try:
            worker.start()
        except RuntimeError:  # the system has no room for a thread
            with self._lock:
                self._workers -= 1
                busy = self._workers
            if not busy:
                question.answer(_failed(question.peer))

    def _forget(self, question: Question) -> None:
        """Take a peer that has left out of the queue."""
        with self._lock:
            self._waiting.pop(question, None)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                question, _ = self._waiting.popitem(last=False)
            if not question.closed:
                self._judge(question)

    def _judge(self, question: Question) -> None:
        peer = question.peer
        try:
            answer: Any = self._auth(peer)
            if isawaitable(answer):
                if self._loop is not None:
                    self._judge_later(question, answer, self._loop)
                    return
                answer = asyncio.run(_wait(answer))
            verdict = _verdict(answer, peer)
        except BaseException:  # even SystemExit, which would only end this thread
            logger.exception("auth failed for %r", peer)
            verdict = _failed(peer)
        question.answer(verdict)

    def _judge_later(
        self, question: Question, answer: Awaitable[Answer], loop: Any
    ) -> None:
        """Judge in the application's event loop."""
        work = _wait(answer)
        try:
            future = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError:  # the loop was closed
            for abandoned in (work, answer):
                if asyncio.iscoroutine(abandoned):
                    abandoned.close()
            raise

        def done(future: Future[Answer]) -> None:
            question.answer(_outcome(future, question.peer))

        question.expect(future)
        future.add_done_callback(done)


def _running_loop() -> Union[asyncio.AbstractEventLoop, None]:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _wait(answer: Awaitable[Answer]) -> Answer:
    return await answer


def _outcome(future: Future[Answer], peer: Applicant) -> Verdict:
    if future.cancelled():
        return _failed(peer)
    try:
        return _verdict(future.result(), peer)
    except Exception:
        logger.exception("auth failed for %r", peer)
        return _failed(peer)


def _verdict(answer: Any, peer: Applicant) -> Verdict:
    """Turn what `auth` returned into a verdict.  TypeError if it is something else."""
    if not answer:
        return Verdict(DENIED, f"auth refused {peer.user_id!r}", {})
    if isinstance(answer, (str, bytes)):
        answer = {USER_ID: answer}
    elif answer is True:
        answer = {}
    elif not isinstance(answer, Mapping):
        raise TypeError(f"auth returned {type(answer).__name__}")
    properties = {str(name): _octets(value) for name, value in answer.items()}
    if peer.user_id:
        properties.setdefault(USER_ID, peer.user_id.encode("utf-8", "surrogateescape"))
    return Verdict(OK, "", properties)


def _octets(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    raise TypeError(f"auth returned a property that is {type(value).__name__}")


def _failed(peer: Applicant) -> Verdict:
    return Verdict(FAILED, f"auth could not tell of {peer.user_id!r}", {})
