"""``pymq demo``: runs `pymq.demo` and shows what comes of it, with rich or without."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Union

from pymq import demo

from . import exits
from .info import native_fault

COLUMNS = ("from", "to", "over", "messages", "bytes", "MB/s", "messages/s", "digest")
LIMIT = 24.0  # megabytes


def run(root: Union[Path, None], limit: float) -> int:
    """Run all transfers and print a table; the exit code.

    `root` is a folder or a file, None for Python's own library; `limit` is in
    megabytes.
    """
    root = root or Path(sysconfig.get_paths()["stdlib"])
    files = demo.choose(root, limit)
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files):,} files, {size / 1e6:.1f} MB, from {root}", flush=True)
    names, missing = demo.implementations()
    for name, reason in missing.items():
        why = native_fault() if name == "native" else reason
        print(f"without {name}: {why}", flush=True)
    rows: list[demo.Row] = []
    try:
        _show(_kept(demo.matrix(root, files, names), rows))
    finally:
        moved = sum(row.report.bytes for row in rows if row.report)
        equal = sum(row.verdict == "equal" for row in rows)
        wanted = len(demo.transfers(names))
        print(f"{equal} of {wanted} transfers equal, {moved / 1e6:,.1f} MB moved")
    return exits.OK if equal == wanted else exits.ERROR


def main(arguments: list[str]) -> int:
    """The command line for when there is no typer."""
    parser = argparse.ArgumentParser("pymq demo", description=demo.__doc__)
    parser.add_argument("path", nargs="?", type=Path, help="a folder or a file")
    parser.add_argument("--limit", type=float, default=LIMIT, help="megabytes")
    given = parser.parse_args(arguments)
    try:
        return run(given.path, given.limit)
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _kept(rows: Iterable[demo.Row], kept: list[demo.Row]) -> Iterable[demo.Row]:
    for row in rows:
        kept.append(row)
        yield row


def _show(rows: Iterable[demo.Row]) -> None:
    if find_spec("rich"):
        _show_rich(rows)
    else:
        _show_plain(rows)


def _show_plain(rows: Iterable[demo.Row]) -> None:
    layout = "{:<7} {:<7} {:<7} {:>8} {:>12} {:>6} {:>10}  {}"
    print(layout.format(*COLUMNS))
    for row in rows:
        print(layout.format(*cells(row)), flush=True)


def _show_rich(rows: Iterable[demo.Row]) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in COLUMNS:
        right = name not in ("from", "to", "over", "digest")
        table.add_column(name, justify="right" if right else "left")
    console = Console()
    # Off a terminal rich assumes 80 columns and would cut the table.
    console.width = max(console.width, 90) if not console.is_terminal else console.width
    with Live(table, console=console, vertical_overflow="visible"):
        for row in rows:
            style = "green" if row.verdict == "equal" else "red"
            *values, verdict = cells(row)
            table.add_row(*values, Text(verdict, style))
    if not console.is_terminal:
        print()  # `Live` leaves out the last newline there


def cells(row: demo.Row) -> list[str]:
    """A row of the table."""
    ends = [row.sender, row.receiver, row.transport]
    if row.report is None:
        return [*ends, "", "", "", "", row.verdict]
    seconds = max(row.report.seconds, 1e-6)
    return [
        *ends,
        f"{row.report.messages:,}",
        f"{row.report.bytes:,}",
        f"{row.report.bytes / seconds / 1e6:,.0f}",
        f"{row.report.messages / seconds:,.0f}",
        row.verdict,
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
