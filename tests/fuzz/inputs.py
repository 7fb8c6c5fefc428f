"""Inputs of the fuzzers: a line of hexadecimal digits each, in `corpus`."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def load(name: str) -> list[bytes]:
    """All of one fuzzer's."""
    return [bytes.fromhex(line) for line in (CORPUS / name).read_text().split()]


def unpack(name: str, folder: Path) -> None:
    """As files, which fuzzers want."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(load(name)):
        (folder / f"seed{number:04}").write_bytes(data)


def pack(folder: Path, name: str) -> None:
    """Files, small ones first."""
    found = sorted((path.read_bytes() for path in folder.iterdir()), key=_order)
    (CORPUS / name).write_text("".join(f"{data.hex()}\n" for data in found if data))


def _order(data: bytes) -> tuple[int, bytes]:
    return len(data), data
