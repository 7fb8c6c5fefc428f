"""Where messages come from and go to: files, stdin, the command line, stdout."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Union

from .delimiter import Delimiter, Message, join, splitter

CHUNK = 1 << 16

Advance = Callable[[int], None]


class Source:
    """Messages of the input: first those `given`, then those read from `fd`.

    `prefix` are frames that go in front of every message.  `advance` is told how
    many bytes were read.
    """

    def __init__(
        self,
        fd: Union[int, None],
        delimiter: Delimiter,
        given: list[Message],
        prefix: Message,
        advance: Advance,
    ) -> None:
        self._fd = fd
        self._splitter = splitter(delimiter)
        self._prefix = prefix
        self._advance = advance
        self.given = [prefix + message for message in given]
        self.ended = fd is None

    def fileno(self) -> int:
        """The descriptor to wait for, while not `ended`."""
        assert self._fd is not None
        return self._fd

    def read(self) -> list[Message]:
        """Read once, which may wait; the messages that this completes."""
        data = os.read(self.fileno(), CHUNK)
        self._advance(len(data))
        self.ended = not data
        found = self._splitter.feed(data) if data else self._splitter.finish()
        return [self._prefix + message for message in found]

    def __iter__(self) -> Iterator[Message]:
        yield from self.given
        while not self.ended:
            yield from self.read()


class Sink:
    """Writes messages to stdout."""

    def __init__(self, delimiter: Delimiter) -> None:
        self._delimiter = delimiter
        self._out = sys.stdout.buffer

    def write(self, message: Message) -> None:
        """Write one message; it may stay in a buffer until `flush`."""
        self._out.write(join(self._delimiter, message))

    def flush(self) -> None:
        """Let whoever reads our output see all of it."""
        self._out.flush()


def silence_stdout() -> None:
    """Whoever read our output has left: keep Python from complaining at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, Advance]]:
    """A file to read from, with a progress bar if its size and a terminal are known."""
    fd = os.open(path, os.O_RDONLY)
    try:
        about = os.fstat(fd)
        if stat.S_ISREG(about.st_mode) and sys.stderr.isatty():
            with _progress(path.name, about.st_size) as advance:
                yield fd, advance
        else:
            yield fd, ignore
    finally:
        os.close(fd)


@contextmanager
def _progress(name: str, size: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=size)
        yield lambda count: progress.advance(task, count)


def ignore(count: int) -> None:
    """Tell nobody how many bytes were read."""
