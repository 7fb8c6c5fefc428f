"""The command line: ``pymq bench`` and ``python -m bench``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Mapping, Sequence, Union

from . import record as records
from .missing import Missing
from .peers import PEERS, describe
from .plots import draw
from .progress import Progress
from .report import report, summary
from .rows import WORKLOADS, Row, table
from .run import Measuring, Settings

DESCRIPTION = """\
Measure pymq beside its rivals: every peer in turn, in processes of its own, and
compare within each round.  What is not installed is named and left out.
"""
EPILOG = """\
Examples:
    pymq bench --quick
    pymq bench --rows 'throughput/tcp/64/*' --peers pymq,pyzmq,libzmq
    pymq bench --report docs/performance.md
    pymq bench --from-json docs/performance.json --plots /tmp/plots
"""


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        "pymq bench",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--quick", action="store_true", help="3 rounds of the most telling rows")
    add("--rows", action="append", metavar="GLOB", help="only these; may be repeated")
    add("--peers", metavar="A,B", help="only these")
    add("--rounds", type=int, metavar="N", help="rounds after the warm-up (5)")
    add("--seconds", type=float, metavar="S", help="for a measurement (0.3)")
    add("--limit", type=float, metavar="S", help="for a worker that hangs (15)")
    add("--python", action="append", default=[], metavar="PATH", help=PYTHON)
    add("--json", type=Path, metavar="FILE", help="write all that was measured")
    add("--report", type=Path, metavar="FILE", help=REPORT)
    add("--plots", type=Path, metavar="DIR", help="draw PNG and SVG")
    add("--from-json", type=Path, metavar="FILE", help="measure nothing: read FILE")
    add("--under", default="", metavar="COMMAND", help=UNDER)
    add("--side", default="", help="the side for --under, if it is another")
    add("--list", action="store_true", help="name the rows and their peers, and end")
    return made


PYTHON = "an interpreter to look at before those on PATH and in pyenv"
UNDER = "a profiler to run the side that measures with; see README.md of bench"
REPORT = "write Markdown; the JSON beside it and the plots below it, unless given"


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments ask; the exit code."""
    given = parser().parse_args(arguments)
    try:
        rows = chosen(given)
        if given.list:
            for row in rows:
                print(row.name, *row.peers)
            return 0
        prepare(given)
        if given.from_json:
            found = records.load(given.from_json)
        else:
            found = run(rows, settings(given), spelled(arguments))
        write(found, given)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        print(f"pymq bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def spelled(arguments: Sequence[str]) -> str:
    """The command, as it is repeated."""
    return shlex.join(["pymq", "bench", *arguments])


def settings(given: argparse.Namespace) -> Settings:
    """How much to measure."""
    made = Settings(rounds=3, seconds=0.2) if given.quick else Settings()
    made.rounds = given.rounds or made.rounds
    made.seconds = given.seconds or made.seconds
    made.limit = given.limit or made.limit
    made.pythons = tuple(given.python)
    made.under, made.side = tuple(shlex.split(given.under)), given.side
    return made


def chosen(given: argparse.Namespace) -> list[Row]:
    """The rows that were asked for, with their peers.  ValueError if there are none."""
    wanted = given.peers.split(",") if given.peers else list(PEERS)
    unknown = set(wanted) - set(PEERS)
    if unknown:
        raise ValueError(f"no peer {sorted(unknown)}; there are {list(PEERS)}")
    rows = [row for row in table() if fits(row, given)]
    rows = [row for row in rows if set(row.peers) & set(wanted)]
    if not rows:
        raise ValueError("no such row: pymq bench --list names them")
    return [row.only(wanted) for row in rows]


def fits(row: Row, given: argparse.Namespace) -> bool:
    """Whether a row is wanted."""
    if given.rows:
        return any(fnmatchcase(row.name, pattern) for pattern in given.rows)
    return row.quick or not given.quick


def run(rows: list[Row], settings: Settings, command: str) -> records.Record:
    """Measure; the record."""
    names = {peer for row in rows for peer in row.peers}
    peers = {
        name: describe(peer, settings.pythons)
        for name, peer in PEERS.items()
        if name in names
    }
    found = records.begun(command, settings, peers)
    minutes = estimate(rows, settings) / 60
    load = found["machine"].get("load at the start", "not known")
    print(f"{len(rows)} rows, about {minutes:.0f} minutes; load average: {load}")
    missing = {
        name: str(about["missing"])
        for name, about in peers.items()
        if about.get("missing")
    }
    for name, reason in missing.items():
        print(f"without {name}: {reason}")
    found["took_s"] = fill(found, rows, settings, missing)
    return found


def fill(
    record: records.Record,
    rows: list[Row],
    settings: Settings,
    missing: Mapping[str, str],
) -> float:
    """Measure all rows into the record; the seconds that took.  Ctrl-C keeps what is
    done."""
    progress = Progress(sum(measurements(row, settings) for row in rows))
    try:
        for row in rows:
            outcomes = Measuring(row, settings, missing).run(progress.step)
            records.add(record, row, outcomes)
            progress.say(summary(row.name, record["rows"][row.name]["peers"]))
    except KeyboardInterrupt:
        progress.say(["interrupted: what was measured is kept"])
    return round(progress.end(), 1)


def measurements(row: Row, settings: Settings) -> int:
    """How often peers are measured, warm-up included."""
    return len(row.peers) * (1 + min(settings.rounds, row.rounds))


def estimate(rows: list[Row], settings: Settings) -> float:
    """Seconds that a run takes, roughly."""
    return sum(
        measurements(row, settings) * (settings.seconds + WORKLOADS[row.workload].extra)
        for row in rows
    )


def prepare(given: argparse.Namespace) -> None:
    """Name all files, and open them once: a run is too long to find out at its end
    that they cannot be written.  Raises OSError."""
    if given.report:
        given.json = given.json or given.report.with_suffix(".json")
        given.plots = given.plots or given.report.with_suffix("")
    for path in (given.report, given.json):
        if path and not given.from_json:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("a").close()
    if given.plots:
        given.plots.mkdir(parents=True, exist_ok=True)


def write(record: records.Record, given: argparse.Namespace) -> None:
    """The files that were asked for; without any, the report goes to stdout."""
    if given.json and not given.from_json:
        records.save(record, given.json)
    pictures = pictured(record, given.plots)
    if given.report:
        start = given.report.parent
        shown = [os.path.relpath(path.with_suffix(".svg"), start) for path in pictures]
        given.report.write_text(report(record, shown), encoding="utf-8")
    elif not given.json and not given.plots:
        print(report(record))


def pictured(record: records.Record, folder: Union[Path, None]) -> list[Path]:
    """The plots, if there are to be any and there can be."""
    if folder is None:
        return []
    try:
        return draw(record, folder)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return []
