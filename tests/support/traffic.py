"""Real files as messages: the running Python's standard library.

A file is one message: name, SHA-256, size, and its bytes in frames whose size
differs from file to file, from none at all to the whole file at once.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Sequence

Message = list[bytes]
CHUNKS = (0, 65536, 4096, 256, 0, 255, 1 << 17)  # 0: whole file in one frame
SMALL_CHUNK_LIMIT = 100_000  # larger files are not cut into tiny frames


@functools.cache
def messages(budget: int) -> tuple[Message, ...]:
    """Files of the standard library, about `budget` bytes of them, as messages."""
    taken, total = [], 0
    for number, path in enumerate(_files()):
        body = path.read_bytes()
        taken.append(_message(path.name, body, CHUNKS[number % len(CHUNKS)]))
        total += len(body)
        if total >= budget:
            break
    return tuple(taken)


def _files() -> Iterator[Path]:
    """Always in the same order, so that a failure can be repeated."""
    for folder, folders, names in os.walk(os.path.dirname(os.__file__)):
        folders[:] = sorted(set(folders) - {"site-packages", "dist-packages"})
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file():
                yield path


def _message(name: str, body: bytes, chunk: int) -> Message:
    if not chunk or (chunk < 1000 and len(body) > SMALL_CHUNK_LIMIT):
        chunk = max(len(body), 1)
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    digest = hashlib.sha256(body).hexdigest().encode()
    return [name.encode(), digest, b"%d" % len(body), *pieces, b""]


def verify(parts: Sequence[bytes]) -> int:
    """Check a received file against its own digest; returns its size."""
    name, digest, size, *pieces = parts
    body = b"".join(pieces)
    assert len(body) == int(size), name
    assert hashlib.sha256(body).hexdigest().encode() == digest, name
    return len(body)


def digest(sequence: Sequence[Message]) -> str:
    """One SHA-256 over messages, their order, and where each frame ends."""
    total = hashlib.sha256()
    for parts in sequence:
        total.update(b"%d|" % len(parts))
        for part in parts:
            total.update(b"%d|" % len(part))
            total.update(part)
    return total.hexdigest()


@dataclass
class Ledger:
    """What was moved: rows are a pair over a transport, columns are patterns."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def enter(self, row: str, pattern: str, received: Sequence[Message]) -> None:
        """Note a transfer whose digests were equal."""
        size = sum(len(part) for parts in received for part in parts)
        cell = f"{len(received)}/{size / 1e6:.1f}="
        self.rows.setdefault(row, {})[pattern] = cell

    def table(self) -> list[str]:
        """Lines of text."""
        patterns = list(dict.fromkeys(p for row in self.rows.values() for p in row))
        widths = [max(len(pattern), 10) for pattern in patterns]
        lines = [_line("", patterns, widths)]
        for name, row in sorted(self.rows.items()):
            cells = [row.get(pattern, "-") for pattern in patterns]
            lines.append(_line(name, cells, widths))
        return lines


def _line(first: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.rjust(width) for cell, width in zip(cells, widths))
    return f"{first:24}" + "  ".join(padded)
