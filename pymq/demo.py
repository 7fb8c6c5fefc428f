"""``pymq demo``: a file tree goes from every implementation to every other.

Every implementation (native, pure and, where pyzmq is installed, libzmq) has two
processes, one that sends and one that receives; over tcp and ipc every sender meets
every receiver, over inproc both ends are threads of one process.  Each file is one
message: its name, then its content in frames.  Both ends compute a SHA-256 over
the names and contents that they handled, and both must be the digest of the tree.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

NETWORK = ("tcp", "ipc")
FRAME = 1 << 16  # bytes of a file in one frame
PATIENCE = 60_000  # milliseconds without progress after which a transfer has failed

Message = list[bytes]


class Report(NamedTuple):
    """What one end has seen; `seconds` counts from its first message."""

    messages: int
    bytes: int
    seconds: float
    digest: str


class Row(NamedTuple):
    """One transfer.  `verdict` is "equal", or what went wrong."""

    sender: str
    receiver: str
    transport: str
    report: Union[Report, None]
    verdict: str


# -- the tree ----------------------------------------------------------------------


def choose(root: Path, limit: float) -> list[Path]:
    """Files under `root`, in order of their names, `limit` megabytes at most."""
    found: list[Path] = []
    room = limit * 1e6
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if "__pycache__" in path.parts or path.is_symlink() or not path.is_file():
            continue
        if not os.access(path, os.R_OK) or path.stat().st_size > room:
            continue
        room -= path.stat().st_size
        found.append(path)
    return found


def messages(root: Path, files: Iterable[Path]) -> Iterator[Message]:
    """Every file as a message; an empty file still has one, empty, content frame."""
    base = root if root.is_dir() else root.parent
    for path in files:
        data = path.read_bytes()
        cuts = range(0, len(data), FRAME) or [0]
        name = os.fsencode(path.relative_to(base))
        yield [name, *(data[at : at + FRAME] for at in cuts)]


class Stopwatch:
    """Seconds from the first message to the last."""

    def __init__(self) -> None:
        self._start = self._end = 0.0

    def lap(self) -> None:
        """A message has come or gone."""
        self._end = time.perf_counter()
        self._start = self._start or self._end

    def report(self, moved: list[Message]) -> Report:
        """The sums over `moved`; digests frame boundaries too."""
        digest = hashlib.sha256()
        size = 0
        for message in moved:
            for frame in message:
                size += len(frame)
                digest.update(b"%d:" % len(frame))
                digest.update(frame)
            digest.update(b".")
        return Report(len(moved), size, self._end - self._start, digest.hexdigest())


# -- one end of a transfer ---------------------------------------------------------


class Maker:
    """Contexts and sockets of one implementation."""

    def __init__(self, implementation: str) -> None:
        foreign = implementation == "libzmq"
        self.zmq: Any = importlib.import_module("zmq" if foreign else "pymq")
        self._options = {} if foreign else {"backend": implementation}

    def context(self) -> Any:
        """A new context."""
        return self.zmq.Context(**self._options)

    def socket(self, context: Any, kind: str) -> Any:
        """A new socket that gives up rather than hang."""
        made = context.socket(getattr(self.zmq, kind))
        made.setsockopt(self.zmq.SNDTIMEO, PATIENCE)
        made.setsockopt(self.zmq.RCVTIMEO, PATIENCE)
        made.setsockopt(self.zmq.LINGER, PATIENCE)
        return made

    def bound(self, context: Any, wildcard: str) -> tuple[Any, str]:
        """A PULL socket, and the endpoint that it has got."""
        made = self.socket(context, "PULL")
        made.bind(wildcard)
        return made, made.getsockopt(self.zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def send(push: Any, tree: list[Message]) -> Report:
    """Send all of it, then an empty message."""
    watch = Stopwatch()
    for message in tree:
        push.send_multipart(message)
        watch.lap()
    push.send(b"")
    return watch.report(tree)


def receive(pull: Any) -> Report:
    """Receive until the empty message."""
    watch = Stopwatch()
    moved: list[Message] = []
    while True:
        message = pull.recv_multipart()
        if message == [b""]:
            return watch.report(moved)
        watch.lap()
        moved.append(message)


# -- the processes -----------------------------------------------------------------


def worker(
    pipe: Connection, implementation: str, root: Path, files: list[Path]
) -> None:
    """A process: does the jobs that come through `pipe` until that closes.

    A job is ``(job, endpoint)``; every answer is a report, an endpoint or, when
    something failed, an exception's text in a tuple.
    """
    jobs: dict[str, Callable[..., Any]] = {
        "send": send_to,
        "receive": receive_at,
        "both": both_inside,
    }
    maker = Maker(implementation)
    tree = list(messages(root, files))
    with pipe:
        pipe.send("ready")
        while True:
            try:
                job, endpoint = pipe.recv()
                pipe.send(jobs[job](maker, pipe, endpoint, tree))
            except (EOFError, BrokenPipeError, KeyboardInterrupt):
                return
            except Exception as error:
                pipe.send((f"{type(error).__name__}: {error}",))


def send_to(
    maker: Maker, pipe: Connection, endpoint: str, tree: list[Message]
) -> Report:
    """The job of a sender; stays connected until something comes through `pipe`.

    A libzmq that receives over ipc and is at its high-water mark drops what the
    kernel still holds when its peer closes: close only when it has everything.
    """
    context = maker.context()
    try:
        push = maker.socket(context, "PUSH")
        push.connect(endpoint)
        report = send(push, tree)
        pipe.recv()
        return report
    finally:
        context.destroy(PATIENCE)


def receive_at(
    maker: Maker, pipe: Connection, endpoint: str, tree: list[Message]
) -> Report:
    """The job of a receiver; first answers with the endpoint that it has bound."""
    context = maker.context()
    try:
        pull, bound = maker.bound(context, endpoint)
        pipe.send(bound)
        return receive(pull)
    finally:
        context.destroy(0)


def both_inside(
    maker: Maker, pipe: Connection, endpoint: str, tree: list[Message]
) -> Report:
    """Sender and receiver as two threads with one context."""
    context = maker.context()
    try:
        pull, _ = maker.bound(context, endpoint)
        push = maker.socket(context, "PUSH")
        push.connect(endpoint)
        sender = threading.Thread(target=send, args=(push, tree), daemon=True)
        sender.start()
        report = receive(pull)
        sender.join()
        return report
    finally:
        context.destroy(0)


@contextmanager
def workers(
    names: Iterable[str], root: Path, files: list[Path]
) -> Iterator[dict[str, Connection]]:
    """A process for each name, and a pipe to talk to it."""
    spawn = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes = []
    try:
        for name in names:
            pipes[name], theirs = spawn.Pipe()
            process = spawn.Process(
                target=worker, args=(theirs, name, root, files), daemon=True
            )
            process.start()
            theirs.close()
            processes.append(process)
        for pipe in pipes.values():
            answer(pipe)
        yield pipes
    finally:
        for pipe in pipes.values():
            pipe.close()
        for process in processes:
            process.join(5)
            process.terminate()


# -- the matrix --------------------------------------------------------------------


def implementations() -> tuple[list[str], dict[str, str]]:
    """Names of those that work here; and of the others, with the reason."""
    found, missing = [], {}
    for name in ("native", "pure", "libzmq"):
        try:
            Maker(name).context().term()
        except ImportError as error:
            missing[name] = str(error)
        else:
            found.append(name)
    return found, missing


def transfers(names: list[str]) -> list[tuple[str, str, str]]:
    """Sender, receiver and transport of everything that can be done."""
    pairs = list(itertools.product(names, names))
    network = [(a, b, transport) for transport in NETWORK for a, b in pairs]
    return network + [(name, name, "inproc") for name in names]


def answer(pipe: Connection) -> Any:
    """What a process says next; RuntimeError if it has failed, or is silent."""
    if not pipe.poll(2 * PATIENCE / 1000):
        raise RuntimeError("no answer")
    try:
        said = pipe.recv()
    except EOFError:
        raise RuntimeError("the process has died") from None
    if isinstance(said, tuple) and not isinstance(said, Report):
        raise RuntimeError(said[0])
    return said


def transfer(
    senders: dict[str, Connection],
    receivers: dict[str, Connection],
    sender: str,
    receiver: str,
    endpoint: str,
) -> list[Report]:
    """Do one; the reports of those that took part, the receiver's last."""
    if endpoint.startswith("inproc:"):
        senders[sender].send(("both", endpoint))
        return [answer(senders[sender])]
    receivers[receiver].send(("receive", endpoint))
    senders[sender].send(("send", answer(receivers[receiver])))
    received = answer(receivers[receiver])
    senders[sender].send("received")
    return [answer(senders[sender]), received]


def matrix(root: Path, files: list[Path], names: list[str]) -> Iterator[Row]:
    """Do all transfers, one after another."""
    expected = Stopwatch().report(list(messages(root, files))).digest
    with (
        tempfile.TemporaryDirectory(prefix="pymq-demo-") as folder,
        workers(names, root, files) as senders,
        workers(names, root, files) as receivers,
    ):
        for number, (sender, receiver, transport) in enumerate(transfers(names)):
            wildcard = {"tcp": "127.0.0.1:*", "ipc": f"{folder}/{number}"}
            endpoint = f"{transport}://{wildcard.get(transport, 'demo')}"
            try:
                reports = transfer(senders, receivers, sender, receiver, endpoint)
            except (RuntimeError, OSError) as error:
                yield Row(sender, receiver, transport, None, str(error))
                return
            same = all(report.digest == expected for report in reports)
            verdict = "equal" if same else "DIFFERENT"
            yield Row(sender, receiver, transport, reports[-1], verdict)
